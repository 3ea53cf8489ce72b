-- How is this artist played?
-- The plays of the asked artist in the period, of all spellings of the log that
-- differ by case alone.
-- grain: one row for the artist; none without a play
-- kind: exact
-- column: plays integer Plays.
-- column: listeners integer Users with a play.
-- column: songs integer Songs that were played.
-- column: hours number Hours at their full length.
with

artist_songs as (
    select distinct song_key
    from analytics.song_texts
    where credit_key = :credit_key
)

select
    count(*) as plays,
    count(distinct songplays.user_id) as listeners,
    count(distinct songplays.song_key) as songs,
    coalesce(sum(songplays.length_ms), 0) / 3600000.0 as hours
from analytics.songplays
inner join artist_songs
    on songplays.song_key = artist_songs.song_key
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
    songplays.start_time >= :period_start
    and songplays.start_time < :period_end
    and (:level = '' or songplays.level = :level)
    and (:gender = '' or chosen_users.user_id is not null)
    and (:state = '' or chosen_places.location is not null)
    and (:platform = '' or chosen_user_agents.user_agent is not null)
having count(*) > 0;
