-- In which cities do people listen?
-- The metro area that the play's own location names.
-- Groups of fewer listeners than LEAST_GROUP, which is five, are left out.
-- grain: one row per metro
-- kind: exact
-- column: metro text Metro area, or unknown.
-- column: listeners integer Users with a play; one may be in several rows.
-- column: plays integer Plays.
-- column: share number Part of all plays.
-- column: plays_per_listener number Plays by listener.
with

per_group as (
    select
        coalesce(numbered_places.metro, 'unknown') as metro,
        count(distinct audience.user_id) as listeners,
        sum(audience.plays) as plays
    from audience
    left join numbered_places
        on audience.place_number = numbered_places.place_number
    group by coalesce(numbered_places.metro, 'unknown')
),

overall as (
    select sum(plays) as plays
    from per_group
)

select
    per_group.metro,
    per_group.listeners,
    per_group.plays,
    cast(per_group.plays as double precision) / overall.plays as share,
    cast(per_group.plays as double precision) / per_group.listeners as plays_per_listener
from per_group
cross join overall
where per_group.listeners >= :least_group
order by
    per_group.plays desc,
    per_group.metro;
