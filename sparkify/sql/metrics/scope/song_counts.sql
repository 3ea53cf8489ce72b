-- How often each song was played, in the period and in those before it.
-- grain: one row per period and song
create temp table song_counts as
with

period_hours as (
    select
        hours.hour_start,
        days.period_number
    from hours
    inner join days
        on hours.day = days.day
    where days.period_number >= 0
)

select
    period_hours.period_number,
    songplays.song_key,
    count(*) as plays
from analytics.songplays
inner join period_hours
    on date_trunc('hour', songplays.start_time) = period_hours.hour_start
where
    songplays.song_key is not null
    and songplays.start_time < :period_end
    and
    (:level = '' or songplays.level = :level)
    and (:gender = '' or songplays.user_id in (select user_id from chosen_users))
    and (
        :state = ''
        or coalesce(songplays.location, '') in (select location from chosen_places)
    )
    and (
        :platform = ''
        or coalesce(songplays.user_agent, '') in (
            select user_agent
            from chosen_user_agents
        )
    )
group by
    period_hours.period_number,
    songplays.song_key;
