-- Plays and listeners by day, UTC. Exact.
-- grain: one row per day with a play
select
    cast(start_time as date) as play_day,
    count(*) as plays,
    count(distinct user_id) as listeners
from analytics.songplays
group by cast(start_time as date)
order by play_day;
