-- How much is listened, and by how many?
-- The period beside the one before it, of as many days. Hours are those of the songs at
-- their full length; heard hours estimate that a song ends at the next play, logout or
-- cancellation, by sessions, which belong to the day they start on. New listeners have
-- their first play, in the whole data, in the period.
-- grain: one row per period: the asked one, and the one before
-- kind: exact
-- column: period text current or previous.
-- column: first_day date First day.
-- column: last_day date Last day.
-- column: is_covered boolean Whether the data covers all days of the period.
-- column: plays integer Plays.
-- column: listeners integer Users with a play.
-- column: plays_per_listener number Plays by listener.
-- column: hours number Hours of the songs played, at their full length.
-- column: heard_hours number Hours listened; an estimate.
-- column: sessions integer Sessions that start in the period.
-- column: listening_sessions integer Those of them with a play.
-- column: songs_per_session number Plays by listening session.
-- column: mean_dau number Users active on a complete day, on average.
-- column: new_listeners integer Users first seen in the period.
with

periods as (
    select
        'current' as period,
        0 as period_number,
        :first_day as first_day,
        :last_day as last_day
    union all
    select
        'previous' as period,
        1 as period_number,
        :previous_first_day as first_day,
        :first_day - 1 as last_day
),

known_days as (
    select
        periods.period_number,
        count(days.day) as days,
        sum(days.is_complete) as complete_days,
        sum(days.is_whole) as whole_days
    from periods
    inner join days
        on periods.period_number = days.period_number
    group by periods.period_number
),

-- a listener counts by the last day with a play in the period
listened as (
    select
        periods.period_number,
        sum(
            case
                when listening.next_day <= periods.last_day then 0
                else listening.users
            end
        ) as listeners,
        sum(case when days.is_complete = 1 then listening.users end) as user_days,
        sum(case when listening.day = listening.first_day then listening.users end)
            as new_listeners
    from listening
    inner join days
        on listening.day = days.day
    inner join periods
        on days.period_number = periods.period_number
    group by periods.period_number
),

played as (
    select
        days.period_number,
        sum(hour_totals.plays) as plays,
        sum(hour_totals.length_ms) as length_ms
    from hour_totals
    inner join days
        on hour_totals.day = days.day
    group by days.period_number
),

visited as (
    select
        case when sessions.started_at < :period_start then 1 else 0 end as period_number,
        count(*) as sessions,
        sum(case when sessions.plays > 0 then 1 else 0 end) as listening_sessions,
        sum(sessions.plays) as plays,
        sum(sessions.heard_ms) as heard_ms
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
        sessions.started_at >= :previous_start
        and sessions.started_at < :period_end
        and (:level = '' or sessions.level = :level)
        and (:gender = '' or chosen_users.user_id is not null)
        and (:state = '' or chosen_places.location is not null)
        and (:platform = '' or chosen_user_agents.user_agent is not null)
    group by case when sessions.started_at < :period_start then 1 else 0 end
)

select
    periods.period,
    periods.first_day,
    periods.last_day,
    case when known_days.whole_days = :period_days then 1 else 0 end as is_covered,
    coalesce(played.plays, 0) as plays,
    coalesce(listened.listeners, 0) as listeners,
    cast(played.plays as double precision) / nullif(listened.listeners, 0)
        as plays_per_listener,
    coalesce(played.length_ms, 0) / 3600000.0 as hours,
    coalesce(visited.heard_ms, 0) / 3600000.0 as heard_hours,
    coalesce(visited.sessions, 0) as sessions,
    coalesce(visited.listening_sessions, 0) as listening_sessions,
    cast(visited.plays as double precision) / nullif(visited.listening_sessions, 0)
        as songs_per_session,
    cast(coalesce(listened.user_days, 0) as double precision)
    / nullif(known_days.complete_days, 0) as mean_dau,
    coalesce(listened.new_listeners, 0) as new_listeners
from periods
left join known_days
    on periods.period_number = known_days.period_number
left join listened
    on periods.period_number = listened.period_number
left join played
    on periods.period_number = played.period_number
left join visited
    on periods.period_number = visited.period_number
order by periods.period;
