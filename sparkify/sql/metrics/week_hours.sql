-- At what time of the week do people listen?
-- Plays by weekday and hour of the asked time zone. Where the period is no whole number
-- of weeks, a weekday may stand in it more often than another: compare plays_per_day.
-- grain: one row per weekday and hour of the period
-- kind: exact
-- column: weekday integer Day of the week, 0 (Monday) to 6 (Sunday).
-- column: hour integer Hour of the day, 0 to 23.
-- column: plays integer Plays.
-- column: days integer Such weekdays in the period.
-- column: plays_per_day number Plays by such a weekday.
with

period_hours as (
    select
        hours.hour_start,
        hours.hour,
        days.weekday,
        days.day
    from hours
    inner join days
        on hours.day = days.day
    where days.day between :first_day and :last_day
),

cells as (
    select
        weekday,
        hour,
        count(distinct day) as days
    from period_hours
    group by
        weekday,
        hour
),

played as (
    select
        period_hours.weekday,
        period_hours.hour,
        sum(user_hours.plays) as plays
    from analytics.user_hours
    inner join period_hours
        on user_hours.hour_start = period_hours.hour_start
    left join chosen_users
        on user_hours.user_id = chosen_users.user_id
        and :gender <> ''
    left join chosen_places
        on coalesce(user_hours.location, '') = chosen_places.location
        and :state <> ''
    left join chosen_user_agents
        on coalesce(user_hours.user_agent, '') = chosen_user_agents.user_agent
        and :platform <> ''
    where
        (:level = '' or user_hours.level = :level)
        and (:gender = '' or chosen_users.user_id is not null)
        and (:state = '' or chosen_places.location is not null)
        and (:platform = '' or chosen_user_agents.user_agent is not null)
    group by
        period_hours.weekday,
        period_hours.hour
)

select
    cells.weekday,
    cells.hour,
    coalesce(played.plays, 0) as plays,
    cells.days,
    cast(coalesce(played.plays, 0) as double precision) / cells.days as plays_per_day
from cells
left join played
    on cells.weekday = played.weekday
    and cells.hour = played.hour
order by
    cells.weekday,
    cells.hour;
