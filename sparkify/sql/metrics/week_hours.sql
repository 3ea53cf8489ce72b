-- At what time of the week do people listen?
-- Plays by weekday and hour of the asked time zone. Where the period is no whole number
-- of weeks, a weekday may stand in it more often than another: compare plays_per_day.
-- grain: one row per weekday and hour of the period
-- kind: exact
-- column: weekday integer Day of the week, 0 (Monday) to 6 (Sunday).
-- column: hour integer Hour of the day, 0 to 23.
-- column: plays integer Plays.
-- column: days integer Such weekdays in the period whose hour the data reaches.
-- column: plays_per_day number Plays by such a weekday.
with

cells as (
    select
        days.weekday,
        hours.hour,
        count(distinct hours.day) as days
    from hours
    inner join days
        on hours.day = days.day
    where days.day between :first_day and :last_day
    group by
        days.weekday,
        hours.hour
),

played as (
    select
        days.weekday,
        hour_totals.hour,
        sum(hour_totals.plays) as plays
    from hour_totals
    inner join days
        on hour_totals.day = days.day
    where days.day between :first_day and :last_day
    group by
        days.weekday,
        hour_totals.hour
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
