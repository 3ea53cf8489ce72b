-- One row per play this load settles, and the song of older plays that find another
-- one. A play finds its song in text_matches, at most once by exact duration, at most
-- once by the second and at most once without, so the join never multiplies plays.
update analytics.songplays
set
    song_id = rematched_plays.song_id,
    artist_id = rematched_plays.artist_id,
    match_method = rematched_plays.match_method
from rematched_plays
where
    songplays.session_id = rematched_plays.session_id
    and songplays.item_in_session = rematched_plays.item_in_session
    and songplays.songplay_id = rematched_plays.songplay_id;

delete from analytics.songplays
using replaced_plays
where
    songplays.session_id = replaced_plays.session_id
    and songplays.item_in_session = replaced_plays.item_in_session
    and songplays.songplay_id = replaced_plays.songplay_id;

insert into analytics.songplays (
    songplay_id,
    start_time,
    user_id,
    level,
    song_id,
    artist_id,
    session_id,
    location,
    user_agent,
    item_in_session,
    song,
    artist,
    song_key,
    length,
    length_ms,
    match_method
)
select
    cast(settled_events.session_id as varchar(20))
    || '-' || cast(settled_events.item_in_session as varchar(20))
    || '-' || coalesce(cast(settled_events.user_id as varchar(20)), '') as songplay_id,
    settled_events.happened_at as start_time,
    settled_events.user_id,
    nullif(settled_events.level, '') as level,
    coalesce(exact.song_id, timed.song_id, named.song_id) as song_id,
    coalesce(exact.artist_id, timed.artist_id, named.artist_id) as artist_id,
    settled_events.session_id,
    nullif(settled_events.location, '') as location,
    nullif(settled_events.user_agent, '') as user_agent,
    settled_events.item_in_session,
    nullif(touched_texts.song, '') as song,
    nullif(touched_texts.artist, '') as artist,
    case
        when touched_texts.song <> '' or touched_texts.artist <> ''
            then touched_texts.song_key
    end as song_key,
    settled_events.length,
    case
        when settled_events.length between 0 and 1000000000
            then cast(floor(settled_events.length * 1000 + 0.5) as bigint)
    end as length_ms,
    coalesce(
        exact.match_method, timed.match_method, named.match_method
    ) as match_method
from settled_events
inner join touched_texts
    on coalesce(settled_events.song, '') = touched_texts.delivered_song
    and coalesce(settled_events.artist, '') = touched_texts.delivered_artist
left join text_matches as exact
    on touched_texts.text_id = exact.text_id
    and settled_events.length = exact.duration
left join text_matches as timed
    on touched_texts.text_id = timed.text_id
    and floor(settled_events.length) = timed.second
left join text_matches as named
    on touched_texts.text_id = named.text_id
    and named.duration is null
    and named.second is null
where settled_events.page = 'NextSong';
