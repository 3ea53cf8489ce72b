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
)

select
    start_times.start_time,
    extract(hour from start_times.start_time) as hour,
    extract(day from start_times.start_time) as day,
    extract(week from start_times.start_time) as week,
    extract(month from start_times.start_time) as month,
    extract(year from start_times.start_time) as year,
    extract(dow from start_times.start_time) as weekday,
    cast(date_trunc('week', start_times.start_time) as date) as week_start
from start_times
left join analytics.time
    on start_times.start_time = time.start_time
where time.start_time is null;
