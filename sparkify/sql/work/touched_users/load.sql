-- The users of whom this load settles an event, and what of their events is looked for
-- again and again.
-- grain: one row per user; is_contested is 1 where the star may hold other deliveries
create temp table touched_users as
select
    user_id,
    min(happened_at) as first_event_at,
    max(happened_at) as last_event_at,
    min(coalesce(level, '')) as least_level,
    max(coalesce(level, '')) as greatest_level,
    max(is_contested) as is_contested
from settled_events
where user_id is not null
group by user_id;
