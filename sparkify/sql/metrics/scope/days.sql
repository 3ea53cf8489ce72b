-- The calendar of the data in the asked time zone, days without a play included.
-- Periods are counted back from the asked one, which is 0; the one before it is 1.
-- grain: one row per day
create temp table days as
with

distinct_days as (
    select distinct day
    from hours
)

select
    day,
    cast(mod(cast(extract(dow from day) as integer) + 6, 7) as integer) as weekday,
    day - cast(mod(day - :week_anchor, 7) as integer) as week_start,
    cast(
        floor((:last_day - day) / cast(:period_days as double precision)) as integer
    ) as period_number,
    case when day <= :complete_through then 1 else 0 end as is_complete
from distinct_days;
