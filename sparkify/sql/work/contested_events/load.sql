-- The events that need their deliveries weighed against each other: those of this load
-- that were delivered more than once, and, where such deliveries differ, every event
-- of the same user, since the user's latest event may have become another one.
-- grain: one row per event; is_reread is 1 for the events of such users
create temp table contested_events as
with

contents as (
    select distinct
        events.artist,
        events.auth,
        events.first_name,
        events.gender,
        events.item_in_session,
        events.last_name,
        events.length,
        events.level,
        events.location,
        events.method,
        events.page,
        events.registration,
        events.session_id,
        events.song,
        events.status,
        events.ts,
        events.user_agent,
        coalesce(events.user_id, '') as user_id
    from staging.events
    inner join repeated_events
        on events.session_id = repeated_events.session_id
        and events.item_in_session = repeated_events.item_in_session
        and coalesce(events.user_id, '') = repeated_events.user_id
),

conflicts as (
    select
        session_id,
        item_in_session,
        user_id
    from contents
    group by
        session_id,
        item_in_session,
        user_id
    having count(*) > 1
),

corrected_users as (
    select distinct user_id
    from conflicts
    where user_id <> ''
),

candidates as (
    select
        session_id,
        item_in_session,
        user_id,
        0 as is_reread
    from repeated_events
    union all
    select
        events.session_id,
        events.item_in_session,
        events.user_id,
        1 as is_reread
    from staging.events
    inner join corrected_users
        on events.user_id = corrected_users.user_id
)

select
    session_id,
    item_in_session,
    user_id,
    max(is_reread) as is_reread
from candidates
group by
    session_id,
    item_in_session,
    user_id;
