-- How many events of this load add nothing, and how many contradict another delivery.
-- grain: one row per load
create temp table tally as
with

repeated as (
    select count(*) as deliveries
    from staging.events
    inner join contested_events
        on events.session_id = contested_events.session_id
        and events.item_in_session = contested_events.item_in_session
        and coalesce(events.user_id, '') = contested_events.user_id
    where events.load_id between :first_load_id and :last_load_id
),

brought as (
    select count(*) as contents
    from contested_contents
    where first_load_id >= :first_load_id
),

contradicted as (
    select
        session_id,
        item_in_session,
        user_id
    from contested_contents
    group by
        session_id,
        item_in_session,
        user_id
    having
        count(*) > 1
        and max(first_load_id) >= :first_load_id
),

conflicting as (
    select count(*) as events
    from contradicted
)

select
    repeated.deliveries - brought.contents as repeats,
    conflicting.events as conflicts
from repeated
cross join brought
cross join conflicting;
