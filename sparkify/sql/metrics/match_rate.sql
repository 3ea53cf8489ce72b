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
    where
        start_time >= :period_start
        and start_time < :period_end
        and
        (:level = '' or songplays.level = :level)
        and (:gender = '' or songplays.user_id in (select user_id from chosen_users))
        and (
            :state = ''
            or coalesce(songplays.location, '') in (select location from chosen_places)
        )
        and (
            :platform = ''
            or coalesce(songplays.user_agent, '') in (
                select user_agent
                from chosen_user_agents
            )
        )
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
