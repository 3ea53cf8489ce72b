-- What is known of places, each with a number: it is quicker to count by than a long text.
-- grain: one row per location
create temp table numbered_places as
select
    location,
    metro,
    primary_state as state,
    row_number() over (order by location) as place_number
from analytics.places;
