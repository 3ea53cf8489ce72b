-- check: user_hours_key_is_unique
-- severity: error
-- What a user plays in an hour on one level, place and user agent has one row.
select
    user_hours.user_id,
    user_hours.hour_start,
    count(*) as rows_found
from analytics.user_hours
inner join touched_hours
    on coalesce(user_hours.user_id, 0) = touched_hours.user_key
    and user_hours.hour_start = touched_hours.hour_start
group by
    user_hours.user_id,
    user_hours.hour_start,
    user_hours.level,
    user_hours.location,
    user_hours.user_agent
having count(*) > 1;

-- check: user_hours_add_up
-- severity: error
-- scope: warehouse
-- The hours have as many plays, on each level, as there are.
with

counts as (
    select
        date_trunc('hour', start_time) as hour_start,
        user_id,
        level,
        1 as plays
    from analytics.songplays
    union all
    select
        hour_start,
        user_id,
        level,
        -1 * plays as plays
    from analytics.user_hours
)

select
    user_id,
    hour_start,
    level,
    sum(plays) as missing
from counts
group by
    user_id,
    hour_start,
    level
having sum(plays) <> 0;
