-- What the asked users played, by day of the asked time zone: from the period before the
-- asked one on, and for 28 days before it. next_day is the user's next day with a play,
-- so the last day of a week, or of any other time, is known by itself.
-- grain: one row per user and day
create temp table listening as
with

user_days as (
    select
        user_hours.user_id,
        hours.day,
        cast(sum(user_hours.plays) as bigint) as plays,
        cast(sum(user_hours.length_ms) as bigint) as length_ms
    from analytics.user_hours
    inner join hours
        on user_hours.hour_start = hours.hour_start
    where
        hours.day >= least(:previous_first_day, :first_day - 27)
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
    group by
        user_hours.user_id,
        hours.day
)

select
    user_id,
    day,
    lead(day) over (
        partition by user_id
        order by day
    ) as next_day,
    plays,
    length_ms
from user_days;
