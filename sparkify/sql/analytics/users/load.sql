-- Each user this load touches, as in the user's latest event, nulls included. Users
-- are compared by time of event, so that files may arrive in any order; a user whose
-- events were corrected is replaced whatever the time.
create temp table touched_users as
with

logged_in as (
    select
        cast(user_id as bigint) as user_id,
        user_id as delivered_user_id,
        nullif(first_name, '') as first_name,
        nullif(last_name, '') as last_name,
        nullif(gender, '') as gender,
        nullif(level, '') as level,
        registration,
        ts,
        session_id,
        item_in_session,
        is_contested
    from settled_events
    where user_id <> ''
),

latest as (
    select
        user_id,
        max(ts) as ts,
        max(is_contested) as is_corrected
    from logged_in
    group by user_id
),

ranked as (
    select
        logged_in.user_id,
        logged_in.first_name,
        logged_in.last_name,
        logged_in.gender,
        logged_in.level,
        logged_in.registration,
        logged_in.ts,
        logged_in.session_id,
        logged_in.item_in_session,
        latest.is_corrected,
        row_number() over (
            partition by logged_in.user_id
            order by
                logged_in.session_id desc,
                logged_in.item_in_session desc,
                logged_in.delivered_user_id desc
        ) as place
    from logged_in
    inner join latest
        on logged_in.user_id = latest.user_id
        and logged_in.ts = latest.ts
)

select
    user_id,
    first_name,
    last_name,
    gender,
    level,
    timestamp '1970-01-01 00:00:00'
    + (floor(registration) / 1000.0) * interval '1 second' as registered_at,
    timestamp '1970-01-01 00:00:00'
    + (ts / 1000.0) * interval '1 second' as last_event_at,
    session_id as last_session_id,
    item_in_session as last_item_in_session,
    is_corrected
from ranked
where place = 1;

delete from analytics.users
using touched_users
where
    users.user_id = touched_users.user_id
    and (
        touched_users.is_corrected = 1
        or users.last_event_at < touched_users.last_event_at
        or (
            users.last_event_at = touched_users.last_event_at
            and (
                users.last_session_id < touched_users.last_session_id
                or (
                    users.last_session_id = touched_users.last_session_id
                    and users.last_item_in_session < touched_users.last_item_in_session
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
    touched_users.user_id,
    touched_users.first_name,
    touched_users.last_name,
    touched_users.gender,
    touched_users.level,
    touched_users.registered_at,
    touched_users.last_event_at,
    touched_users.last_session_id,
    touched_users.last_item_in_session
from touched_users
left join analytics.users
    on touched_users.user_id = users.user_id
where users.user_id is null;
