-- How often each song was played in the period. Two selects, of which one has rows: to
-- count everybody takes no joins, and reads fewer columns of the largest table.
-- grain: one row per song
create temp table song_counts as
with

plays as (
    select
        song_key,
        song_id
    from analytics.songplays
    where
        (:gender = '' and :state = '' and :platform = '')
        and song_key is not null
        and start_time >= :period_start
        and start_time < :period_end
        and (:level = '' or songplays.level = :level)
    union all
    select
        songplays.song_key,
        songplays.song_id
    from analytics.songplays
    left join chosen_users
        on songplays.user_id = chosen_users.user_id
    left join chosen_places
        on coalesce(songplays.location, '') = chosen_places.location
    left join chosen_user_agents
        on coalesce(songplays.user_agent, '') = chosen_user_agents.user_agent
    where
        (:gender <> '' or :state <> '' or :platform <> '')
        and songplays.song_key is not null
        and songplays.start_time >= :period_start
        and songplays.start_time < :period_end
        and (:level = '' or songplays.level = :level)
        and (:gender = '' or chosen_users.user_id is not null)
        and (:state = '' or chosen_places.location is not null)
        and (:platform = '' or chosen_user_agents.user_agent is not null)
)

select
    song_key,
    count(*) as plays,
    count(song_id) as matched_plays
from plays
group by song_key;
