-- How long do people stay?
-- A session is that of the log, of one user; it belongs to the day it starts on. Its
-- length runs from its first event to the last, or to the end of the last song. A
-- listening session has a play. A qualified play lasted 30 seconds or more, until the
-- next play, logout or cancellation.
-- grain: one row for the period
-- kind: approximate
-- column: sessions integer Sessions.
-- column: listening_sessions integer Sessions with a play.
-- column: songs_per_session number Plays by listening session.
-- column: mean_minutes number Mean length.
-- column: median_minutes number Median length.
-- column: mean_listening_minutes number Mean length of listening sessions.
-- column: plays integer Plays.
-- column: qualified_plays integer Plays that lasted 30 seconds or more.
-- column: hours number Hours of the songs played, at their full length.
-- column: heard_hours number Hours listened.
with

measured as (
    select
        sessions.plays,
        sessions.qualified_plays,
        sessions.length_ms,
        sessions.heard_ms,
        sessions.duration_ms / 60000.0 as minutes
    from analytics.sessions
    left join chosen_users
        on sessions.user_id = chosen_users.user_id
        and :gender <> ''
    left join chosen_places
        on coalesce(sessions.location, '') = chosen_places.location
        and :state <> ''
    left join chosen_user_agents
        on coalesce(sessions.user_agent, '') = chosen_user_agents.user_agent
        and :platform <> ''
    where
        sessions.started_at >= :period_start
        and sessions.started_at < :period_end
        and (:level = '' or sessions.level = :level)
        and (:gender = '' or chosen_users.user_id is not null)
        and (:state = '' or chosen_places.location is not null)
        and (:platform = '' or chosen_user_agents.user_agent is not null)
)

select
    count(*) as sessions,
    coalesce(sum(case when plays > 0 then 1 else 0 end), 0) as listening_sessions,
    cast(sum(plays) as double precision)
    / nullif(sum(case when plays > 0 then 1 else 0 end), 0) as songs_per_session,
    avg(minutes) as mean_minutes,
    percentile_cont(0.5) within group (order by minutes) as median_minutes,
    avg(case when plays > 0 then minutes end) as mean_listening_minutes,
    coalesce(sum(plays), 0) as plays,
    coalesce(sum(qualified_plays), 0) as qualified_plays,
    coalesce(sum(length_ms), 0) / 3600000.0 as hours,
    coalesce(sum(heard_ms), 0) / 3600000.0 as heard_hours
from measured;
