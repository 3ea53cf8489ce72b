-- Who starts to pay, and who stops?
-- An upgrade is a change of a user's level from free to paid between two events in a
-- row, a downgrade the reverse; it happens with the first event on the new level. A
-- cancellation is a user who confirms one. Conversion is users with an upgrade by users
-- with an event on level free; churn is users with a downgrade or cancellation by users
-- who are paid when the period begins. The filter on level does not apply.
-- grain: one row per period: the asked one, and the one before
-- kind: exact
-- column: period text current or previous.
-- column: upgrades integer Changes from free to paid.
-- column: downgrades integer Changes from paid to free.
-- column: cancellations integer Users who cancelled.
-- column: submitted_upgrades integer Events Submit Upgrade; as many as upgrades in sound data.
-- column: submitted_downgrades integer Events Submit Downgrade.
-- column: free_users integer Users on level free at some time of the period.
-- column: paid_at_start integer Users who are paid when the period begins.
-- column: conversion number Users with an upgrade by free users.
-- column: churn number Users who left by users paid at the start.
with

periods as (
    select
        'current' as period,
        :period_start as starts_at,
        :period_end as ends_at
    union all
    select
        'previous' as period,
        :previous_start as starts_at,
        :period_start as ends_at
),

levels as (
    select
        user_levels.user_id,
        user_levels.level,
        user_levels.valid_from,
        user_levels.valid_to,
        lag(user_levels.level) over (
            partition by user_levels.user_id
            order by user_levels.valid_from
        ) as previous_level
    from analytics.user_levels
    left join chosen_users
        on user_levels.user_id = chosen_users.user_id
        and :gender <> ''
    where
        user_levels.level is not null
        and (:gender = '' or chosen_users.user_id is not null)
),

changed as (
    select
        periods.period,
        sum(
            case
                when
                    levels.valid_from >= periods.starts_at
                    and levels.previous_level = 'free'
                    and levels.level = 'paid'
                    then 1
                else 0
            end
        ) as upgrades,
        sum(
            case
                when
                    levels.valid_from >= periods.starts_at
                    and levels.previous_level = 'paid'
                    and levels.level = 'free'
                    then 1
                else 0
            end
        ) as downgrades,
        count(distinct case
            when
                levels.valid_from >= periods.starts_at
                and levels.previous_level = 'free'
                and levels.level = 'paid'
                then levels.user_id
        end) as upgraded_users,
        count(distinct case when levels.level = 'free' then levels.user_id end)
            as free_users,
        count(distinct case
            when
                levels.level = 'paid'
                and levels.valid_from < periods.starts_at
                then levels.user_id
        end) as paid_at_start
    from periods
    inner join levels
        on levels.valid_from < periods.ends_at
        and (levels.valid_to is null or levels.valid_to > periods.starts_at)
    group by periods.period
),

left_paid as (
    select
        periods.period,
        levels.user_id
    from periods
    inner join levels
        on levels.valid_from >= periods.starts_at
        and levels.valid_from < periods.ends_at
    where
        levels.previous_level = 'paid'
        and levels.level = 'free'
    union
    select
        periods.period,
        page_views.user_id
    from periods
    inner join analytics.page_views
        on page_views.viewed_at >= periods.starts_at
        and page_views.viewed_at < periods.ends_at
    left join chosen_users
        on page_views.user_id = chosen_users.user_id
        and :gender <> ''
    left join chosen_places
        on coalesce(page_views.location, '') = chosen_places.location
        and :state <> ''
    left join chosen_user_agents
        on coalesce(page_views.user_agent, '') = chosen_user_agents.user_agent
        and :platform <> ''
    where
        page_views.page = 'Cancellation Confirmation'
        and page_views.level = 'paid'
        and (:gender = '' or chosen_users.user_id is not null)
        and (:state = '' or chosen_places.location is not null)
        and (:platform = '' or chosen_user_agents.user_agent is not null)
),

leavers as (
    select
        period,
        count(distinct user_id) as users
    from left_paid
    group by period
),

viewed as (
    select
        periods.period,
        count(
            distinct case
                when page_views.page = 'Cancellation Confirmation'
                    then page_views.user_id
            end
        ) as cancellations,
        sum(case when page_views.page = 'Submit Upgrade' then 1 else 0 end)
            as submitted_upgrades,
        sum(case when page_views.page = 'Submit Downgrade' then 1 else 0 end)
            as submitted_downgrades
    from periods
    inner join analytics.page_views
        on page_views.viewed_at >= periods.starts_at
        and page_views.viewed_at < periods.ends_at
    left join chosen_users
        on page_views.user_id = chosen_users.user_id
        and :gender <> ''
    left join chosen_places
        on coalesce(page_views.location, '') = chosen_places.location
        and :state <> ''
    left join chosen_user_agents
        on coalesce(page_views.user_agent, '') = chosen_user_agents.user_agent
        and :platform <> ''
    where
        page_views.page in (
            'Cancellation Confirmation',
            'Submit Upgrade',
            'Submit Downgrade'
        )
        and (:gender = '' or chosen_users.user_id is not null)
        and (:state = '' or chosen_places.location is not null)
        and (:platform = '' or chosen_user_agents.user_agent is not null)
    group by periods.period
)

select
    periods.period,
    coalesce(changed.upgrades, 0) as upgrades,
    coalesce(changed.downgrades, 0) as downgrades,
    coalesce(viewed.cancellations, 0) as cancellations,
    coalesce(viewed.submitted_upgrades, 0) as submitted_upgrades,
    coalesce(viewed.submitted_downgrades, 0) as submitted_downgrades,
    coalesce(changed.free_users, 0) as free_users,
    coalesce(changed.paid_at_start, 0) as paid_at_start,
    cast(changed.upgraded_users as double precision) / nullif(changed.free_users, 0)
        as conversion,
    cast(coalesce(leavers.users, 0) as double precision)
    / nullif(changed.paid_at_start, 0) as churn
from periods
left join changed
    on periods.period = changed.period
left join leavers
    on periods.period = leavers.period
left join viewed
    on periods.period = viewed.period
order by periods.period;
