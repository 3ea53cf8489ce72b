-- check: user_levels_key_is_unique
-- severity: error
-- A period of a user's level has one row.
select
    user_levels.user_id,
    user_levels.valid_from,
    count(*) as rows_found
from analytics.user_levels
inner join touched_users
    on user_levels.user_id = touched_users.user_id
group by
    user_levels.user_id,
    user_levels.valid_from
having count(*) > 1;

-- check: user_levels_end_with_the_users
-- severity: error
-- A user has one period that is not over, with the level of analytics.users.
with

latest as (
    select
        touched_users.user_id,
        count(user_levels.user_id) as periods,
        max(user_levels.level) as level
    from touched_users
    left join analytics.user_levels
        on touched_users.user_id = user_levels.user_id
        and user_levels.valid_to is null
    group by touched_users.user_id
)

select
    users.user_id,
    users.level,
    latest.level as level_of_period,
    latest.periods
from analytics.users
inner join latest
    on users.user_id = latest.user_id
where
    latest.periods <> 1
    or coalesce(users.level, '') <> coalesce(latest.level, '');

-- check: user_levels_follow_each_other
-- severity: error
-- scope: warehouse
-- A period ends where the next one, of another level, begins.
with

followed as (
    select
        user_id,
        coalesce(level, '') as level,
        valid_from,
        valid_to,
        lead(valid_from) over (
            partition by user_id order by valid_from, level
        ) as next_from,
        lead(coalesce(level, '')) over (
            partition by user_id order by valid_from, level
        ) as next_level
    from analytics.user_levels
)

select
    user_id,
    level,
    valid_from,
    valid_to,
    next_from
from followed
where
    level = next_level
    or (valid_to is null and next_from is not null)
    or (valid_to is not null and next_from is null)
    or valid_to <> next_from;

-- check: user_levels_are_those_of_events
-- severity: error
-- scope: warehouse
-- A user's latest event of a moment has the level of the period, and the first such
-- event is where it begins.
with

moments as (
    select
        user_id,
        nullif(level, '') as level,
        happened_at,
        row_number() over (
            partition by user_id, happened_at
            order by session_id desc, item_in_session desc
        ) as place
    from settled_events
    where user_id is not null
),

found as (
    select
        user_levels.user_id,
        user_levels.level,
        user_levels.valid_from,
        min(moments.happened_at) as first_at,
        sum(
            case
                when coalesce(moments.level, '') <> coalesce(user_levels.level, '') then 1
                else 0
            end
        ) as contradictions
    from analytics.user_levels
    left join moments
        on user_levels.user_id = moments.user_id
        and user_levels.valid_from <= moments.happened_at
        and (user_levels.valid_to is null or moments.happened_at < user_levels.valid_to)
        and moments.place = 1
    group by
        user_levels.user_id,
        user_levels.level,
        user_levels.valid_from
)

select
    user_id,
    level,
    valid_from,
    first_at,
    contradictions
from found
where
    first_at is null
    or first_at <> valid_from
    or contradictions > 0;
