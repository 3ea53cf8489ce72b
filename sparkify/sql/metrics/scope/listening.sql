-- What the asked users played, over the whole history, by day of the asked time zone.
-- grain: one row per user and day
create temp table listening as
select
    user_hours.user_id,
    hours.day,
    cast(sum(user_hours.plays) as bigint) as plays,
    cast(sum(user_hours.length_ms) as bigint) as length_ms
from analytics.user_hours
inner join hours
    on user_hours.hour_start = hours.hour_start
where
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
    hours.day;
