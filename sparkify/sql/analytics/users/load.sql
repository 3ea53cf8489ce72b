-- Each user this load touches, as in the user's latest event, nulls included. Users
-- are compared by time of event, so that files may arrive in any order; a user whose
-- events were corrected is replaced whatever the time.
create temp table latest_users as
with

ranked as (
    select
        settled_events.user_id,
        settled_events.first_name,
        settled_events.last_name,
        settled_events.gender,
        settled_events.level,
        settled_events.registration,
        settled_events.happened_at,
        settled_events.session_id,
        settled_events.item_in_session,
        touched_users.is_contested,
        row_number() over (
            partition by settled_events.user_id
            order by
                settled_events.session_id desc,
                settled_events.item_in_session desc
        ) as place
    from settled_events
    inner join touched_users
        on settled_events.user_id = touched_users.user_id
        and settled_events.happened_at = touched_users.last_event_at
)

select
    user_id,
    nullif(first_name, '') as first_name,
    nullif(last_name, '') as last_name,
    nullif(gender, '') as gender,
    nullif(level, '') as level,
    timestamp '1970-01-01 00:00:00'
    + (floor(registration) / 1000.0) * interval '1 second' as registered_at,
    happened_at as last_event_at,
    session_id as last_session_id,
    item_in_session as last_item_in_session,
    is_contested
from ranked
where place = 1;

delete from analytics.users
using latest_users
where
    users.user_id = latest_users.user_id
    and (
        latest_users.is_contested = 1
        or users.last_event_at < latest_users.last_event_at
        or (
            users.last_event_at = latest_users.last_event_at
            and (
                users.last_session_id < latest_users.last_session_id
                or (
                    users.last_session_id = latest_users.last_session_id
                    and users.last_item_in_session < latest_users.last_item_in_session
                )
            )
        )
    );

insert into analytics.users (
    user_id,
    first_name,
    last_name,
    gender,
    level,
    registered_at,
    last_event_at,
    last_session_id,
    last_item_in_session
)
select
    latest_users.user_id,
    latest_users.first_name,
    latest_users.last_name,
    latest_users.gender,
    latest_users.level,
    latest_users.registered_at,
    latest_users.last_event_at,
    latest_users.last_session_id,
    latest_users.last_item_in_session
from latest_users
left join analytics.users
    on latest_users.user_id = users.user_id
where users.user_id is null;
