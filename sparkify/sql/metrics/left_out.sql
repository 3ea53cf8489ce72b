-- How many listeners does each filter leave out?
-- Users with a play of the period that passes all other filters and not this one. Where
-- they are few, what is asked and what all do tell together what these few do.
-- grain: one row for the period
-- kind: exact
-- column: by_level integer Users with such plays on another level.
-- column: by_gender integer Users of another gender.
-- column: by_state integer Users with such plays in another state.
-- column: by_platform integer Users with such plays on another platform.
with

fits as (
    select distinct
        user_hours.user_id,
        case when :level = '' or user_hours.level = :level then 1 else 0 end as level,
        case when :gender = '' or chosen_users.user_id is not null then 1 else 0 end
            as gender,
        case when :state = '' or chosen_places.location is not null then 1 else 0 end
            as state,
        case
            when :platform = '' or chosen_user_agents.user_agent is not null then 1
            else 0
        end as platform
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
        and user_hours.hour_start >= :period_start
        and user_hours.hour_start < :period_end
)

select
    count(distinct case
        when level = 0 and gender = 1 and state = 1 and platform = 1 then user_id
    end) as by_level,
    count(distinct case
        when level = 1 and gender = 0 and state = 1 and platform = 1 then user_id
    end) as by_gender,
    count(distinct case
        when level = 1 and gender = 1 and state = 0 and platform = 1 then user_id
    end) as by_state,
    count(distinct case
        when level = 1 and gender = 1 and state = 1 and platform = 0 then user_id
    end) as by_platform
from fits;
