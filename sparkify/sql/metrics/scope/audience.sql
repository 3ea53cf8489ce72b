-- Where, and with what, the asked users played in the period. Places and user agents are
-- counted by number, which is quicker than by their long texts.
-- grain: one row per user, location and user agent
create temp table audience as
with

numbered_places as (
    select
        location,
        metro,
        primary_state,
        row_number() over (order by location) as place_number
    from analytics.places
),

numbered_user_agents as (
    select
        user_agent,
        browser,
        os,
        device_type,
        row_number() over (order by user_agent) as user_agent_number
    from analytics.user_agents
),

counted as (
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
        and (
            :state = ''
            or coalesce(numbered_places.primary_state, 'unknown') = :state
        )
        and (
            :platform = ''
            or coalesce(numbered_user_agents.os, 'unknown') = :platform
        )
    group by
        user_hours.user_id,
        numbered_places.place_number,
        numbered_user_agents.user_agent_number
)

select
    counted.user_id,
    coalesce(numbered_places.metro, 'unknown') as metro,
    coalesce(numbered_places.primary_state, 'unknown') as state,
    coalesce(numbered_user_agents.browser, 'unknown') as browser,
    coalesce(numbered_user_agents.os, 'unknown') as platform,
    coalesce(numbered_user_agents.device_type, 'unknown') as device,
    counted.plays
from counted
left join numbered_places
    on counted.place_number = numbered_places.place_number
left join numbered_user_agents
    on counted.user_agent_number = numbered_user_agents.user_agent_number;
