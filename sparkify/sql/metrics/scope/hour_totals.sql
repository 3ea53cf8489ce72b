-- How much the asked users played, by day and hour of the asked time zone; user_plays
-- are those with a user.
-- grain: one row per day and hour with a play
create temp table hour_totals as
select
    hours.day,
    hours.hour,
    sum(user_hours.plays) as plays,
    sum(case when user_hours.user_id is null then 0 else user_hours.plays end)
        as user_plays,
    sum(user_hours.length_ms) as length_ms
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
    hours.day >= :previous_first_day
    and (:level = '' or user_hours.level = :level)
    and (:gender = '' or chosen_users.user_id is not null)
    and (:state = '' or chosen_places.location is not null)
    and (:platform = '' or chosen_user_agents.user_agent is not null)
group by
    hours.day,
    hours.hour;
