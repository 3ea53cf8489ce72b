-- The older plays that find another song, or none any more, since this load's songs.
-- grain: one row per play whose song changes
create temp table rematched_plays as
with

catalogued as (
    select
        song_key,
        song,
        artist,
        min(text_id) as text_id
    from touched_texts
    where is_catalogued = 1
    group by
        song_key,
        song,
        artist
),

found as (
    select
        songplays.songplay_id,
        songplays.session_id,
        songplays.item_in_session,
        songplays.song_id as old_song_id,
        songplays.artist_id as old_artist_id,
        songplays.match_method as old_match_method,
        coalesce(exact.song_id, timed.song_id, named.song_id) as song_id,
        coalesce(exact.artist_id, timed.artist_id, named.artist_id) as artist_id,
        coalesce(
            exact.match_method, timed.match_method, named.match_method
        ) as match_method
    from analytics.songplays
    inner join catalogued
        on songplays.song_key = catalogued.song_key
        and coalesce(songplays.song, '') = catalogued.song
        and coalesce(songplays.artist, '') = catalogued.artist
    left join text_matches as exact
        on catalogued.text_id = exact.text_id
        and songplays.length = exact.duration
    left join text_matches as timed
        on catalogued.text_id = timed.text_id
        and floor(songplays.length) = timed.second
    left join text_matches as named
        on catalogued.text_id = named.text_id
        and named.duration is null
        and named.second is null
)

select
    songplay_id,
    session_id,
    item_in_session,
    song_id,
    artist_id,
    match_method
from found
where
    coalesce(old_song_id, '') <> coalesce(song_id, '')
    or coalesce(old_artist_id, '') <> coalesce(artist_id, '')
    or coalesce(old_match_method, '') <> coalesce(match_method, '');
