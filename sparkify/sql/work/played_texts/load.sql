-- What the log calls the songs of the plays this load delivers or settles again.
-- grain: one row per distinct pair of song and artist as delivered
create temp table played_texts as
select
    coalesce(song, '') as delivered_song,
    coalesce(artist, '') as delivered_artist
from staging.events
where
    load_id between :first_load_id and :last_load_id
    and page = 'NextSong'
union
select
    coalesce(song, '') as delivered_song,
    coalesce(artist, '') as delivered_artist
from settled_events
where
    page = 'NextSong'
    and is_contested = 1;
