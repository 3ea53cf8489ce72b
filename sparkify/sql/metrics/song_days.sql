-- When is this song played?
-- The plays of the song with the key :song_key by day of the asked time zone.
-- grain: one row per day of the period with a play
-- kind: exact
-- column: day date Day.
-- column: plays integer Plays.
-- column: listeners integer Users with a play.
select
    hours.day,
    count(*) as plays,
    count(distinct songplays.user_id) as listeners
from analytics.songplays
inner join hours
    on date_trunc('hour', songplays.start_time) = hours.hour_start
where
    songplays.song_key = :song_key
    and songplays.start_time >= :period_start
    and songplays.start_time < :period_end
    and (:level = '' or songplays.level = :level)
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
group by hours.day
order by hours.day;
