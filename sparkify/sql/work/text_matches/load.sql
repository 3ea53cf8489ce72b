-- How a play finds its song: what the catalogue has for a text, by how alike their names
-- are. The names are the same (title), or the same but for what never tells songs apart
-- (folded), or but for what at times does (timed); the nearest of these alone counts.
-- Lengths are compared exactly (exact), or by whole seconds, at most one apart: between
-- several songs of a text, and to believe one that is timed. A text without a song may
-- still have an artist, if all songs by that name are one artist's (artist).
-- grain: one row per text and duration; per text and second; and per text
create temp table text_matches as
with

candidates as (
    select
        touched_texts.text_id,
        touched_names.song_id,
        touched_names.duration,
        case
            when
                touched_texts.song = touched_names.delivered_title
                and touched_texts.artist = touched_names.delivered_artist
                then 1
            when
                trim(both ' ' from touched_texts.song)
                = trim(both ' ' from touched_names.delivered_title)
                and trim(both ' ' from touched_texts.artist)
                = trim(both ' ' from touched_names.delivered_artist)
                then 1
            else 2
        end as distance
    from touched_texts
    inner join touched_names
        on touched_texts.match_key = touched_names.match_key
    union all
    select
        touched_texts.text_id,
        touched_names.song_id,
        touched_names.duration,
        3 as distance
    from touched_texts
    inner join touched_names
        on touched_texts.base_key = touched_names.base_key
),

nearest as (
    select
        text_id,
        min(distance) as distance
    from candidates
    group by text_id
),

found as (
    select
        candidates.text_id,
        candidates.song_id,
        candidates.duration,
        candidates.distance
    from candidates
    inner join nearest
        on candidates.text_id = nearest.text_id
        and candidates.distance = nearest.distance
),

texts as (
    select
        text_id,
        distance,
        min(song_id) as song_id,
        case
            when distance = 1 then 'title'
            when distance = 2 then 'folded'
            else 'timed'
        end as match_method,
        case
            when distance = 1 then 1
            when distance = 2 and min(song_id) = max(song_id) then 1
            else 0
        end as is_certain,
        case
            when distance = 3 or min(song_id) <> max(song_id) then 1
            else 0
        end as is_timed
    from found
    group by
        text_id,
        distance
),

exact as (
    select
        text_id,
        duration,
        min(song_id) as song_id
    from found
    where
        distance = 1
        and duration is not null
    group by
        text_id,
        duration
),

seconds as (
    select 0 as apart
    union all
    select 1 as apart
    union all
    select -1 as apart
),

ranked as (
    select
        found.text_id,
        floor(found.duration) + seconds.apart as second,
        found.song_id,
        texts.match_method,
        row_number() over (
            partition by found.text_id, floor(found.duration) + seconds.apart
            order by abs(seconds.apart), found.song_id
        ) as place
    from found
    inner join texts
        on found.text_id = texts.text_id
    cross join seconds
    where
        texts.is_timed = 1
        and found.duration is not null
),

matches as (
    select
        text_id,
        duration,
        cast(null as double precision) as second,
        song_id,
        'exact' as match_method
    from exact
    union all
    select
        text_id,
        cast(null as double precision) as duration,
        second,
        song_id,
        match_method
    from ranked
    where place = 1
    union all
    select
        text_id,
        cast(null as double precision) as duration,
        cast(null as double precision) as second,
        song_id,
        match_method
    from texts
    where is_certain = 1
),

artists as (
    select
        artist_key,
        min(artist_id) as artist_id
    from touched_names
    group by artist_key
    having min(artist_id) = max(artist_id)
)

select
    matches.text_id,
    matches.duration,
    matches.second,
    matches.song_id,
    songs.artist_id,
    matches.match_method
from matches
inner join analytics.songs
    on matches.song_id = songs.song_id
union all
select
    touched_texts.text_id,
    cast(null as double precision) as duration,
    cast(null as double precision) as second,
    cast(null as varchar(1024)) as song_id,
    artists.artist_id,
    'artist' as match_method
from touched_texts
inner join artists
    on touched_texts.artist_key = artists.artist_key
left join texts
    on touched_texts.text_id = texts.text_id
    and texts.is_certain = 1
where texts.text_id is null;
