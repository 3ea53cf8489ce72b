-- How many take each step to a subscription, and out of it?
-- Upgrade: users with an event on level free; those who then looked at Upgrade on level
-- free; who submitted within 7 days of the first look; who were seen paid afterwards.
-- Downgrade and cancellation: who looked at the page, and who of them submitted it then.
-- Steps count users in the period, not clicks. The filter on level does not apply.
-- grain: one row per funnel and step
-- kind: exact
-- column: funnel text upgrade, downgrade or cancellation.
-- column: step integer Number of the step, from 1.
-- column: what text What the users did.
-- column: users integer Users who came as far.
with

views as (
    select
        page_views.user_id,
        page_views.page,
        page_views.level,
        page_views.viewed_at
    from analytics.page_views
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
        page_views.viewed_at >= :period_start
        and page_views.viewed_at < :period_end
        and page_views.page in (
            'Upgrade',
            'Submit Upgrade',
            'Downgrade',
            'Submit Downgrade',
            'Cancel',
            'Cancellation Confirmation'
        )
        and (:gender = '' or chosen_users.user_id is not null)
        and (:state = '' or chosen_places.location is not null)
        and (:platform = '' or chosen_user_agents.user_agent is not null)
),

looked as (
    select
        user_id,
        min(viewed_at) as looked_at
    from views
    where
        page = 'Upgrade'
        and level = 'free'
    group by user_id
),

submitted as (
    select
        views.user_id,
        min(views.viewed_at) as submitted_at
    from views
    inner join looked
        on views.user_id = looked.user_id
    where
        views.page = 'Submit Upgrade'
        and views.viewed_at >= looked.looked_at
        and views.viewed_at < looked.looked_at + interval '7 days'
    group by views.user_id
),

paid as (
    select distinct submitted.user_id
    from submitted
    inner join analytics.user_levels
        on submitted.user_id = user_levels.user_id
    where
        user_levels.level = 'paid'
        and user_levels.valid_from < :period_end
        and (
            user_levels.valid_to is null
            or user_levels.valid_to > submitted.submitted_at
        )
),

leaving as (
    select
        user_id,
        min(case when page = 'Downgrade' then viewed_at end) as saw_downgrade_at,
        max(case when page = 'Submit Downgrade' then viewed_at end) as downgraded_at,
        min(case when page = 'Cancel' then viewed_at end) as saw_cancel_at,
        max(case when page = 'Cancellation Confirmation' then viewed_at end)
            as cancelled_at
    from views
    group by user_id
),

steps as (
    select
        'upgrade' as funnel,
        1 as step,
        'on level free' as what,
        count(*) as users
    from free_users
    where period_number = 0
    union all
    select
        'upgrade' as funnel,
        2 as step,
        'looked at Upgrade' as what,
        count(*) as users
    from looked
    union all
    select
        'upgrade' as funnel,
        3 as step,
        'submitted within 7 days' as what,
        count(*) as users
    from submitted
    union all
    select
        'upgrade' as funnel,
        4 as step,
        'seen paid afterwards' as what,
        count(*) as users
    from paid
    union all
    select
        'downgrade' as funnel,
        1 as step,
        'looked at Downgrade' as what,
        count(saw_downgrade_at) as users
    from leaving
    union all
    select
        'downgrade' as funnel,
        2 as step,
        'submitted afterwards' as what,
        count(case when downgraded_at >= saw_downgrade_at then 1 end) as users
    from leaving
    union all
    select
        'cancellation' as funnel,
        1 as step,
        'looked at Cancel' as what,
        count(saw_cancel_at) as users
    from leaving
    union all
    select
        'cancellation' as funnel,
        2 as step,
        'confirmed afterwards' as what,
        count(case when cancelled_at >= saw_cancel_at then 1 end) as users
    from leaving
)

select
    funnel,
    step,
    what,
    users
from steps
order by
    funnel desc,
    step;
