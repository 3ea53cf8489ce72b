-- The hours this load touches, counted again from the plays.
delete from analytics.user_hours
using touched_hours
where
    coalesce(user_hours.user_id, 0) = touched_hours.user_key
    and user_hours.hour_start = touched_hours.hour_start;

insert into analytics.user_hours (
    user_id,
    hour_start,
    level,
    location,
    user_agent,
    plays,
    length_ms,
    last_play_at
)
with

-- all hours around those touched; what is joined before it is counted takes DuckDB five
-- times the memory
hours as (
    select
        user_id,
        date_trunc('hour', start_time) as hour_start,
        level,
        location,
        user_agent,
        count(*) as plays,
        sum(coalesce(length_ms, 0)) as length_ms,
        max(start_time) as last_play_at
    from analytics.songplays
    where
        start_time >= (select min(hour_start) as first_hour from touched_hours)
        and start_time
        < (select max(hour_start) + interval '1 hour' as last_hour from touched_hours)
    group by
        user_id,
        date_trunc('hour', start_time),
        level,
        location,
        user_agent
)

select
    hours.user_id,
    hours.hour_start,
    hours.level,
    hours.location,
    hours.user_agent,
    hours.plays,
    hours.length_ms,
    hours.last_play_at
from hours
inner join touched_hours
    on coalesce(hours.user_id, 0) = touched_hours.user_key
    and hours.hour_start = touched_hours.hour_start;
