-- The complete days that a run has to judge, beside what their weekday usually has: what
-- the same weekday had in the eight weeks before. A day is complete when a later one has
-- a play. It is judged when plays of it arrive, or of the next day that has some; a day
-- without any is there if the same weekday had some a week before.
-- grain: one row per day
create temp table usual_days as
with

touched_days as (
    select distinct
        cast(
            timestamp '1970-01-01 00:00:00'
            + (cast(ts as double precision) / 1000.0) * interval '1 second' as date
        ) as day
    from staging.events
    where
        load_id between :first_load_id and :last_load_id
        and page = 'NextSong'
),

-- two weeks more than are compared: the day before a touched one may be that far
played_days as (
    select
        cast(start_time as date) as day,
        count(*) as plays,
        count(song_id) as matched
    from analytics.songplays
    where
        start_time >= (
            select cast(min(day) - 70 as timestamp) as first_time
            from touched_days
        )
    group by cast(start_time as date)
),

calendar as (
    select day
    from played_days
    union
    select day + 7 as day
    from played_days
),

followed_days as (
    select
        calendar.day,
        coalesce(played_days.plays, 0) as plays,
        coalesce(played_days.matched, 0) as matched,
        min(played_days.day) over (
            order by calendar.day
            rows between 1 following and unbounded following
        ) as next_day
    from calendar
    left join played_days
        on calendar.day = played_days.day
),

judged_days as (
    select
        day,
        plays,
        matched
    from followed_days
    where
        next_day in (select day from touched_days)
        or (next_day is not null and day in (select day from touched_days))
)

select
    judged_days.day,
    judged_days.plays,
    judged_days.matched,
    count(*) as weeks,
    percentile_cont(0.5) within group (order by played_days.plays) as usual_plays,
    cast(sum(played_days.matched) as double precision)
    / sum(played_days.plays) as usual_match_rate
from judged_days
inner join played_days
    on played_days.day between judged_days.day - 56 and judged_days.day - 7
    and mod(judged_days.day - played_days.day, 7) = 0
group by
    judged_days.day,
    judged_days.plays,
    judged_days.matched;
