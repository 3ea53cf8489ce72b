-- How many listen, in the period, to the songs that may stand on its chart, or on that of
-- the songs without a match: those with as many plays as the last on it, or more.
-- grain: one row per such song
create temp table song_listeners as
with

tallied as (
    select
        plays,
        count(*) as songs,
        sum(case when matched_plays = 0 then 1 else 0 end) as unmatched_songs
    from song_counts
    group by plays
),

placed as (
    select
        plays,
        sum(songs) over (
            order by plays desc
            rows between unbounded preceding and current row
        ) - songs as songs_above,
        sum(unmatched_songs) over (
            order by plays desc
            rows between unbounded preceding and current row
        ) - unmatched_songs as unmatched_songs_above
    from tallied
),

least as (
    select
        min(case when songs_above < :depth then plays end) as plays,
        min(case when unmatched_songs_above < :depth then plays end) as unmatched_plays
    from placed
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
        and :gender <> ''
    left join chosen_places
        on coalesce(songplays.location, '') = chosen_places.location
        and :state <> ''
    left join chosen_user_agents
        on coalesce(songplays.user_agent, '') = chosen_user_agents.user_agent
        and :platform <> ''
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
