-- Each song this load delivers: one delivered tuple, whole. The higher revision wins,
-- then the least by title, artist, year, duration.
create temp table changed_songs as
with

ranked as (
    select
        song_id,
        title,
        artist_id,
        year,
        duration,
        row_number() over (
            partition by song_id
            order by
                revision desc,
                case when title is null then 1 else 0 end,
                title,
                artist_id,
                case when year is null then 1 else 0 end,
                year,
                case when duration is null then 1 else 0 end,
                duration
        ) as place
    from touched_songs
    where is_touched_song = 1
)

select
    song_id,
    title,
    artist_id,
    year,
    duration
from ranked
where place = 1
except
select
    song_id,
    title,
    artist_id,
    year,
    duration
from analytics.songs;

delete from analytics.songs
using changed_songs
where songs.song_id = changed_songs.song_id;

insert into analytics.songs (
    song_id,
    title,
    artist_id,
    year,
    duration
)
select
    song_id,
    title,
    artist_id,
    year,
    duration
from changed_songs;
