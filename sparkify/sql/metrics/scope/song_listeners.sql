-- How many listen, in the period, to the songs that may stand on its chart, or on that of
-- the songs without a match: those with as many plays as the last on it, or more.
-- grain: one row per such song
create temp table song_listeners as
with

numbered as (
    select
        plays,
        matched_plays,
        row_number() over (order by plays desc) as place,
        row_number() over (
            partition by case when matched_plays = 0 then 0 else 1 end
            order by plays desc
        ) as place_of_kind
    from song_counts
),

least as (
    select
        coalesce(min(case when place <= :depth then plays end), 0) as plays,
        coalesce(
            min(case when place_of_kind <= :depth and matched_plays = 0 then plays end), 0
        ) as unmatched_plays
    from numbered
),

contenders as (
    select song_counts.song_key
    from song_counts
    cross join least
    where
        song_counts.plays >= least.plays
        or (song_counts.matched_plays = 0 and song_counts.plays >= least.unmatched_plays)
),

heard as (
    select
        songplays.song_key,
        songplays.user_id
    from analytics.songplays
    inner join contenders
        on songplays.song_key = contenders.song_key
    left join chosen_users
        on songplays.user_id = chosen_users.user_id
    left join chosen_places
        on coalesce(songplays.location, '') = chosen_places.location
    left join chosen_user_agents
        on coalesce(songplays.user_agent, '') = chosen_user_agents.user_agent
    where
        songplays.start_time >= :period_start
        and songplays.start_time < :period_end
        and (:level = '' or songplays.level = :level)
        and (:gender = '' or chosen_users.user_id is not null)
        and (:state = '' or chosen_places.location is not null)
        and (:platform = '' or chosen_user_agents.user_agent is not null)
    group by
        songplays.song_key,
        songplays.user_id
)

select
    song_key,
    count(user_id) as listeners
from heard
group by song_key;
