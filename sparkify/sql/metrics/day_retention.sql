-- Do new listeners come back the next day, week, month?
-- Of the users whose first play, in the whole data, lies in the period, and for whom the
-- day so many days later is complete: those with a play on exactly that day, and those
-- with one on it or later. Calendar days, not stretches of 24 hours.
-- grain: one row per number of days: 1, 7 and 28
-- kind: approximate
-- column: days_later integer Days after the first.
-- column: eligible integer Users for whom that day is complete.
-- column: returned integer Those of them with a play on that day.
-- column: retention number Part of them.
-- column: returned_or_later integer Those with a play on that day or later.
with

steps as (
    select 1 as days_later
    union all
    select 7 as days_later
    union all
    select 28 as days_later
),

user_days as (
    select
        first_days.user_id,
        listening.day - first_days.first_day as days_later,
        first_days.first_day
    from first_days
    inner join listening
        on first_days.user_id = listening.user_id
    where
        first_days.first_day between :first_day and :last_day
        and listening.day <= :complete_through
),

per_user as (
    select
        user_id,
        first_day,
        max(days_later) as last_seen,
        max(case when days_later = 1 then 1 else 0 end) as on_day_1,
        max(case when days_later = 7 then 1 else 0 end) as on_day_7,
        max(case when days_later = 28 then 1 else 0 end) as on_day_28
    from user_days
    group by
        user_id,
        first_day
),

counted as (
    select
        steps.days_later,
        count(*) as eligible,
        sum(
            case steps.days_later
                when 1 then per_user.on_day_1
                when 7 then per_user.on_day_7
                else per_user.on_day_28
            end
        ) as returned,
        sum(case when per_user.last_seen >= steps.days_later then 1 else 0 end)
            as returned_or_later
    from per_user
    inner join steps
        on per_user.first_day + steps.days_later <= :complete_through
    group by steps.days_later
)

select
    steps.days_later,
    coalesce(counted.eligible, 0) as eligible,
    coalesce(counted.returned, 0) as returned,
    cast(counted.returned as double precision) / nullif(counted.eligible, 0) as retention,
    coalesce(counted.returned_or_later, 0) as returned_or_later
from steps
left join counted
    on steps.days_later = counted.days_later
order by steps.days_later;
