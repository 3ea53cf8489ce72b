-- Of the listeners first seen in a week, how many come back?
-- The cohort of a week are the users whose first play, in the whole data, lies in it.
-- Retention is the part of them with a play in the week so many weeks later. Weeks that
-- are not complete have no row but the first. Who was there before the data begins is in
-- the cohort of the first week seen.
-- grain: one row per cohort of the period and week after it
-- kind: approximate
-- column: cohort_week date First day of the week of the first play.
-- column: week_number integer Weeks since then; 0 is the week itself.
-- column: cohort integer Users of the cohort.
-- column: listeners integer Those of them with a play in this week.
-- column: retention number Part of the cohort.
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

members as (
    select
        weeks.week_start as cohort_week,
        listening.first_day,
        listening.day,
        listening.next_day,
        listening.users
    from listening
    inner join days
        on listening.first_day = days.day
    inner join weeks
        on days.week_start = weeks.week_start
    where
        weeks.last_day >= :first_day
        and listening.day <= :last_day
),

cohorts as (
    select
        cohort_week,
        sum(users) as users
    from members
    where day = first_day
    group by cohort_week
),

-- a user counts in a week by the last day with a play in it
returned as (
    select
        members.cohort_week,
        days.week_start,
        sum(members.users) as users
    from members
    inner join days
        on members.day = days.day
    where
        members.next_day is null
        or members.next_day >= days.week_start + 7
        or members.next_day > :last_day
    group by
        members.cohort_week,
        days.week_start
)

select
    cohorts.cohort_week,
    cast((weeks.week_start - cohorts.cohort_week) / 7.0 as integer) as week_number,
    cohorts.users as cohort,
    coalesce(returned.users, 0) as listeners,
    cast(coalesce(returned.users, 0) as double precision) / cohorts.users as retention
from cohorts
inner join weeks
    on cohorts.cohort_week <= weeks.week_start
left join returned
    on cohorts.cohort_week = returned.cohort_week
    and weeks.week_start = returned.week_start
where
    weeks.is_complete = 1
    or weeks.week_start = cohorts.cohort_week
order by
    cohorts.cohort_week,
    week_number;
