-- Who starts to pay, and who stops?
-- An upgrade is a change of a user's level from free to paid between two events in a
-- row, a downgrade the reverse; it happens with the first event on the new level. A
-- cancellation is a user who confirms one, and is gone unless a session begins later. Conversion is
-- the part of the users with an event on level free who upgrade. Churn is the part of the
-- users paid when the period begins who downgrade or cancel in it. With a filter on state
-- or platform, changes count of the users who were seen there, or with it, by the end of
-- the period. The filter on level does not apply.
-- grain: one row per period: the asked one, and the one before
-- kind: exact
-- column: period text current or previous.
-- column: upgrades integer Changes from free to paid.
-- column: downgrades integer Changes from paid to free.
-- column: cancellations integer Users who cancelled.
-- column: submitted_upgrades integer Events Submit Upgrade; as many as upgrades in sound data.
-- column: submitted_downgrades integer Events Submit Downgrade.
-- column: free_users integer Users with an event on level free.
-- column: paid_at_start integer Users who are paid when the period begins.
-- column: conversion number Part of the free users who upgrade.
-- column: churn number Part of the users paid at the start who leave.
with

periods as (
    select
        'current' as period,
        0 as period_number,
        :period_start as starts_at,
        :period_end as ends_at
    union all
    select
        'previous' as period,
        1 as period_number,
        :previous_start as starts_at,
        :period_start as ends_at
),

asked_users as (
    select distinct sessions.user_id
    from analytics.sessions
    left join chosen_users
        on sessions.user_id = chosen_users.user_id
        and :gender <> ''
    left join chosen_places
        on coalesce(sessions.location, '') = chosen_places.location
        and :state <> ''
    left join chosen_user_agents
        on coalesce(sessions.user_agent, '') = chosen_user_agents.user_agent
        and :platform <> ''
    where
        sessions.started_at < :period_end
        and (:gender = '' or chosen_users.user_id is not null)
        and (:state = '' or chosen_places.location is not null)
        and (:platform = '' or chosen_user_agents.user_agent is not null)
),

levels as (
    select
        user_levels.user_id,
        user_levels.level,
        user_levels.valid_from,
        lag(user_levels.level) over (
            partition by user_levels.user_id
            order by user_levels.valid_from
        ) as previous_level,
        lead(user_levels.valid_from) over (
            partition by user_levels.user_id
            order by user_levels.valid_from
        ) as next_from
    from analytics.user_levels
    inner join asked_users
        on user_levels.user_id = asked_users.user_id
    where user_levels.level is not null
),

changes as (
    select
        periods.period_number,
        levels.user_id,
        levels.level
    from levels
    inner join periods
        on levels.valid_from >= periods.starts_at
        and levels.valid_from < periods.ends_at
    where levels.previous_level <> levels.level
),

changed as (
    select
        changes.period_number,
        sum(case when changes.level = 'paid' then 1 else 0 end) as upgrades,
        sum(case when changes.level = 'free' then 1 else 0 end) as downgrades,
        count(
            distinct case when changes.level = 'paid' then free_users.user_id end
        ) as converted_users
    from changes
    left join free_users
        on changes.user_id = free_users.user_id
        and changes.period_number = free_users.period_number
    group by changes.period_number
),

free_counts as (
    select
        period_number,
        count(*) as users
    from free_users
    group by period_number
),

views as (
    select
        periods.period_number,
        page_views.user_id,
        page_views.page
    from analytics.page_views
    inner join periods
        on page_views.viewed_at >= periods.starts_at
        and page_views.viewed_at < periods.ends_at
    inner join asked_users
        on page_views.user_id = asked_users.user_id
    where
        page_views.page in (
            'Cancellation Confirmation',
            'Submit Upgrade',
            'Submit Downgrade'
        )
),

viewed as (
    select
        period_number,
        count(distinct case when page = 'Cancellation Confirmation' then user_id end)
            as cancellations,
        sum(case when page = 'Submit Upgrade' then 1 else 0 end) as submitted_upgrades,
        sum(case when page = 'Submit Downgrade' then 1 else 0 end)
            as submitted_downgrades
    from views
    group by period_number
),

cancelled as (
    select
        periods.period_number,
        periods.starts_at,
        page_views.user_id,
        max(page_views.viewed_at) as cancelled_at
    from analytics.page_views
    inner join periods
        on page_views.viewed_at < periods.starts_at
    where page_views.page = 'Cancellation Confirmation'
    group by
        periods.period_number,
        periods.starts_at,
        page_views.user_id
),

returned as (
    select distinct
        cancelled.period_number,
        cancelled.user_id
    from cancelled
    inner join analytics.sessions
        on cancelled.user_id = sessions.user_id
        and sessions.started_at > cancelled.cancelled_at
        and sessions.started_at < cancelled.starts_at
),

payers as (
    select distinct
        periods.period_number,
        levels.user_id
    from levels
    inner join periods
        on levels.valid_from < periods.starts_at
        and (levels.next_from is null or levels.next_from >= periods.starts_at)
    left join cancelled
        on levels.user_id = cancelled.user_id
        and periods.period_number = cancelled.period_number
    left join returned
        on levels.user_id = returned.user_id
        and periods.period_number = returned.period_number
    where
        levels.level = 'paid'
        and (cancelled.user_id is null or returned.user_id is not null)
),

left_paid as (
    select
        period_number,
        user_id
    from changes
    where level = 'free'
    union
    select
        period_number,
        user_id
    from views
    where page = 'Cancellation Confirmation'
),

payer_counts as (
    select
        payers.period_number,
        count(*) as users,
        count(left_paid.user_id) as leavers
    from payers
    left join left_paid
        on payers.user_id = left_paid.user_id
        and payers.period_number = left_paid.period_number
    group by payers.period_number
)

select
    periods.period,
    coalesce(changed.upgrades, 0) as upgrades,
    coalesce(changed.downgrades, 0) as downgrades,
    coalesce(viewed.cancellations, 0) as cancellations,
    coalesce(viewed.submitted_upgrades, 0) as submitted_upgrades,
    coalesce(viewed.submitted_downgrades, 0) as submitted_downgrades,
    coalesce(free_counts.users, 0) as free_users,
    coalesce(payer_counts.users, 0) as paid_at_start,
    cast(coalesce(changed.converted_users, 0) as double precision) / free_counts.users
        as conversion,
    cast(payer_counts.leavers as double precision) / payer_counts.users as churn
from periods
left join changed
    on periods.period_number = changed.period_number
left join free_counts
    on periods.period_number = free_counts.period_number
left join viewed
    on periods.period_number = viewed.period_number
left join payer_counts
    on periods.period_number = payer_counts.period_number
order by periods.period;
