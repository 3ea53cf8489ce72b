-- Which songs does the catalogue lack the most?
-- The songs played most in the period of which no play has found a song: what to get
-- next. As many as the chart is deep.
-- grain: one row per song
-- kind: exact
-- column: song text Title by the log.
-- column: artist text Artist by the log.
-- column: plays integer Plays.
-- column: listeners integer Users with a play.
with

played as (
    select
        song_key,
        count(*) as plays,
        count(distinct user_id) as listeners,
        min(song) as song,
        min(artist) as artist,
        row_number() over (
            order by
                count(*) desc,
                count(distinct user_id) desc,
                song_key
        ) as place
    from analytics.songplays
    where
        song_key is not null
        and start_time >= :period_start
        and start_time < :period_end
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
    group by song_key
    having max(case when song_id is null then 0 else 1 end) = 0
)

select
    song,
    artist,
    plays,
    listeners
from played
where place <= :depth
order by place;
