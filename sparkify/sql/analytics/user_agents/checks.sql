-- check: user_agents_key_is_unique
-- severity: error
-- A user agent has one row.
select
    user_agent,
    count(*) as rows_found
from analytics.user_agents
group by user_agent
having count(*) > 1;

-- check: songplays_have_their_user_agent
-- severity: error
-- scope: warehouse
-- The user agent of a play is in analytics.user_agents.
select
    songplays.songplay_id,
    songplays.user_agent
from analytics.songplays
left join analytics.user_agents
    on songplays.user_agent = user_agents.user_agent
where
    songplays.user_agent is not null
    and user_agents.user_agent is null;
