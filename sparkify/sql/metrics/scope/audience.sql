-- Where, and with what, the asked users played in the period.
-- grain: one row per user, location and user agent
create temp table audience as
select
    user_hours.user_id,
    user_hours.location,
    user_hours.user_agent,
    sum(user_hours.plays) as plays
from analytics.user_hours
inner join hours
    on user_hours.hour_start = hours.hour_start
left join chosen_users
    on user_hours.user_id = chosen_users.user_id
left join chosen_places
    on coalesce(user_hours.location, '') = chosen_places.location
left join chosen_user_agents
    on coalesce(user_hours.user_agent, '') = chosen_user_agents.user_agent
where
    hours.day between :first_day and :last_day
    and (:level = '' or user_hours.level = :level)
    and (:gender = '' or chosen_users.user_id is not null)
    and (:state = '' or chosen_places.location is not null)
    and (:platform = '' or chosen_user_agents.user_agent is not null)
group by
    user_hours.user_id,
    user_hours.location,
    user_hours.user_agent;
