-- How much of the listening is paid?
-- Plays by the level on the play. A day of a user has the level of its last play. A user
-- who changed level in the period is a listener of both, so these add up to more than
-- there are.
-- grain: one row per level
-- kind: exact
-- column: level text free, paid or unknown.
-- column: plays integer Plays.
-- column: play_share number Part of all plays.
-- column: user_days integer Days of users.
-- column: user_day_share number Part of all days of users.
-- column: listeners integer Users with a play on this level.
with

played as (
    select
        user_hours.user_id,
        hours.day,
        coalesce(user_hours.level, 'unknown') as level,
        user_hours.plays,
        row_number() over (
            partition by user_hours.user_id, hours.day
            order by
                user_hours.last_play_at desc,
                case when user_hours.level is null then 1 else 0 end,
                user_hours.level desc
        ) as place
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
        hours.day between :first_day and :last_day
        and (:level = '' or user_hours.level = :level)
        and (:gender = '' or chosen_users.user_id is not null)
        and (:state = '' or chosen_places.location is not null)
        and (:platform = '' or chosen_user_agents.user_agent is not null)
),

per_level as (
    select
        level,
        sum(plays) as plays,
        sum(case when place = 1 and user_id is not null then 1 else 0 end) as user_days,
        count(distinct user_id) as listeners
    from played
    group by level
),

overall as (
    select
        sum(plays) as plays,
        sum(user_days) as user_days
    from per_level
)

select
    per_level.level,
    per_level.plays,
    cast(per_level.plays as double precision) / overall.plays as play_share,
    per_level.user_days,
    cast(per_level.user_days as double precision) / nullif(overall.user_days, 0)
        as user_day_share,
    per_level.listeners
from per_level
cross join overall
order by per_level.level;
