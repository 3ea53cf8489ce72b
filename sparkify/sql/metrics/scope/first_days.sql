-- When the asked users were first seen to play, in the whole data.
-- grain: one row per user
create temp table first_days as
with

first_hours as (
    select
        user_hours.user_id,
        min(user_hours.hour_start) as hour_start
    from analytics.user_hours
    where
        user_hours.user_id is not null
        and
        (:level = '' or user_hours.level = :level)
        and (:gender = '' or user_hours.user_id in (select user_id from chosen_users))
        and (
            :state = ''
            or coalesce(user_hours.location, '') in (select location from chosen_places)
        )
        and (
            :platform = ''
            or coalesce(user_hours.user_agent, '') in (
                select user_agent
                from chosen_user_agents
            )
        )
    group by user_hours.user_id
)

select
    first_hours.user_id,
    hours.day as first_day
from first_hours
inner join hours
    on first_hours.hour_start = hours.hour_start;
