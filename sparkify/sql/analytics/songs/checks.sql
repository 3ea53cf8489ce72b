-- check: songs_key_is_unique
-- severity: error
-- A song has one row.
with

touched as (
    select distinct song_id
    from touched_songs
)

select
    songs.song_id,
    count(*) as rows_found
from analytics.songs
inner join touched
    on songs.song_id = touched.song_id
group by songs.song_id
having count(*) > 1;

-- check: songs_have_their_artist
-- severity: error
-- The artist of a song is in analytics.artists.
with

touched as (
    select distinct song_id
    from touched_songs
)

select
    songs.song_id,
    songs.artist_id
from analytics.songs
inner join touched
    on songs.song_id = touched.song_id
left join analytics.artists
    on songs.artist_id = artists.artist_id
where artists.artist_id is null;

-- check: songs_are_complete
-- severity: error
-- Every delivered song has a row.
with

touched as (
    select distinct song_id
    from touched_songs
)

select touched.song_id
from touched
left join analytics.songs
    on touched.song_id = songs.song_id
where songs.song_id is null;

-- check: songs_come_from_deliveries
-- severity: error
-- scope: warehouse
-- A song was delivered.
with

touched as (
    select distinct song_id
    from touched_songs
)

select songs.song_id
from analytics.songs
left join touched
    on songs.song_id = touched.song_id
where touched.song_id is null;
