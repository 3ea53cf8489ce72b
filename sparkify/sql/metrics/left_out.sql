-- How many listeners do filters leave out?
-- Users with a play of the period, or of the one before, that passes all other filters and
-- none of these. Where they are few, what is asked and what all do tell together what
-- these few do.
-- grain: one row per period and set of filters that leave somebody out
-- kind: exact
-- column: period_number integer 0 is the asked period, 1 the one before it.
-- column: level integer 1 when the plays do not pass the filter on level.
-- column: gender integer 1 when the users do not pass that on gender.
-- column: state integer 1 when the plays do not pass that on state.
-- column: platform integer 1 when the plays do not pass that on platform.
-- column: listeners integer Users with such plays.
with

marked as (
    select distinct
        case when user_hours.hour_start < :period_start then 1 else 0 end
            as period_number,
        user_hours.user_id,
        case when :level = '' or user_hours.level = :level then 0 else 1 end as level,
        case when :gender = '' or chosen_users.user_id is not null then 0 else 1 end
            as gender,
        case when :state = '' or chosen_places.location is not null then 0 else 1 end
            as state,
        case
            when :platform = '' or chosen_user_agents.user_agent is not null then 0
            else 1
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
        and user_hours.hour_start >= :previous_start
        and user_hours.hour_start < :period_end
)

select
    period_number,
    level,
    gender,
    state,
    platform,
    count(*) as listeners
from marked
where level + gender + state + platform > 0
group by
    period_number,
    level,
    gender,
    state,
    platform
order by
    period_number,
    level,
    gender,
    state,
    platform;
