-- How is this song played?
-- The plays of the song with the key :song_key in the period, by the text of the log.
-- grain: one row for the song; none without a play
-- kind: exact
-- column: song text Title by the log.
-- column: artist text Artist by the log.
-- column: plays integer Plays.
-- column: listeners integer Users with a play.
-- column: hours number Hours at its full length.
-- column: first_play timestamp First play of the period, UTC.
-- column: last_play timestamp Last play of the period, UTC.
-- column: is_matched boolean Whether the catalogue knows the song.
select
    min(songplays.song) as song,
    min(songplays.artist) as artist,
    count(*) as plays,
    count(distinct songplays.user_id) as listeners,
    sum(songplays.length_ms) / 3600000.0 as hours,
    min(songplays.start_time) as first_play,
    max(songplays.start_time) as last_play,
    max(case when songplays.song_id is null then 0 else 1 end) as is_matched
from analytics.songplays
left join chosen_users
    on songplays.user_id = chosen_users.user_id
    and :gender <> ''
left join chosen_places
    on coalesce(songplays.location, '') = chosen_places.location
    and :state <> ''
left join chosen_user_agents
    on coalesce(songplays.user_agent, '') = chosen_user_agents.user_agent
    and :platform <> ''
where
    songplays.song_key = :song_key
    and songplays.start_time >= :period_start
    and songplays.start_time < :period_end
    and (:level = '' or songplays.level = :level)
    and (:gender = '' or chosen_users.user_id is not null)
    and (:state = '' or chosen_places.location is not null)
    and (:platform = '' or chosen_user_agents.user_agent is not null)
having count(*) > 0;
