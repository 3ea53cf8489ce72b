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

counted as (
    select
        steps.days_later,
        sum(
            case when listening.day = listening.first_day then listening.users else 0 end
        ) as eligible,
        sum(
            case
                when listening.day = listening.first_day + steps.days_later
                    then listening.users
                else 0
            end
        ) as returned,
        -- each user once, by the last day that counts
        sum(
            case
                when
                    listening.day >= listening.first_day + steps.days_later
                    and (
                        listening.next_day is null
                        or listening.next_day > :complete_through
                    )
                    then listening.users
                else 0
            end
        ) as returned_or_later
    from listening
    inner join steps
        on listening.first_day + steps.days_later <= :complete_through
    where
        listening.first_day between :first_day and :last_day
        and listening.day <= :complete_through
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
