-- The user agents that are new with this load.
-- grain: one row per user agent
with

delivered as (
    select distinct user_agent
    from staging.events
    where
        load_id between :first_load_id and :last_load_id
        and user_agent <> ''
)

select delivered.user_agent
from delivered
left join analytics.user_agents
    on delivered.user_agent = user_agents.user_agent
where user_agents.user_agent is null;
