-- check: time_key_is_unique
-- severity: error
-- A start time has one row.
select
    time.start_time,
    count(*) as rows_found
from analytics.time
where exists (
    select 1
    from touched_plays
    where touched_plays.start_time = time.start_time
)
group by time.start_time
having count(*) > 1;

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
