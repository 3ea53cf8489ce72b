-- Where, and with what, the asked users played in the period.
-- grain: one row per user, location and user agent
create temp table audience as
select
    user_hours.user_id,
    user_hours.location,
    user_hours.user_agent,
    sum(user_hours.plays) as plays,
    sum(user_hours.length_ms) as length_ms
from analytics.user_hours
inner join hours
    on user_hours.hour_start = hours.hour_start
where
    hours.day between :first_day and :last_day
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
    user_hours.location,
    user_hours.user_agent;
