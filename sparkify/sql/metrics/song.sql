-- How is this song played?
-- The plays of the asked song in the period, by the text of the log.
-- grain: one row for the song; none without a play
-- kind: exact
-- column: song text Title by the log, as most of these plays have it.
-- column: artist text Artist by the log, likewise.
-- column: plays integer Plays.
-- column: listeners integer Users with a play.
-- column: hours number Hours at its full length.
-- column: first_play timestamp First play, UTC; null of fewer listeners than LEAST_GROUP.
-- column: last_play timestamp Last play, UTC, likewise.
-- column: is_matched boolean Whether one of these plays finds its song in the catalogue.
with

plays as (
    select
        songplays.song,
        songplays.artist,
        songplays.user_id,
        songplays.start_time,
        songplays.length_ms,
        songplays.song_id
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
),

written as (
    select
        song,
        artist,
        count(*) as plays
    from plays
    group by
        song,
        artist
),

spelled as (
    select
        song,
        artist,
        row_number() over (
            order by
                plays desc,
                case when song is null then 1 else 0 end,
                song,
                case when artist is null then 1 else 0 end,
                artist
        ) as place
    from written
),

totals as (
    select
        count(*) as plays,
        count(distinct user_id) as listeners,
        coalesce(sum(length_ms), 0) / 3600000.0 as hours,
        min(start_time) as first_play,
        max(start_time) as last_play,
        max(case when song_id is null then 0 else 1 end) as is_matched
    from plays
)

select
    spelled.song,
    spelled.artist,
    totals.plays,
    totals.listeners,
    totals.hours,
    case when totals.listeners >= :least_group then totals.first_play end as first_play,
    case when totals.listeners >= :least_group then totals.last_play end as last_play,
    totals.is_matched
from totals
cross join spelled
where spelled.place = 1;
