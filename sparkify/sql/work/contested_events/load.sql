-- The events that need their deliveries weighed against each other: those of this load
-- that were delivered more than once, and, where such deliveries differ, every event
-- of the same user, since the user's latest event may have become another one. The same
-- holds for a late event whose level differs from the one known for that time.
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

reread_users as (
    select user_id
    from conflicts
    where user_id <> ''
    union
    select events.user_id
    from staging.events
    inner join analytics.user_levels
        on cast(nullif(events.user_id, '') as bigint) = user_levels.user_id
        and coalesce(events.level, '') <> coalesce(user_levels.level, '')
    inner join analytics.users
        on user_levels.user_id = users.user_id
    where
        events.load_id between :first_load_id and :last_load_id
        and timestamp '1970-01-01 00:00:00'
        + (events.ts / 1000.0) * interval '1 second' >= user_levels.valid_from
        and timestamp '1970-01-01 00:00:00'
        + (events.ts / 1000.0) * interval '1 second' <= users.last_event_at
        and (
            user_levels.valid_to is null
            or timestamp '1970-01-01 00:00:00'
            + (events.ts / 1000.0) * interval '1 second' < user_levels.valid_to
        )
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
    inner join reread_users
        on events.user_id = reread_users.user_id
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
