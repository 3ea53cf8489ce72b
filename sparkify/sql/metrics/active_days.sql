-- On how many days do people listen?
-- How many users have a play on so many of the last 28 days of the period (L28).
-- grain: one row per number of days, 1 to 28, that a user has
-- kind: exact
-- column: active_days integer Days with a play.
-- column: listeners integer Users with so many.
with

per_user as (
    select
        user_id,
        count(*) as active_days
    from listening
    where day between :last_day - 27 and :last_day
    group by user_id
)

select
    active_days,
    count(*) as listeners
from per_user
group by active_days
order by active_days;
