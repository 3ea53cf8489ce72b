-- Where do listeners come from, and do they stay?
-- By week: new listeners are first seen in it, retained ones were active in the week
-- before too, resurrected ones were so earlier only; churned ones were active in the week
-- before and are not in this one. So active = new + retained + resurrected, and active
-- changes by new + resurrected - churned. The quick ratio is (new + resurrected) by
-- churned. Who was there before the data begins is new when first seen.
-- grain: one row per week of the period
-- kind: exact
-- column: week_start date First day of the week.
-- column: is_complete boolean Whether the data has all seven days, and the period the last.
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
        case
            when week_start + 6 <= :last_day and sum(is_whole) = 7 then 1
            else 0
        end as is_complete
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

-- a user counts in a week by the last day with a play in it
counted as (
    select
        asked_days.week_start,
        sum(listening.users) as active,
        sum(
            case
                when
                    listening.next_day < asked_days.week_start + 14
                    and listening.next_day <= :last_day
                    then 0
                else listening.users
            end
        ) as leaving
    from listening
    inner join asked_days
        on listening.day = asked_days.day
    where
        listening.next_day is null
        or listening.next_day >= asked_days.week_start + 7
        or listening.next_day > :last_day
    group by asked_days.week_start
),

arrived as (
    select
        asked_days.week_start,
        sum(listening.users) as users
    from listening
    inner join asked_days
        on listening.day = asked_days.day
    where listening.day = listening.first_day
    group by asked_days.week_start
),

accounted as (
    select
        weeks.week_start,
        weeks.last_day,
        weeks.is_complete,
        coalesce(counted.active, 0) as active,
        coalesce(arrived.users, 0) as new_listeners,
        lag(coalesce(counted.active - counted.leaving, 0)) over (order by weeks.week_start)
            as retained,
        lag(coalesce(counted.leaving, 0)) over (order by weeks.week_start) as churned
    from weeks
    left join counted
        on weeks.week_start = counted.week_start
    left join arrived
        on weeks.week_start = arrived.week_start
)

select
    week_start,
    is_complete,
    active,
    new_listeners,
    coalesce(retained, 0) as retained,
    active - new_listeners - coalesce(retained, 0) as resurrected,
    churned,
    cast(active - coalesce(retained, 0) as double precision) / nullif(churned, 0)
        as quick_ratio
from accounted
where last_day >= :first_day
order by week_start;
