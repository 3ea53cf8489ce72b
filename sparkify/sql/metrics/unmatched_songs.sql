-- Which songs does the catalogue lack the most?
-- The songs played most in the period of which no play has found a song: what to get
-- next. As many as the chart is deep.
-- grain: one row per song
-- kind: exact
-- column: song text Title by the log, as most plays have it.
-- column: artist text Artist by the log, likewise.
-- column: plays integer Plays.
-- column: listeners integer Users with a play.
with

ranked as (
    select
        song_counts.song_key,
        song_counts.plays,
        song_listeners.listeners,
        row_number() over (
            order by
                song_counts.plays desc,
                song_listeners.listeners desc,
                song_counts.song_key
        ) as place
    from song_counts
    inner join song_listeners
        on song_counts.song_key = song_listeners.song_key
    where song_counts.matched_plays = 0
)

select
    song_titles.song,
    song_titles.artist,
    ranked.plays,
    ranked.listeners
from ranked
left join song_titles
    on ranked.song_key = song_titles.song_key
where ranked.place <= :depth
order by ranked.place;
