-- Every delivery, older ones included, of the songs and artists this load delivers.
-- grain: one row per delivery
create temp table touched_songs as
with

delivered_now as (
    select distinct
        trim(both ' ' from song_id) as song_id,
        trim(both ' ' from artist_id) as artist_id
    from staging.songs
    where load_id between :first_load_id and :last_load_id
),

touched_song_ids as (
    select distinct song_id
    from delivered_now
),

touched_artist_ids as (
    select distinct artist_id
    from delivered_now
)

select
    trim(both ' ' from songs.song_id) as song_id,
    nullif(songs.title, '') as title,
    trim(both ' ' from songs.artist_id) as artist_id,
    nullif(songs.year, 0) as year,
    songs.duration,
    nullif(songs.artist_name, '') as artist_name,
    nullif(songs.artist_location, '') as artist_location,
    songs.artist_latitude,
    songs.artist_longitude,
    coalesce(loads.revision, :revision) as revision,
    case when touched_song_ids.song_id is null then 0 else 1 end as is_touched_song,
    case when touched_artist_ids.artist_id is null then 0 else 1 end as is_touched_artist
from staging.songs
left join touched_song_ids
    on trim(both ' ' from songs.song_id) = touched_song_ids.song_id
left join touched_artist_ids
    on trim(both ' ' from songs.artist_id) = touched_artist_ids.artist_id
left join control.loads
    on songs.load_id = loads.load_id
where
    touched_song_ids.song_id is not null
    or touched_artist_ids.artist_id is not null;
