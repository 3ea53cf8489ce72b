-- The calendar of the data in the asked time zone, days without a play included.
-- Periods are counted back from the asked one, which is 0; the one before it is 1.
-- A day that is complete is whole, but for the first of the data, unless that begins in
-- its first hour.
-- grain: one row per day
create temp table days as
with

distinct_days as (
    select
        day,
        min(hour) as first_hour
    from hours
    group by day
),

begun as (
    select min(day) as first_day
    from hours
)

select
    distinct_days.day,
    cast(mod(cast(extract(dow from distinct_days.day) as integer) + 6, 7) as integer)
        as weekday,
    distinct_days.day - cast(mod(distinct_days.day - :week_anchor, 7) as integer)
        as week_start,
    cast(
        floor((:last_day - distinct_days.day) / cast(:period_days as double precision))
        as integer
    ) as period_number,
    case when distinct_days.day <= :complete_through then 1 else 0 end as is_complete,
    case
        when distinct_days.day > :complete_through then 0
        when distinct_days.day = begun.first_day and distinct_days.first_hour > 0 then 0
        else 1
    end as is_whole
from distinct_days
cross join begun;
