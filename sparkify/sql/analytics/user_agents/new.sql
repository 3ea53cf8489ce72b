-- The user agents that are new with this load.
-- grain: one row per user agent
select distinct events.user_agent
from staging.events
left join analytics.user_agents
    on events.user_agent = user_agents.user_agent
where
    events.load_id between :first_load_id and :last_load_id
    and events.user_agent <> ''
    and user_agents.user_agent is null;
