-- What the log calls the songs of the plays this load settles, as delivered.
-- grain: one row per distinct pair of song and artist
create temp table played_texts as
select distinct
    coalesce(song, '') as delivered_song,
    coalesce(artist, '') as delivered_artist
from settled_events
where page = 'NextSong';
