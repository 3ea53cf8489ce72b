-- When the asked users were first seen to play, in the whole data.
-- grain: one row per user
create temp table first_days as
select
    user_id,
    min(day) as first_day
from listening
where user_id is not null
group by user_id;
