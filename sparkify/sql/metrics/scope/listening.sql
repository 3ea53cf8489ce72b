-- On which days the asked users played, by days of the asked time zone: from the period
-- before the asked one on, and for 28 days before it. first_day is when they were first
-- seen to play, in the whole data. next_day is their next day with a play, so the last day
-- of a week, or of any other time, is known by itself.
-- grain: one row per first day, day and next day
create temp table listening as
with

first_hours as (
    select
        user_hours.user_id,
        min(user_hours.hour_start) as hour_start
    from analytics.user_hours
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
        and (:level = '' or user_hours.level = :level)
        and (:gender = '' or chosen_users.user_id is not null)
        and (:state = '' or chosen_places.location is not null)
        and (:platform = '' or chosen_user_agents.user_agent is not null)
    group by user_hours.user_id
),

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
        and hours.day >= least(:previous_first_day, :first_day - 27)
        and (:level = '' or user_hours.level = :level)
        and (:gender = '' or chosen_users.user_id is not null)
        and (:state = '' or chosen_places.location is not null)
        and (:platform = '' or chosen_user_agents.user_agent is not null)
),

followed_days as (
    select
        user_id,
        day,
        lead(day) over (
            partition by user_id
            order by day
        ) as next_day
    from user_days
)

select
    hours.day as first_day,
    followed_days.day,
    followed_days.next_day,
    count(*) as users
from followed_days
inner join first_hours
    on followed_days.user_id = first_hours.user_id
inner join hours
    on first_hours.hour_start = hours.hour_start
group by
    hours.day,
    followed_days.day,
    followed_days.next_day;
