-- check: places_key_is_unique
-- severity: error
-- A location has one row.
select
    location,
    count(*) as rows_found
from analytics.places
group by location
having count(*) > 1;

-- check: songplays_have_their_place
-- severity: error
-- scope: warehouse
-- The location of a play is in analytics.places.
select
    songplays.songplay_id,
    songplays.location
from analytics.songplays
left join analytics.places
    on songplays.location = places.location
where
    songplays.location is not null
    and places.location is null;
