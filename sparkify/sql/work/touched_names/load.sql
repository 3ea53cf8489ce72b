-- What the catalogue delivers by the artists of the touched texts. Every name a song
-- or an artist was delivered with counts; deliveries that a newer version of the song
-- replaced do not.
-- grain: one row per delivery of a song
create temp table touched_names as
with

artists as (
    select distinct artist_key
    from touched_texts
    where artist_key is not null
),

deliveries as (
    select
        -- to trim every text costs DuckDB far more
        case
            when songs.song_id like ' %' or songs.song_id like '% '
                then trim(both ' ' from songs.song_id)
            else songs.song_id
        end as song_id,
        case
            when songs.artist_id like ' %' or songs.artist_id like '% '
                then trim(both ' ' from songs.artist_id)
            else songs.artist_id
        end as artist_id,
        songs.duration,
        song_names.delivered_title,
        song_names.delivered_artist,
        song_names.match_key,
        song_names.base_key,
        song_names.artist_key,
        coalesce(loads.revision, :revision) as revision
    from artists
    inner join analytics.song_names
        on artists.artist_key = song_names.artist_key
    inner join staging.songs
        on song_names.delivered_title = coalesce(songs.title, '')
        and song_names.delivered_artist = coalesce(songs.artist_name, '')
    left join control.loads
        on songs.load_id = loads.load_id
),

replaced as (
    select
        trim(both ' ' from songs.song_id) as song_id,
        max(coalesce(loads.revision, :revision)) as revision
    from staging.songs
    left join control.loads
        on songs.load_id = loads.load_id
    where coalesce(loads.revision, :revision) > 0
    group by trim(both ' ' from songs.song_id)
)

select
    deliveries.song_id,
    deliveries.artist_id,
    deliveries.duration,
    deliveries.delivered_title,
    deliveries.delivered_artist,
    deliveries.match_key,
    deliveries.base_key,
    deliveries.artist_key
from deliveries
left join replaced
    on deliveries.song_id = replaced.song_id
where
    replaced.song_id is null
    or deliveries.revision = replaced.revision;
