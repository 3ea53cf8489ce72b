-- The level of each user this load touches over time: from the events it settles, and
-- from the periods known before unless they are read again. Most users never change,
-- and are not looked at event by event.
-- grain: one row per user and period of a level
create temp table settled_levels as
with

known as (
    select
        user_levels.user_id,
        coalesce(user_levels.level, '') as level,
        user_levels.valid_from
    from analytics.user_levels
    inner join touched_users
        on user_levels.user_id = touched_users.user_id
    where touched_users.is_contested = 0
),

spans as (
    select
        user_id,
        least_level,
        greatest_level,
        first_event_at as valid_from
    from touched_users
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
        settled_events.user_id,
        coalesce(settled_events.level, '') as level,
        settled_events.happened_at,
        settled_events.session_id,
        settled_events.item_in_session
    from settled_events
    inner join changing
        on settled_events.user_id = changing.user_id
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
