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
select
    songplays.user_id,
    touched_hours.hour_start,
    songplays.level,
    songplays.location,
    songplays.user_agent,
    count(*) as plays,
    sum(coalesce(songplays.length_ms, 0)) as length_ms,
    max(songplays.start_time) as last_play_at
from analytics.songplays
inner join touched_hours
    on coalesce(songplays.user_id, 0) = touched_hours.user_key
    and date_trunc('hour', songplays.start_time) = touched_hours.hour_start
where
    -- so that no more of the plays is read than lies around these hours
    songplays.start_time >= (select min(hour_start) as first_hour from touched_hours)
    and songplays.start_time
    < (select max(hour_start) + interval '1 hour' as last_hour from touched_hours)
group by
    songplays.user_id,
    touched_hours.hour_start,
    songplays.level,
    songplays.location,
    songplays.user_agent;
