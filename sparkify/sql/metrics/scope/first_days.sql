-- When the asked users were first seen to play, in the whole data.
-- grain: one row per user
create temp table first_days as
with

first_hours as (
    select
        user_hours.user_id,
        min(user_hours.hour_start) as hour_start
    from analytics.user_hours
    left join chosen_users
        on user_hours.user_id = chosen_users.user_id
    left join chosen_places
        on coalesce(user_hours.location, '') = chosen_places.location
    left join chosen_user_agents
        on coalesce(user_hours.user_agent, '') = chosen_user_agents.user_agent
    where
        user_hours.user_id is not null
        and (:level = '' or user_hours.level = :level)
        and (:gender = '' or chosen_users.user_id is not null)
        and (:state = '' or chosen_places.location is not null)
        and (:platform = '' or chosen_user_agents.user_agent is not null)
    group by user_hours.user_id
)

select
    first_hours.user_id,
    hours.day as first_day
from first_hours
inner join hours
    on first_hours.hour_start = hours.hour_start;
