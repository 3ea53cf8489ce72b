-- Which songs of this artist are played?
-- The songs of the asked artist in the period: of all spellings of the log that
-- differ by case alone.
-- grain: one row per song with a play
-- kind: exact
-- column: song_key integer Key of the song.
-- column: song text Title by the log, as most of these plays have it.
-- column: plays integer Plays.
-- column: listeners integer Users with a play.
with

artist_songs as (
    select distinct song_key
    from analytics.song_texts
    where credit_key = :credit_key
),

plays as (
    select
        songplays.song_key,
        songplays.song,
        songplays.user_id
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
),

counted as (
    select
        song_key,
        count(*) as plays,
        count(distinct user_id) as listeners
    from plays
    group by song_key
),

written as (
    select
        song_key,
        song,
        count(*) as plays
    from plays
    group by
        song_key,
        song
),

spelled as (
    select
        song_key,
        song,
        row_number() over (
            partition by song_key
            order by
                plays desc,
                case when song is null then 1 else 0 end,
                song
        ) as place
    from written
)

select
    counted.song_key,
    spelled.song,
    counted.plays,
    counted.listeners
from counted
inner join spelled
    on counted.song_key = spelled.song_key
where spelled.place = 1
order by
    counted.plays desc,
    counted.listeners desc,
    counted.song_key;
