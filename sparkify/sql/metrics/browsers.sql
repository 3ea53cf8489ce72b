-- With which browser do people listen?
-- The browser that the user agent of the play names; it may not tell the truth.
-- Groups of fewer listeners than LEAST_GROUP are left out, and the next one with them where
-- all of these are so few.
-- grain: one row per browser
-- kind: approximate
-- column: browser text Browser, or unknown.
-- column: listeners integer Users with a play; one may be in several rows.
-- column: plays integer Plays.
-- column: share number Part of all plays.
-- column: plays_per_listener number Plays by listener.
with

per_group as (
    select
        coalesce(numbered_user_agents.browser, 'unknown') as browser,
        count(distinct audience.user_id) as listeners,
        sum(audience.plays) as plays
    from audience
    left join numbered_user_agents
        on audience.user_agent_number = numbered_user_agents.user_agent_number
    group by coalesce(numbered_user_agents.browser, 'unknown')
),

-- from the smallest group on: how many listeners are in those before
ranked as (
    select
        browser,
        listeners,
        plays,
        sum(listeners) over (
            order by listeners, plays, browser
            rows between unbounded preceding and current row
        ) - listeners as smaller_listeners
    from per_group
),

overall as (
    select sum(plays) as plays
    from per_group
)

select
    ranked.browser,
    ranked.listeners,
    ranked.plays,
    cast(ranked.plays as double precision) / overall.plays as share,
    cast(ranked.plays as double precision) / ranked.listeners as plays_per_listener
from ranked
cross join overall
where
    ranked.listeners >= :least_group
    and (
        ranked.smaller_listeners = 0
        or ranked.smaller_listeners >= :least_group
    )
order by
    ranked.plays desc,
    ranked.browser;
