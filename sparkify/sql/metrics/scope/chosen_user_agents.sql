-- The user agents of the asked platform; the empty text stands for none.
-- grain: one row per user agent
create temp table chosen_user_agents as
select user_agent
from analytics.user_agents
where coalesce(os, 'unknown') = :platform
union all
select '' as user_agent
where :platform = 'unknown';
