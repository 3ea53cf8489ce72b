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
        1 as is_play,
        1 as ends_play,
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
        0 as is_play,
        case
            when page_views.page in ('Logout', 'Cancellation Confirmation') then 1
            else 0
        end as ends_play,
        cast(null as bigint) as length_ms
    from analytics.page_views
    inner join touched_sessions
        on page_views.session_id = touched_sessions.session_id
        and page_views.user_id = touched_sessions.user_id
),

-- Milliseconds since 1970, of days: in seconds EXTRACT would end in 2038 on Redshift. The
-- part of a second is 3189 or 189, as the engine has it.
timed as (
    select
        session_id,
        user_id,
        item_in_session,
        happened_at,
        is_play,
        ends_play,
        length_ms,
        cast(cast(happened_at as date) - date '1970-01-01' as bigint) * 86400000
        + cast(extract(hour from happened_at) as bigint) * 3600000
        + cast(extract(minute from happened_at) as bigint) * 60000
        + cast(floor(extract(second from happened_at)) as bigint) * 1000
        + mod(cast(floor(extract(milliseconds from happened_at)) as bigint), 1000) as ts
    from session_events
),

followed as (
    select
        session_id,
        user_id,
        happened_at,
        is_play,
        length_ms,
        ts,
        lead(ts) over (
            partition by session_id, user_id, ends_play
            order by ts, item_in_session
        ) - ts as until_next_ms
    from timed
),

measured as (
    select
        session_id,
        user_id,
        min(happened_at) as started_at,
        count(*) as events,
        sum(is_play) as plays,
        sum(
            case
                when is_play = 1 and coalesce(until_next_ms, length_ms) >= 30000 then 1
                else 0
            end
        ) as qualified_plays,
        max(ts + coalesce(length_ms, 0)) - min(ts) as duration_ms,
        sum(coalesce(length_ms, 0)) as length_ms,
        sum(
            case
                when length_ms is not null
                    then least(length_ms, coalesce(until_next_ms, length_ms))
                else 0
            end
        ) as heard_ms
    from followed
    group by
        session_id,
        user_id
),

-- texts are wide to sort, and asked of the first event alone
earliest as (
    select
        songplays.session_id,
        songplays.user_id,
        songplays.item_in_session,
        songplays.level,
        songplays.location,
        songplays.user_agent
    from analytics.songplays
    inner join measured
        on songplays.session_id = measured.session_id
        and songplays.user_id = measured.user_id
        and songplays.start_time = measured.started_at
    union all
    select
        page_views.session_id,
        page_views.user_id,
        page_views.item_in_session,
        page_views.level,
        page_views.location,
        page_views.user_agent
    from analytics.page_views
    inner join measured
        on page_views.session_id = measured.session_id
        and page_views.user_id = measured.user_id
        and page_views.viewed_at = measured.started_at
),

ranked as (
    select
        session_id,
        user_id,
        level,
        location,
        user_agent,
        row_number() over (
            partition by session_id, user_id order by item_in_session
        ) as place
    from earliest
)

select
    measured.session_id,
    measured.user_id,
    measured.started_at,
    ranked.level,
    ranked.location,
    ranked.user_agent,
    measured.events,
    measured.plays,
    measured.qualified_plays,
    measured.duration_ms,
    measured.length_ms,
    measured.heard_ms
from measured
inner join ranked
    on measured.session_id = ranked.session_id
    and measured.user_id = ranked.user_id
where ranked.place = 1;
