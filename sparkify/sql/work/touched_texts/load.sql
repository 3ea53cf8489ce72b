-- The texts whose song this load decides: those of its plays, and those of the artists
-- of its songs. is_catalogued is 1 for the latter: their older plays are matched again.
-- text_id numbers them for this load alone, to join by a number.
-- grain: one row per pair of song and artist as delivered
create temp table touched_texts as
with

artists as (
    select distinct song_names.artist_key
    from touched_songs
    inner join analytics.song_names
        on coalesce(touched_songs.title, '') = song_names.delivered_title
        and coalesce(touched_songs.artist_name, '') = song_names.delivered_artist
    where
        touched_songs.is_touched_song = 1
        and song_names.artist_key is not null
),

touched as (
    select
        song_texts.delivered_song,
        song_texts.delivered_artist,
        song_texts.song,
        song_texts.artist,
        song_texts.song_key,
        song_texts.match_key,
        song_texts.base_key,
        song_texts.artist_key,
        case when artists.artist_key is null then 0 else 1 end as is_catalogued
    from analytics.song_texts
    left join played_texts
        on song_texts.delivered_song = played_texts.delivered_song
        and song_texts.delivered_artist = played_texts.delivered_artist
    left join artists
        on song_texts.artist_key = artists.artist_key
    where
        played_texts.delivered_song is not null
        or artists.artist_key is not null
)

select
    delivered_song,
    delivered_artist,
    song,
    artist,
    song_key,
    match_key,
    base_key,
    artist_key,
    is_catalogued,
    row_number() over (
        order by song_key, delivered_song, delivered_artist
    ) as text_id
from touched;
