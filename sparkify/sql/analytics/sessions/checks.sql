-- check: sessions_key_is_unique
-- severity: error
-- A session of a user has one row.
select
    sessions.session_id,
    sessions.user_id,
    count(*) as rows_found
from analytics.sessions
inner join touched_sessions
    on sessions.session_id = touched_sessions.session_id
    and sessions.user_id = touched_sessions.user_id
group by
    sessions.session_id,
    sessions.user_id
having count(*) > 1;

-- check: sessions_are_complete
-- severity: error
-- A session is there for each that has an event of a user.
select
    touched_sessions.session_id,
    touched_sessions.user_id
from touched_sessions
left join analytics.sessions
    on touched_sessions.session_id = sessions.session_id
    and touched_sessions.user_id = sessions.user_id
where sessions.session_id is null;

-- check: sessions_add_up
-- severity: error
-- scope: warehouse
-- A session has as many events as plays and page views.
with

events as (
    select
        session_id,
        user_id
    from analytics.songplays
    where user_id is not null
    union all
    select
        session_id,
        user_id
    from analytics.page_views
),

counted as (
    select
        session_id,
        user_id,
        count(*) as events
    from events
    group by
        session_id,
        user_id
),

kept as (
    select
        session_id,
        user_id,
        events
    from analytics.sessions
),

differences as (
    select
        session_id,
        user_id,
        events
    from counted
    union all
    select
        session_id,
        user_id,
        -1 * events as events
    from kept
)

select
    session_id,
    user_id,
    sum(events) as missing
from differences
group by
    session_id,
    user_id
having sum(events) <> 0;
