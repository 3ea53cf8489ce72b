-- The sessions this load touches, measured again from their plays and page views.
delete from analytics.sessions
using touched_sessions
where
    sessions.session_id = touched_sessions.session_id
    and sessions.user_id = touched_sessions.user_id;

insert into analytics.sessions (
    session_id,
    user_id,
    started_at,
    level,
    location,
    user_agent,
    events,
    plays,
    qualified_plays,
    duration_ms,
    length_ms,
    heard_ms
)
with

session_events as (
    select
        songplays.session_id,
        songplays.user_id,
        songplays.item_in_session,
        songplays.start_time as happened_at,
        'NextSong' as page,
        songplays.level,
        songplays.location,
        songplays.user_agent,
        songplays.length_ms
    from analytics.songplays
    inner join touched_sessions
        on songplays.session_id = touched_sessions.session_id
        and songplays.user_id = touched_sessions.user_id
    union all
    select
        page_views.session_id,
        page_views.user_id,
        page_views.item_in_session,
        page_views.viewed_at as happened_at,
        page_views.page,
        page_views.level,
        page_views.location,
        page_views.user_agent,
        cast(null as bigint) as length_ms
    from analytics.page_views
    inner join touched_sessions
        on page_views.session_id = touched_sessions.session_id
        and page_views.user_id = touched_sessions.user_id
),

-- milliseconds since 1970: the part of a second is 3189 or 189, as the engine has it
timed as (
    select
        session_id,
        user_id,
        item_in_session,
        happened_at,
        page,
        level,
        location,
        user_agent,
        length_ms,
        cast(floor(extract(epoch from happened_at)) as bigint) * 1000
        + mod(cast(floor(extract(milliseconds from happened_at)) as bigint), 1000) as ts,
        row_number() over (
            partition by session_id, user_id
            order by happened_at, item_in_session
        ) as place
    from session_events
),

measured as (
    select
        session_id,
        user_id,
        count(*) as events,
        min(happened_at) as started_at,
        max(ts + coalesce(length_ms, 0)) - min(ts) as duration_ms
    from timed
    group by
        session_id,
        user_id
),

followed as (
    select
        session_id,
        user_id,
        page,
        length_ms,
        lead(ts) over (
            partition by session_id, user_id
            order by ts, item_in_session
        ) - ts as until_next_ms
    from timed
    where page in ('NextSong', 'Logout', 'Cancellation Confirmation')
),

listened as (
    select
        session_id,
        user_id,
        count(*) as plays,
        sum(case when coalesce(until_next_ms, length_ms) >= 30000 then 1 else 0 end)
            as qualified_plays,
        sum(coalesce(length_ms, 0)) as length_ms,
        sum(coalesce(least(length_ms, coalesce(until_next_ms, length_ms)), 0)) as heard_ms
    from followed
    where page = 'NextSong'
    group by
        session_id,
        user_id
)

select
    timed.session_id,
    timed.user_id,
    measured.started_at,
    timed.level,
    timed.location,
    timed.user_agent,
    measured.events,
    coalesce(listened.plays, 0) as plays,
    coalesce(listened.qualified_plays, 0) as qualified_plays,
    measured.duration_ms,
    coalesce(listened.length_ms, 0) as length_ms,
    coalesce(listened.heard_ms, 0) as heard_ms
from timed
inner join measured
    on timed.session_id = measured.session_id
    and timed.user_id = measured.user_id
left join listened
    on timed.session_id = listened.session_id
    and timed.user_id = listened.user_id
where timed.place = 1;
