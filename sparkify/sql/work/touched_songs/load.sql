-- Every delivery, older ones included, of the songs and artists this load delivers.
-- grain: one row per delivery
create temp table touched_songs as
with

deliveries as (
    select
        -- to trim every text costs DuckDB far more
        case
            when song_id like ' %' or song_id like '% '
                then trim(both ' ' from song_id)
            else song_id
        end as song_id,
        nullif(title, '') as title,
        case
            when artist_id like ' %' or artist_id like '% '
                then trim(both ' ' from artist_id)
            else artist_id
        end as artist_id,
        nullif(year, 0) as year,
        duration,
        nullif(artist_name, '') as artist_name,
        nullif(artist_location, '') as artist_location,
        artist_latitude,
        artist_longitude,
        load_id
    from staging.songs
),

touched_song_ids as (
    select distinct song_id
    from deliveries
    where load_id between :first_load_id and :last_load_id
),

touched_artist_ids as (
    select distinct artist_id
    from deliveries
    where load_id between :first_load_id and :last_load_id
)

select
    deliveries.song_id,
    deliveries.title,
    deliveries.artist_id,
    deliveries.year,
    deliveries.duration,
    deliveries.artist_name,
    deliveries.artist_location,
    deliveries.artist_latitude,
    deliveries.artist_longitude,
    coalesce(loads.revision, :revision) as revision,
    case when touched_song_ids.song_id is null then 0 else 1 end as is_touched_song,
    case when touched_artist_ids.artist_id is null then 0 else 1 end as is_touched_artist
from deliveries
left join touched_song_ids
    on deliveries.song_id = touched_song_ids.song_id
left join touched_artist_ids
    on deliveries.artist_id = touched_artist_ids.artist_id
left join control.loads
    on deliveries.load_id = loads.load_id
where
    touched_song_ids.song_id is not null
    or touched_artist_ids.artist_id is not null;
