-- The hours in which a user has a play that this load settles, or had one that it
-- weighs again. user_key is the user, 0 for plays without one.
-- grain: one row per user and hour
create temp table touched_hours as
select
    coalesce(user_id, 0) as user_key,
    date_trunc('hour', happened_at) as hour_start
from settled_events
where page = 'NextSong'
union
select
    coalesce(user_id, 0) as user_key,
    date_trunc('hour', start_time) as hour_start
from replaced_plays;
