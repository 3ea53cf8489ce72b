-- The texts whose song this load decides: those of its plays, and those that its songs
-- go by or went by. is_catalogued is 1 for the latter: their older plays are matched
-- again. text_id numbers them for this load alone, to join by a number.
-- grain: one row per pair of song and artist as delivered
create temp table touched_texts as
with

names as (
    select distinct
        trim(title) as song,
        trim(artist_name) as artist
    from touched_songs
    where
        is_touched_song = 1
        and trim(title) <> ''
        and trim(artist_name) <> ''
),

touched as (
    select
        song_texts.delivered_song,
        song_texts.delivered_artist,
        song_texts.song,
        song_texts.artist,
        song_texts.song_key,
        case when names.song is null then 0 else 1 end as is_catalogued
    from analytics.song_texts
    left join played_texts
        on song_texts.delivered_song = played_texts.delivered_song
        and song_texts.delivered_artist = played_texts.delivered_artist
    left join names
        on trim(song_texts.song) = names.song
        and trim(song_texts.artist) = names.artist
    where
        played_texts.delivered_song is not null
        or names.song is not null
)

select
    delivered_song,
    delivered_artist,
    song,
    artist,
    song_key,
    is_catalogued,
    row_number() over (
        order by song_key, delivered_song, delivered_artist
    ) as text_id
from touched;
