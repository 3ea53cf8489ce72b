-- The older plays that find another song, or none any more, since this load's songs.
-- grain: one row per play whose song changes
create temp table rematched_plays as
select
    songplays.songplay_id,
    songplays.session_id,
    songplays.item_in_session,
    coalesce(exact.song_id, title.song_id) as song_id,
    coalesce(exact.artist_id, title.artist_id) as artist_id,
    coalesce(exact.match_method, title.match_method) as match_method
from analytics.songplays
inner join touched_texts
    on songplays.song_key = touched_texts.song_key
    and coalesce(songplays.song, '') = touched_texts.song
    and coalesce(songplays.artist, '') = touched_texts.artist
left join text_matches as exact
    on touched_texts.song_key = exact.song_key
    and touched_texts.song = exact.song
    and touched_texts.artist = exact.artist
    and songplays.length = exact.duration
left join text_matches as title
    on touched_texts.song_key = title.song_key
    and touched_texts.song = title.song
    and touched_texts.artist = title.artist
    and title.match_method = 'title'
where
    touched_texts.is_catalogued = 1
    and (
        coalesce(songplays.song_id, '')
        <> coalesce(exact.song_id, title.song_id, '')
        or coalesce(songplays.artist_id, '')
        <> coalesce(exact.artist_id, title.artist_id, '')
        or coalesce(songplays.match_method, '')
        <> coalesce(exact.match_method, title.match_method, '')
    );
