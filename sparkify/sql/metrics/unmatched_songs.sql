-- The songs played most that the catalogue lacks: what to get next.
-- grain: one row per song
with

played as (
    select
        song_key,
        count(*) as plays,
        count(distinct user_id) as listeners,
        min(song) as song,
        min(artist) as artist,
        max(song_id) as song_id
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
where song_id is null
order by
    plays desc,
    listeners desc,
    song_key
limit 10;
