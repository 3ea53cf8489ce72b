-- check: artists_key_is_unique
-- severity: error
-- An artist has one row.
with

touched as (
    select distinct artist_id
    from touched_songs
)

select
    artists.artist_id,
    count(*) as rows_found
from analytics.artists
inner join touched
    on artists.artist_id = touched.artist_id
group by artists.artist_id
having count(*) > 1;
