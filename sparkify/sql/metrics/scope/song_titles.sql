-- How the songs that may stand on a chart are written: of several spellings, such as those
-- in capitals, the one with the most plays in the period. An empty text is none.
-- grain: one row per such song
create temp table song_titles as
with

texts as (
    select
        song_texts.song_key,
        min(song_texts.song) as song,
        min(song_texts.artist) as artist,
        case
            when
                min(song_texts.song) < max(song_texts.song)
                or min(song_texts.artist) < max(song_texts.artist)
                then 1
            else 0
        end as has_several
    from analytics.song_texts
    inner join song_listeners
        on song_texts.song_key = song_listeners.song_key
    group by song_texts.song_key
),

several as (
    select song_key
    from texts
    where has_several = 1
),

written as (
    select
        songplays.song_key,
        coalesce(songplays.song, '') as song,
        coalesce(songplays.artist, '') as artist,
        count(*) as plays
    from analytics.songplays
    inner join several
        on songplays.song_key = several.song_key
    where
        songplays.start_time >= :period_start
        and songplays.start_time < :period_end
    group by
        songplays.song_key,
        coalesce(songplays.song, ''),
        coalesce(songplays.artist, '')
),

ranked as (
    select
        song_key,
        song,
        artist,
        row_number() over (
            partition by song_key
            order by plays desc, song, artist
        ) as place
    from written
)

select
    song_key,
    nullif(song, '') as song,
    nullif(artist, '') as artist
from texts
where has_several = 0
union all
select
    song_key,
    nullif(song, '') as song,
    nullif(artist, '') as artist
from ranked
where place = 1;
