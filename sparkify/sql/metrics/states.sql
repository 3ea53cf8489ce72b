-- In which states do people listen?
-- The state of a play is the first that its own location names: the principal city's.
-- Judge by listeners: one person can make a state look busy.
-- Groups of fewer listeners than LEAST_GROUP are left out, and the next one with them where
-- all of these are so few.
-- grain: one row per state
-- kind: approximate
-- column: state text State, such as CA, or unknown.
-- column: listeners integer Users with a play; one may be in several rows.
-- column: plays integer Plays.
-- column: share number Part of all plays.
-- column: plays_per_listener number Plays by listener.
with

per_group as (
    select
        coalesce(numbered_places.state, 'unknown') as state,
        count(distinct audience.user_id) as listeners,
        sum(audience.plays) as plays
    from audience
    left join numbered_places
        on audience.place_number = numbered_places.place_number
    group by coalesce(numbered_places.state, 'unknown')
),

-- from the smallest group on: how many listeners are in those before
ranked as (
    select
        state,
        listeners,
        plays,
        sum(listeners) over (
            order by listeners, plays, state
            rows between unbounded preceding and current row
        ) - listeners as smaller_listeners
    from per_group
),

overall as (
    select sum(plays) as plays
    from per_group
)

select
    ranked.state,
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
    ranked.state;
