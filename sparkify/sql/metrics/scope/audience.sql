-- Where, and with what, the asked users played in the period.
-- grain: one row per user, place and user agent
create temp table audience as
select
    user_hours.user_id,
    numbered_places.place_number,
    numbered_user_agents.user_agent_number,
    sum(user_hours.plays) as plays
from analytics.user_hours
left join numbered_places
    on user_hours.location = numbered_places.location
left join numbered_user_agents
    on user_hours.user_agent = numbered_user_agents.user_agent
left join chosen_users
    on user_hours.user_id = chosen_users.user_id
    and :gender <> ''
where
    user_hours.hour_start >= :period_start
    and user_hours.hour_start < :period_end
    and (:level = '' or user_hours.level = :level)
    and (:gender = '' or chosen_users.user_id is not null)
    and (:state = '' or coalesce(numbered_places.state, 'unknown') = :state)
    and (
        :platform = ''
        or coalesce(numbered_user_agents.platform, 'unknown') = :platform
    )
group by
    user_hours.user_id,
    numbered_places.place_number,
    numbered_user_agents.user_agent_number;
