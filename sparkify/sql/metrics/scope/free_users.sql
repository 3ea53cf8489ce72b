-- Who had an event on level free that passes the other filters, in the period (number 0)
-- and in the one before it (1).
-- grain: one row per period and user
create temp table free_users as
select
    case when page_views.viewed_at < :period_start then 1 else 0 end as period_number,
    page_views.user_id
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
    page_views.viewed_at >= :previous_start
    and page_views.viewed_at < :period_end
    and page_views.level = 'free'
    and (:gender = '' or chosen_users.user_id is not null)
    and (:state = '' or chosen_places.location is not null)
    and (:platform = '' or chosen_user_agents.user_agent is not null)
union
select
    case when user_hours.hour_start < :period_start then 1 else 0 end as period_number,
    user_hours.user_id
from analytics.user_hours
left join chosen_users
    on user_hours.user_id = chosen_users.user_id
    and :gender <> ''
left join chosen_places
    on coalesce(user_hours.location, '') = chosen_places.location
    and :state <> ''
left join chosen_user_agents
    on coalesce(user_hours.user_agent, '') = chosen_user_agents.user_agent
    and :platform <> ''
where
    user_hours.user_id is not null
    and user_hours.level = 'free'
    and user_hours.hour_start >= :previous_start
    and user_hours.hour_start < :period_end
    and (:gender = '' or chosen_users.user_id is not null)
    and (:state = '' or chosen_places.location is not null)
    and (:platform = '' or chosen_user_agents.user_agent is not null);
