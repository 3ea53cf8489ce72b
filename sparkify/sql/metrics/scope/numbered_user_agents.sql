-- What is known of user agents, each with a number, as places have.
-- grain: one row per user agent
create temp table numbered_user_agents as
select
    user_agent,
    browser,
    os as platform,
    device_type as device,
    row_number() over (order by user_agent) as user_agent_number
from analytics.user_agents;
