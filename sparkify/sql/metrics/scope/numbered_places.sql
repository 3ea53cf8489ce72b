-- What is known of places, each with a number: it is quicker to count by than a long text.
-- grain: one row per location
create temp table numbered_places as
select
    location,
    coalesce(metro, 'unknown') as metro,
    coalesce(primary_state, 'unknown') as state,
    row_number() over (order by location) as place_number
from analytics.places;
