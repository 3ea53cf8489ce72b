-- On how many days do people listen?
-- How many users have a play on so many of the last 28 days of the period (L28).
-- grain: one row per number of days, 1 to 28, that a user has
-- kind: exact
-- column: active_days integer Days with a play.
-- column: listeners integer Users with so many.
with

user_days as (
    select distinct
        user_hours.user_id,
        hours.day
    from analytics.user_hours
    inner join hours
        on user_hours.hour_start = hours.hour_start
    left join chosen_users
        on user_hours.user_id = chosen_users.user_id
        and :gender <> ''
    left join chosen_places
        on coalesce(user_hours.location, '') = chosen_places.location
        and :state <> ''
    left join chosen_user_agents
        on coalesce(user_hours.user_agent, '') = chosen_user_agents.user_agent
        and :platform <> ''
    where
        user_hours.user_id is not null
        and hours.day between :last_day - 27 and :last_day
        and (:level = '' or user_hours.level = :level)
        and (:gender = '' or chosen_users.user_id is not null)
        and (:state = '' or chosen_places.location is not null)
        and (:platform = '' or chosen_user_agents.user_agent is not null)
),

per_user as (
    select
        user_id,
        count(*) as active_days
    from user_days
    group by user_id
)

select
    active_days,
    count(*) as listeners
from per_user
group by active_days
order by active_days;
