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

-- check: artists_are_complete
-- severity: error
-- Every delivered artist has a row.
with

touched as (
    select distinct artist_id
    from touched_songs
)

select touched.artist_id
from touched
left join analytics.artists
    on touched.artist_id = artists.artist_id
where artists.artist_id is null;

-- check: artists_come_from_deliveries
-- severity: error
-- scope: warehouse
-- An artist was delivered.
with

touched as (
    select distinct artist_id
    from touched_songs
)

select artists.artist_id
from analytics.artists
left join touched
    on artists.artist_id = touched.artist_id
where touched.artist_id is null;
