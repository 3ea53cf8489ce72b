-- The start times of the plays this load settles; those that no play has any more,
-- since it was corrected, leave.
delete from analytics.time
using replaced_plays
where
    time.start_time = replaced_plays.start_time
    and not exists (
        select 1
        from analytics.songplays
        where songplays.start_time = time.start_time
    );

insert into analytics.time (
    start_time,
    hour,
    day,
    week,
    month,
    year,
    weekday,
    week_start
)
with

start_times as (
    select distinct happened_at as start_time
    from settled_events
    where page = 'NextSong'
),

-- found once an hour, and not for each of its start times
hours as (
    select
        hour_start,
        cast(extract(hour from hour_start) as integer) as hour,
        cast(extract(day from hour_start) as integer) as day,
        cast(extract(week from hour_start) as integer) as week,
        cast(extract(month from hour_start) as integer) as month,
        cast(extract(year from hour_start) as integer) as year,
        cast(extract(dow from hour_start) as integer) as weekday,
        cast(date_trunc('week', hour_start) as date) as week_start
    from touched_hours
    group by hour_start
)

select
    start_times.start_time,
    hours.hour,
    hours.day,
    hours.week,
    hours.month,
    hours.year,
    hours.weekday,
    hours.week_start
from start_times
inner join hours
    on date_trunc('hour', start_times.start_time) = hours.hour_start
left join analytics.time
    on start_times.start_time = time.start_time
where time.start_time is null;
