-- The locations of the asked state; the empty text stands for none.
-- grain: one row per location
create temp table chosen_places as
select location
from analytics.places
where coalesce(primary_state, 'unknown') = :state
union all
select '' as location
where :state = 'unknown';
