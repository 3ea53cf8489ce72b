-- How does engagement change over time?
-- Active is who has a play. DAU counts the users active on the day, WAU and MAU those of
-- the 7 and 28 days up to it; a user counts once in each. Stickiness is the mean DAU of
-- these 28 days by the MAU. Where the data begins less than 7 or 28 days before, WAU and
-- MAU start low: days_of_data tells.
-- grain: one row per day of the period
-- kind: exact
-- column: day date Day.
-- column: is_complete boolean Whether all data of the day is there.
-- column: days_of_data integer Days from the first of the data to this one.
-- column: plays integer Plays.
-- column: hours number Hours of the songs played, at their full length.
-- column: dau integer Users active on the day.
-- column: wau integer Users active in the 7 days up to it.
-- column: mau integer Users active in the 28 days up to it.
-- column: stickiness number Mean DAU of the 28 days up to it by MAU.
with

-- a user counts from the day on until 7 or 28 days later, or until active again
entered as (
    select
        day,
        sum(users) as users
    from listening
    where day between :first_day - 27 and :last_day
    group by day
),

left_week as (
    select
        least(day + 7, coalesce(next_day, day + 7)) as day,
        sum(users) as users
    from listening
    where day between :first_day - 27 and :last_day
    group by least(day + 7, coalesce(next_day, day + 7))
),

left_month as (
    select
        least(day + 28, coalesce(next_day, day + 28)) as day,
        sum(users) as users
    from listening
    where day between :first_day - 27 and :last_day
    group by least(day + 28, coalesce(next_day, day + 28))
),

calendar as (
    select
        day,
        is_complete,
        row_number() over (order by day) as days_of_data
    from days
),

daily as (
    select
        calendar.day,
        calendar.is_complete,
        calendar.days_of_data,
        coalesce(entered.users, 0) as dau,
        coalesce(entered.users, 0) - coalesce(left_week.users, 0) as week_change,
        coalesce(entered.users, 0) - coalesce(left_month.users, 0) as month_change
    from calendar
    left join entered
        on calendar.day = entered.day
    left join left_week
        on calendar.day = left_week.day
    left join left_month
        on calendar.day = left_month.day
    where calendar.day between :first_day - 27 and :last_day
),

played as (
    select
        day,
        sum(plays) as plays,
        sum(length_ms) as length_ms
    from hour_totals
    group by day
),

windows as (
    select
        day,
        is_complete,
        days_of_data,
        dau,
        sum(week_change) over (
            order by day
            rows between unbounded preceding and current row
        ) as wau,
        sum(month_change) over (
            order by day
            rows between unbounded preceding and current row
        ) as mau,
        avg(cast(dau as double precision)) over (
            order by day
            rows between 27 preceding and current row
        ) as mean_dau
    from daily
)

select
    windows.day,
    windows.is_complete,
    windows.days_of_data,
    coalesce(played.plays, 0) as plays,
    coalesce(played.length_ms, 0) / 3600000.0 as hours,
    windows.dau,
    windows.wau,
    windows.mau,
    cast(windows.mean_dau as double precision) / nullif(windows.mau, 0) as stickiness
from windows
left join played
    on windows.day = played.day
where windows.day >= :first_day
order by windows.day;
