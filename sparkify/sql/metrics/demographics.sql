-- Which demographics are the most active?
-- Listeners of the period by gender and by their level now, which may differ from that
-- of their plays. The activity index is plays by listener of the group as a percentage
-- of plays by listener overall. Groups of fewer listeners than LEAST_GROUP are left
-- out, and the next one with them where all of these are so few: else the whole would
-- tell of them.
-- grain: one row per gender and level
-- kind: exact
-- column: gender text F, M or unknown.
-- column: level text free, paid or unknown: that of the latest event.
-- column: listeners integer Users with a play.
-- column: plays integer Their plays.
-- column: share number Part of all plays with a user.
-- column: plays_per_listener number Mean plays.
-- column: median_plays number Median plays.
-- column: activity_index number 100 is as active as listeners are overall.
with

per_user as (
    select
        user_id,
        sum(plays) as plays
    from audience
    where user_id is not null
    group by user_id
),

per_group as (
    select
        coalesce(users.gender, 'unknown') as gender,
        coalesce(users.level, 'unknown') as level,
        count(*) as listeners,
        sum(per_user.plays) as plays,
        percentile_cont(0.5) within group (order by per_user.plays) as median_plays
    from per_user
    inner join analytics.users
        on per_user.user_id = users.user_id
    group by
        coalesce(users.gender, 'unknown'),
        coalesce(users.level, 'unknown')
),

-- from the smallest group on: how many listeners are in it and those before
ranked as (
    select
        gender,
        level,
        listeners,
        plays,
        median_plays,
        sum(listeners) over (
            order by listeners, plays, gender, level
            rows between unbounded preceding and current row
        ) - listeners as smaller_listeners
    from per_group
),

overall as (
    select
        sum(plays) as plays,
        cast(sum(plays) as double precision) / nullif(sum(listeners), 0)
            as plays_per_listener
    from per_group
)

select
    ranked.gender,
    ranked.level,
    ranked.listeners,
    ranked.plays,
    cast(ranked.plays as double precision) / overall.plays as share,
    cast(ranked.plays as double precision) / ranked.listeners as plays_per_listener,
    ranked.median_plays,
    cast(100 * ranked.plays as double precision) / ranked.listeners
    / cast(overall.plays_per_listener as double precision) as activity_index
from ranked
cross join overall
where
    ranked.listeners >= :least_group
    and (
        ranked.smaller_listeners = 0
        or ranked.smaller_listeners >= :least_group
    )
order by
    ranked.plays desc,
    ranked.gender,
    ranked.level;
