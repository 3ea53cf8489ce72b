-- The sessions of users of which this load settles an event.
-- grain: one row per session and user
create temp table touched_sessions as
select distinct
    session_id,
    user_id
from settled_events
where user_id is not null;
