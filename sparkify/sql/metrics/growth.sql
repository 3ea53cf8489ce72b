-- Where do listeners come from, and do they stay?
-- By week: new listeners are first seen in it, retained ones were active in the week
-- before too, resurrected ones were so earlier only; churned ones were active in the week
-- before and are not in this one. So active = new + retained + resurrected, and active
-- changes by new + resurrected - churned. The quick ratio is (new + resurrected) by
-- churned. Who was there before the data begins is new when first seen.
-- grain: one row per week of the period
-- kind: exact
-- column: week_start date First day of the week.
-- column: is_complete boolean Whether all data of the week is there, and in the period.
-- column: active integer Listeners of the week.
-- column: new_listeners integer Listeners first seen.
-- column: retained integer Listeners of the week before, again.
-- column: resurrected integer Listeners seen earlier, though not in the week before.
-- column: churned integer Listeners of the week before who are gone; null in the first week.
-- column: quick_ratio number (new + resurrected) by churned; null when nobody left.
with

weeks as (
    select
        week_start,
        max(day) as last_day,
        min(
            case when week_start + 6 <= :last_day then is_complete else 0 end
        ) as is_complete
    from days
    where day <= :last_day
    group by week_start
),

-- those of the period, and the one before
asked_days as (
    select
        days.day,
        days.week_start
    from days
    inner join weeks
        on days.week_start = weeks.week_start
    where
        weeks.last_day >= :first_day - 7
        and days.day <= :last_day
),

user_weeks as (
    select
        listening.user_id,
        asked_days.week_start
    from listening
    inner join asked_days
        on listening.day = asked_days.day
    where listening.user_id is not null
    group by
        listening.user_id,
        asked_days.week_start
),

neighbours as (
    select
        user_weeks.week_start,
        case when first_days.first_day >= user_weeks.week_start then 1 else 0 end
            as is_new,
        lag(user_weeks.week_start) over (
            partition by user_weeks.user_id
            order by user_weeks.week_start
        ) as previous_week,
        lead(user_weeks.week_start) over (
            partition by user_weeks.user_id
            order by user_weeks.week_start
        ) as next_week
    from user_weeks
    inner join first_days
        on user_weeks.user_id = first_days.user_id
),

counted as (
    select
        week_start,
        count(*) as active,
        sum(is_new) as new_listeners,
        sum(case when previous_week = week_start - 7 then 1 else 0 end) as retained,
        sum(
            case
                when is_new = 1 or previous_week = week_start - 7 then 0
                else 1
            end
        ) as resurrected,
        sum(case when next_week = week_start + 7 then 0 else 1 end) as leaving
    from neighbours
    group by week_start
),

accounted as (
    select
        weeks.week_start,
        weeks.last_day,
        weeks.is_complete,
        coalesce(counted.active, 0) as active,
        coalesce(counted.new_listeners, 0) as new_listeners,
        coalesce(counted.retained, 0) as retained,
        coalesce(counted.resurrected, 0) as resurrected,
        lag(coalesce(counted.leaving, 0)) over (order by weeks.week_start) as churned
    from weeks
    left join counted
        on weeks.week_start = counted.week_start
)

select
    week_start,
    is_complete,
    active,
    new_listeners,
    retained,
    resurrected,
    churned,
    cast(new_listeners + resurrected as double precision) / nullif(churned, 0) as quick_ratio
from accounted
where last_day >= :first_day
order by week_start;
