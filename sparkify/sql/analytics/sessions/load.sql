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
        case
            when page in ('NextSong', 'Logout', 'Cancellation Confirmation') then 1
            else 0
        end as ends_play
    from session_events
),

followed as (
    select
        session_id,
        user_id,
        happened_at,
        page,
        level,
        location,
        user_agent,
        length_ms,
        ts,
        row_number() over (
            partition by session_id, user_id
            order by ts, item_in_session
        ) as place,
        lead(ts) over (
            partition by session_id, user_id, ends_play
            order by ts, item_in_session
        ) - ts as until_next_ms
    from timed
)

select
    session_id,
    user_id,
    min(happened_at) as started_at,
    max(case when place = 1 then level end) as level,
    max(case when place = 1 then location end) as location,
    max(case when place = 1 then user_agent end) as user_agent,
    count(*) as events,
    sum(case when page = 'NextSong' then 1 else 0 end) as plays,
    sum(
        case
            when page = 'NextSong' and coalesce(until_next_ms, length_ms) >= 30000 then 1
            else 0
        end
    ) as qualified_plays,
    max(ts + coalesce(length_ms, 0)) - min(ts) as duration_ms,
    sum(case when page = 'NextSong' then coalesce(length_ms, 0) else 0 end) as length_ms,
    sum(
        case
            when page = 'NextSong' and length_ms is not null
                then least(length_ms, coalesce(until_next_ms, length_ms))
            else 0
        end
    ) as heard_ms
from followed
group by
    session_id,
    user_id;
