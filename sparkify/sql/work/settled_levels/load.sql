-- The level of each user this load touches over time: from the events it settles, and
-- from the periods known before unless they are read again. Most users never change,
-- and are not looked at event by event.
-- grain: one row per user and period of a level
create temp table settled_levels as
with

moments as (
    select
        cast(user_id as bigint) as user_id,
        coalesce(level, '') as level,
        ts,
        session_id,
        item_in_session,
        is_contested
    from settled_events
    where user_id <> ''
),

seen as (
    select
        user_id,
        min(level) as least_level,
        max(level) as greatest_level,
        min(ts) as first_ts,
        max(is_contested) as is_reread
    from moments
    group by user_id
),

known as (
    select
        user_levels.user_id,
        coalesce(user_levels.level, '') as level,
        user_levels.valid_from
    from analytics.user_levels
    inner join seen
        on user_levels.user_id = seen.user_id
    where seen.is_reread = 0
),

spans as (
    select
        user_id,
        least_level,
        greatest_level,
        timestamp '1970-01-01 00:00:00'
        + (first_ts / 1000.0) * interval '1 second' as valid_from
    from seen
    union all
    select
        user_id,
        level as least_level,
        level as greatest_level,
        valid_from
    from known
),

histories as (
    select
        user_id,
        min(least_level) as least_level,
        max(greatest_level) as greatest_level,
        min(valid_from) as valid_from
    from spans
    group by user_id
),

changing as (
    select user_id
    from histories
    where least_level <> greatest_level
),

points as (
    select
        moments.user_id,
        moments.level,
        timestamp '1970-01-01 00:00:00'
        + (moments.ts / 1000.0) * interval '1 second' as happened_at,
        moments.session_id,
        moments.item_in_session
    from moments
    inner join changing
        on moments.user_id = changing.user_id
    union all
    select
        known.user_id,
        known.level,
        known.valid_from as happened_at,
        -1 as session_id,
        -1 as item_in_session
    from known
    inner join changing
        on known.user_id = changing.user_id
),

followed as (
    select
        user_id,
        level,
        happened_at,
        lead(happened_at) over (
            partition by user_id
            order by happened_at, session_id, item_in_session
        ) as next_at
    from points
),

-- of the events of one moment the last one counts
compared as (
    select
        user_id,
        level,
        happened_at,
        lag(level) over (
            partition by user_id order by happened_at
        ) as previous_level
    from followed
    where
        next_at is null
        or happened_at < next_at
),

starts as (
    select
        user_id,
        level,
        happened_at as valid_from
    from compared
    where
        previous_level is null
        or level <> previous_level
    union all
    select
        user_id,
        least_level as level,
        valid_from
    from histories
    where least_level = greatest_level
)

select
    user_id,
    nullif(level, '') as level,
    valid_from,
    lead(valid_from) over (
        partition by user_id order by valid_from
    ) as valid_to
from starts;
