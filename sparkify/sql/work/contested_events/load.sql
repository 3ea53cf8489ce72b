-- The events that need their deliveries weighed against each other: those of this load
-- that were delivered more than once, and, where such deliveries differ, every event
-- of the same user, since the user's latest event may have become another one.
-- grain: one row per event; is_reread is 1 for the events of such users
create temp table contested_events as
with

-- numbers first: cheap, and few places of a session are delivered twice
repeated_places as (
    select
        session_id,
        item_in_session
    from staging.events
    where load_id between :first_load_id and :last_load_id
    group by
        session_id,
        item_in_session
    having count(*) > 1
),

repeated_now as (
    select
        events.session_id,
        events.item_in_session,
        coalesce(events.user_id, '') as user_id
    from staging.events
    inner join repeated_places
        on events.session_id = repeated_places.session_id
        and events.item_in_session = repeated_places.item_in_session
    where events.load_id between :first_load_id and :last_load_id
    group by
        events.session_id,
        events.item_in_session,
        coalesce(events.user_id, '')
    having count(*) > 1
),

delivered_before as (
    select distinct
        earlier.session_id,
        earlier.item_in_session,
        coalesce(earlier.user_id, '') as user_id
    from staging.events
    inner join staging.events as earlier
        on events.session_id = earlier.session_id
        and events.item_in_session = earlier.item_in_session
    where
        events.load_id between :first_load_id and :last_load_id
        and earlier.load_id < :first_load_id
        and coalesce(events.user_id, '') = coalesce(earlier.user_id, '')
),

repeated as (
    select
        session_id,
        item_in_session,
        user_id
    from repeated_now
    union
    select
        session_id,
        item_in_session,
        user_id
    from delivered_before
),

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
    inner join repeated
        on events.session_id = repeated.session_id
        and events.item_in_session = repeated.item_in_session
        and coalesce(events.user_id, '') = repeated.user_id
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
    from repeated
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
