-- How much of the listening does the catalogue know?
-- Plays of the period by how they found their song. It measures the catalogue, not the
-- listeners.
-- grain: one row per way to find a song, and one for plays without
-- kind: exact
-- column: method text How song_id was found, or none.
-- column: finds_song boolean Whether plays have a song by it; artist finds that alone.
-- column: plays integer Plays.
-- column: share number Part of all plays.
with

counted as (
    select
        match_method,
        count(*) as plays
    from analytics.songplays
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
        start_time >= :period_start
        and start_time < :period_end
        and (:level = '' or songplays.level = :level)
        and (:gender = '' or chosen_users.user_id is not null)
        and (:state = '' or chosen_places.location is not null)
        and (:platform = '' or chosen_user_agents.user_agent is not null)
    group by match_method
),

overall as (
    select sum(plays) as plays
    from counted
)

select
    coalesce(counted.match_method, 'none') as method,
    case when coalesce(counted.match_method, 'artist') = 'artist' then 0 else 1 end
        as finds_song,
    counted.plays,
    cast(counted.plays as double precision) / overall.plays as share
from counted
cross join overall
order by
    counted.plays desc,
    method;
