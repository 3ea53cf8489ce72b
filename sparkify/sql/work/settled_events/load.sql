-- The events this load settles, each by its winning delivery. Equal deliveries count
-- once. Among differing ones the higher revision wins, then the greatest ts, then the
-- columns in table order: never the order of arrival. Numbers stand first: PostgreSQL
-- takes a row apart as far as it has to.
-- grain: one row per event; is_contested is 1 where the star may hold another delivery
create temp table settled_events as
with

single as (
    select
        events.session_id,
        events.item_in_session,
        0 as is_contested,
        -- PostgreSQL divides doubles far quicker than decimals
        timestamp '1970-01-01 00:00:00'
        + (cast(events.ts as double precision) / 1000.0)
        * interval '1 second' as happened_at,
        cast(nullif(events.user_id, '') as bigint) as user_id,
        events.page,
        events.length,
        events.registration,
        events.level,
        events.song,
        events.artist,
        events.location,
        events.user_agent,
        events.first_name,
        events.last_name,
        events.gender
    from staging.events
    left join contested_events
        on events.session_id = contested_events.session_id
        and events.item_in_session = contested_events.item_in_session
        and coalesce(events.user_id, '') = contested_events.user_id
    where
        events.load_id between :first_load_id and :last_load_id
        and contested_events.session_id is null
),

ranked as (
    select
        artist,
        first_name,
        gender,
        item_in_session,
        last_name,
        length,
        level,
        location,
        page,
        registration,
        session_id,
        song,
        ts,
        user_agent,
        user_id,
        is_reread,
        count(*) over (
            partition by session_id, item_in_session, user_id
        ) as contents,
        min(first_load_id) over (
            partition by session_id, item_in_session, user_id
        ) as first_load_id,
        row_number() over (
            partition by session_id, item_in_session, user_id
            order by
                revision desc,
                ts desc,
                case when artist is null then 1 else 0 end,
                artist,
                case when auth is null then 1 else 0 end,
                auth,
                case when first_name is null then 1 else 0 end,
                first_name,
                case when gender is null then 1 else 0 end,
                gender,
                case when last_name is null then 1 else 0 end,
                last_name,
                case when length is null then 1 else 0 end,
                length,
                case when level is null then 1 else 0 end,
                level,
                case when location is null then 1 else 0 end,
                location,
                case when method is null then 1 else 0 end,
                method,
                case when page is null then 1 else 0 end,
                page,
                case when registration is null then 1 else 0 end,
                registration,
                case when song is null then 1 else 0 end,
                song,
                case when status is null then 1 else 0 end,
                status,
                case when user_agent is null then 1 else 0 end,
                user_agent
        ) as place
    from contested_contents
),

winners as (
    select
        session_id,
        item_in_session,
        case when first_load_id < :first_load_id then 1 else 0 end as is_contested,
        timestamp '1970-01-01 00:00:00'
        + (cast(ts as double precision) / 1000.0) * interval '1 second' as happened_at,
        cast(nullif(user_id, '') as bigint) as user_id,
        page,
        length,
        registration,
        level,
        song,
        artist,
        location,
        user_agent,
        first_name,
        last_name,
        gender
    from ranked
    where
        place = 1
        -- an equal delivery of what the star has settles nothing
        and (contents > 1 or is_reread = 1 or first_load_id >= :first_load_id)
)

select
    session_id,
    item_in_session,
    is_contested,
    happened_at,
    user_id,
    page,
    length,
    registration,
    level,
    song,
    artist,
    location,
    user_agent,
    first_name,
    last_name,
    gender
from single
union all
select
    session_id,
    item_in_session,
    is_contested,
    happened_at,
    user_id,
    page,
    length,
    registration,
    level,
    song,
    artist,
    location,
    user_agent,
    first_name,
    last_name,
    gender
from winners;
