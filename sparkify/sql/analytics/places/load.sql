-- The locations that are new with this load. What is not of the form
-- Metro-City-Names, ST[-ST...] stays unknown.
insert into analytics.places (
    location,
    metro,
    states,
    primary_state
)
with

delivered as (
    select distinct location
    from staging.events
    where
        load_id between :first_load_id and :last_load_id
        and location <> ''
),

parsed as (
    select
        location,
        case
            when location ~ '^[^,]*[^, ], [A-Z][A-Z](-[A-Z][A-Z])*$' then 1
            else 0
        end as is_place
    from delivered
)

select
    parsed.location,
    case when parsed.is_place = 1 then split_part(parsed.location, ', ', 1) end as metro,
    case when parsed.is_place = 1 then split_part(parsed.location, ', ', 2) end as states,
    case
        when parsed.is_place = 1
            then left(split_part(parsed.location, ', ', 2), 2)
    end as primary_state
from parsed
left join analytics.places
    on parsed.location = places.location
where places.location is null;
