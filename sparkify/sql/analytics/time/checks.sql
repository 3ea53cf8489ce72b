-- check: time_key_is_unique
-- severity: error
-- A start time has one row.
with

-- counted first: what is joined before it is counted takes DuckDB far more memory
repeated as (
    select
        start_time,
        count(*) as rows_found
    from analytics.time
    where
        start_time >= (select min(hour_start) as first_hour from touched_hours)
        and start_time
        < (select max(hour_start) + interval '1 hour' as last_hour from touched_hours)
    group by start_time
    having count(*) > 1
)

select
    repeated.start_time,
    repeated.rows_found
from repeated
where exists (
    select 1
    from touched_hours
    where touched_hours.hour_start = date_trunc('hour', repeated.start_time)
);

-- check: times_have_a_play
-- severity: error
-- A start time is that of a play.
select time.start_time
from analytics.time
inner join replaced_plays
    on time.start_time = replaced_plays.start_time
left join analytics.songplays
    on time.start_time = songplays.start_time
where songplays.start_time is null;

-- check: every_time_has_a_play
-- severity: error
-- scope: warehouse
-- A start time is that of a play, whichever load brought it.
select time.start_time
from analytics.time
left join analytics.songplays
    on time.start_time = songplays.start_time
where songplays.start_time is null;
