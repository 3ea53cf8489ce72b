-- The songs that a text asked about is compared with, the nearest first: those of the
-- base name, else others of the artist.
-- grain: one row per name and duration of a song
with

compared as (
    select distinct
        touched_names.song_id,
        touched_names.artist_id,
        touched_names.delivered_title,
        touched_names.delivered_artist,
        touched_names.duration,
        case
            when
                trim(both ' ' from asked.song)
                = trim(both ' ' from touched_names.delivered_title)
                and trim(both ' ' from asked.artist)
                = trim(both ' ' from touched_names.delivered_artist)
                then 1
            when asked.match_key = touched_names.match_key then 2
            when asked.base_key = touched_names.base_key then 3
            else 4
        end as distance
    from touched_names
    cross join touched_texts as asked
)

select
    song_id,
    artist_id,
    delivered_title,
    delivered_artist,
    duration,
    distance
from compared
order by
    distance,
    song_id,
    delivered_title,
    delivered_artist,
    duration
limit 10;
