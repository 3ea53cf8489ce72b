-- The songs played most. Songs are counted by the text of the log, not by song_id: a
-- play the catalogue does not know is a play. Exact.
-- grain: one row per song
with

played as (
    select
        song_key,
        count(*) as plays,
        count(distinct user_id) as listeners,
        min(song) as song,
        min(artist) as artist
    from analytics.songplays
    where song_key is not null
    group by song_key
)

select
    song,
    artist,
    plays,
    listeners
from played
order by
    plays desc,
    listeners desc,
    song_key
limit 10;
