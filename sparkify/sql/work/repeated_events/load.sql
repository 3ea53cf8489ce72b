-- The events of this load that were delivered more than once, by this load or earlier.
-- grain: one row per event
create temp table repeated_events as
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
)

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
from delivered_before;
