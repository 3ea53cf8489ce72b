-- How a play finds its song: the songs of the catalogue that go by a text.
-- With a duration, a match of title, artist and duration; without one, of title and
-- artist alone. Of several songs the least song_id. Every name an artist was delivered
-- with counts; deliveries that a newer version of the song replaced do not.
-- grain: one row per pair of texts and duration, and one per pair of texts
create temp table text_matches as
with

deliveries as (
    select
        touched_texts.text_id,
        trim(songs.song_id) as song_id,
        songs.duration,
        coalesce(loads.revision, :revision) as revision
    from touched_texts
    inner join staging.songs
        on trim(touched_texts.song) = trim(songs.title)
        and trim(touched_texts.artist) = trim(songs.artist_name)
    left join control.loads
        on songs.load_id = loads.load_id
    where
        trim(songs.title) <> ''
        and trim(songs.artist_name) <> ''
),

replaced as (
    select
        trim(songs.song_id) as song_id,
        max(coalesce(loads.revision, :revision)) as revision
    from staging.songs
    left join control.loads
        on songs.load_id = loads.load_id
    where coalesce(loads.revision, :revision) > 0
    group by trim(songs.song_id)
),

current_deliveries as (
    select
        deliveries.text_id,
        deliveries.song_id,
        deliveries.duration
    from deliveries
    left join replaced
        on deliveries.song_id = replaced.song_id
    where
        replaced.song_id is null
        or deliveries.revision = replaced.revision
),

exact as (
    select
        text_id,
        duration,
        min(song_id) as song_id
    from current_deliveries
    where duration is not null
    group by
        text_id,
        duration
),

title as (
    select
        text_id,
        min(song_id) as song_id
    from current_deliveries
    group by text_id
),

matches as (
    select
        text_id,
        duration,
        song_id,
        'exact' as match_method
    from exact
    union all
    select
        text_id,
        cast(null as double precision) as duration,
        song_id,
        'title' as match_method
    from title
)

select
    matches.text_id,
    matches.duration,
    matches.song_id,
    songs.artist_id,
    matches.match_method
from matches
inner join analytics.songs
    on matches.song_id = songs.song_id;
