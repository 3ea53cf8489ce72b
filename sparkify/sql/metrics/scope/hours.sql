-- The hours of the data, and what day and hour each is in the asked time zone. The
-- insert runs once for each stretch of time between two changes of the zone's clock.
-- grain: one row per hour, UTC
create temp table hours (
    hour_start timestamp not null,
    day date not null,
    hour integer not null
);

insert into hours (
    hour_start,
    day,
    hour
)
with

digits as (
    select 0 as digit
    union all
    select 1 as digit
    union all
    select 2 as digit
    union all
    select 3 as digit
    union all
    select 4 as digit
    union all
    select 5 as digit
    union all
    select 6 as digit
    union all
    select 7 as digit
    union all
    select 8 as digit
    union all
    select 9 as digit
),

numbers as (
    select
        ones.digit + 10 * tens.digit + 100 * hundreds.digit + 1000 * thousands.digit
            as number
    from digits as ones
    cross join digits as tens
    cross join digits as hundreds
    cross join digits as thousands
),

stretch as (
    select
        :stretch_start + number * interval '1 hour' as hour_start,
        :stretch_start + (number + :utc_offset) * interval '1 hour' as local_hour
    from numbers
    where number < :stretch_hours
)

select
    hour_start,
    cast(local_hour as date) as day,
    extract(hour from local_hour) as hour
from stretch;
