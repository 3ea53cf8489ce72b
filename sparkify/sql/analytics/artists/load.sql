-- Each artist this load delivers: one delivered tuple, whole. The higher revision
-- wins, then a tuple with both coordinates, then one with a location, then the least.
create temp table changed_artists as
with

ranked as (
    select
        artist_id,
        artist_name,
        artist_location,
        artist_latitude,
        artist_longitude,
        row_number() over (
            partition by artist_id
            order by
                revision desc,
                case
                    when artist_latitude is null or artist_longitude is null then 1
                    else 0
                end,
                case when artist_location is null then 1 else 0 end,
                case when artist_name is null then 1 else 0 end,
                artist_name,
                artist_location,
                case when artist_latitude is null then 1 else 0 end,
                artist_latitude,
                case when artist_longitude is null then 1 else 0 end,
                artist_longitude
        ) as place
    from touched_songs
    where is_touched_artist = 1
)

select
    artist_id,
    artist_name as name,
    artist_location as location,
    artist_latitude as latitude,
    artist_longitude as longitude
from ranked
where place = 1
except
select
    artist_id,
    name,
    location,
    latitude,
    longitude
from analytics.artists;

delete from analytics.artists
using changed_artists
where artists.artist_id = changed_artists.artist_id;

insert into analytics.artists (
    artist_id,
    name,
    location,
    latitude,
    longitude
)
select
    artist_id,
    name,
    location,
    latitude,
    longitude
from changed_artists;
