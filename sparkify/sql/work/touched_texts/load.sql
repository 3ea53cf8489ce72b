-- The texts whose song this load decides: those of its plays, and those that its songs
-- go by or went by. is_catalogued is 1 for the latter: their older plays are matched
-- again.
-- grain: one row per distinct pair of repaired song and artist
create temp table touched_texts as
with

played as (
    select
        song_texts.song_key,
        song_texts.song,
        song_texts.artist,
        0 as is_catalogued
    from played_texts
    inner join analytics.song_texts
        on played_texts.delivered_song = song_texts.delivered_song
        and played_texts.delivered_artist = song_texts.delivered_artist
),

names as (
    select distinct
        trim(title) as song,
        trim(artist_name) as artist
    from touched_songs
    where is_touched_song = 1
),

catalogued as (
    select
        song_texts.song_key,
        song_texts.song,
        song_texts.artist,
        1 as is_catalogued
    from analytics.song_texts
    inner join names
        on trim(song_texts.song) = names.song
        and trim(song_texts.artist) = names.artist
),

touched as (
    select
        song_key,
        song,
        artist,
        is_catalogued
    from played
    union all
    select
        song_key,
        song,
        artist,
        is_catalogued
    from catalogued
)

select
    song_key,
    song,
    artist,
    max(is_catalogued) as is_catalogued
from touched
group by
    song_key,
    song,
    artist;
