-- check: song_names_key_is_unique
-- severity: error
-- A pair of title and artist has one row.
with

touched as (
    select distinct
        coalesce(title, '') as delivered_title,
        coalesce(artist_name, '') as delivered_artist
    from touched_songs
    where is_touched_song = 1
)

select
    song_names.delivered_title,
    song_names.delivered_artist,
    count(*) as rows_found
from analytics.song_names
inner join touched
    on song_names.delivered_title = touched.delivered_title
    and song_names.delivered_artist = touched.delivered_artist
group by
    song_names.delivered_title,
    song_names.delivered_artist
having count(*) > 1;
