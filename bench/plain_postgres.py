"""The floor on PostgreSQL: a plain script of COPY and SQL for the same tables.

`python -m bench.plain_postgres LOG_DATA SONG_DATA DSN`. Rows come by COPY from CSV that
DuckDB makes of the files, the quickest way in there is; then PostgreSQL's own idioms,
one transaction, no ledger, no lock, no checks. The same indexes, made when the rows are
there, which is cheaper. Text is compared by its bytes.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Thread

import duckdb
import psycopg2
from psycopg2.extensions import cursor

from bench.plain import AGENTS, EVENTS, LOOKUPS, NAMES, SONGS, TEXTS
from sparkify.engines.base import Row
from sparkify.lookups.agents import user_agents
from sparkify.lookups.texts import song_names, song_texts

TABLES = """
create schema staging;
create schema analytics;
create table staging.events (
    artist varchar collate "C", auth varchar collate "C",
    first_name varchar collate "C", gender varchar collate "C",
    item_in_session integer, last_name varchar collate "C", length double precision,
    level varchar collate "C", location varchar collate "C",
    method varchar collate "C", page varchar collate "C",
    registration double precision, session_id bigint, song varchar collate "C",
    status integer, ts bigint, user_agent varchar collate "C",
    user_id varchar collate "C", load_id bigint
);
create table staging.songs (
    num_songs integer, artist_id varchar collate "C",
    artist_latitude double precision, artist_longitude double precision,
    artist_location varchar collate "C", artist_name varchar collate "C",
    song_id varchar collate "C", title varchar collate "C",
    duration double precision, year integer, load_id bigint
);
"""

EVENT = """
analyze staging.events;
analyze staging.songs;
create temp table event as
select distinct on (session_id, item_in_session, coalesce(user_id, ''))
    *, timestamp '1970-01-01' + ts * interval '1 millisecond' as happened_at
from staging.events
order by
    session_id, item_in_session, coalesce(user_id, ''),
    ts desc, artist, auth, first_name, gender, last_name, length, level, location,
    method, page, registration, song, status, user_agent;
analyze event;
"""

USERS = """
create table analytics.users as
select distinct on (user_id::bigint)
    user_id::bigint as user_id, first_name, last_name, gender, level,
    timestamp '1970-01-01' + floor(registration) * interval '1 millisecond'
        as registered_at,
    happened_at as last_event_at, session_id as last_session_id,
    item_in_session as last_item_in_session
from event
where user_id <> ''
order by user_id::bigint, ts desc, session_id desc, item_in_session desc;
create table analytics.user_levels as
with span as materialized (
    select
        user_id, min(level) as level, min(happened_at) as valid_from,
        min(coalesce(level, '')) <> max(coalesce(level, '')) as changes
    from event
    where user_id <> ''
    group by user_id
),
moment as (
    select distinct on (user_id, happened_at) user_id, happened_at, level
    from event
    where user_id in (select user_id from span where changes)
    order by user_id, happened_at, session_id desc, item_in_session desc
),
followed as (
    select
        *,
        row_number() over own as place,
        lag(level) over own as previous_level
    from moment
    window own as (partition by user_id order by happened_at)
),
change as (
    select user_id, level, happened_at as valid_from
    from followed
    where place = 1 or level is distinct from previous_level
    union all
    select user_id, level, valid_from from span where not changes
)
select
    user_id::bigint as user_id, level, valid_from,
    lead(valid_from) over (partition by user_id order by valid_from) as valid_to
from change;
create table analytics.places as
select
    location,
    case when is_place then split_part(location, ', ', 1) end as metro,
    case when is_place then split_part(location, ', ', 2) end as states,
    case when is_place then left(split_part(location, ', ', 2), 2) end as primary_state
from (
    select
        location,
        location ~ '^[^,]*[^, ], [A-Z][A-Z](-[A-Z][A-Z])*$' as is_place
    from (
        select distinct location from staging.events where location <> ''
    ) as delivered
) as parsed;
"""

LIBRARY = """
create table analytics.artists as
select distinct on (artist_id)
    artist_id, artist_name as name, nullif(artist_location, '') as location,
    artist_latitude as latitude, artist_longitude as longitude
from staging.songs
order by
    artist_id, (artist_latitude is null or artist_longitude is null),
    (nullif(artist_location, '') is null), artist_name, nullif(artist_location, ''),
    artist_latitude, artist_longitude;
create table analytics.songs as
select distinct on (song_id)
    song_id, title, artist_id, nullif(year, 0) as year, duration
from staging.songs
order by song_id, title, artist_id, nullif(year, 0), duration;
create temp table text as
select *, row_number() over () as text_id from analytics.song_texts;
create temp table name as
select s.song_id, s.artist_id, s.duration, n.*
from staging.songs as s
join analytics.song_names as n
    on coalesce(s.title, '') = n.delivered_title
    and coalesce(s.artist_name, '') = n.delivered_artist;
analyze text;
analyze name;
create temp table found as
select text_id, song_id, duration, distance
from (
    select *, min(distance) over (partition by text_id) as least
    from (
        select
            t.text_id, n.song_id, n.duration,
            case
                when
                    trim(t.song) = trim(n.delivered_title)
                    and trim(t.artist) = trim(n.delivered_artist)
                    then 1
                else 2
            end as distance
        from text as t join name as n using (match_key)
        union all
        select t.text_id, n.song_id, n.duration, 3 as distance
        from text as t join name as n using (base_key)
    ) as candidate
) as ranked
where distance = least;
create temp table candidate as
select
    text_id, distance, min(song_id) as song_id,
    distance = 1 or (distance = 2 and min(song_id) = max(song_id)) as is_certain,
    distance = 3 or min(song_id) <> max(song_id) as is_timed,
    case distance when 1 then 'title' when 2 then 'folded' else 'timed' end as method
from found
group by text_id, distance;
create temp table exact as
select text_id, duration, min(song_id) as song_id
from found
where distance = 1 and duration is not null
group by text_id, duration;
create temp table timed as
select distinct on (text_id, floor(found.duration) + apart)
    text_id, floor(found.duration) + apart as second, method, found.song_id
from found
join candidate using (text_id)
cross join (values (0), (1), (-1)) as seconds (apart)
where is_timed and found.duration is not null
order by text_id, floor(found.duration) + apart, abs(apart), found.song_id;
create temp table performer as
select artist_key, min(artist_id) as artist_id
from name
where artist_key is not null
group by artist_key
having min(artist_id) = max(artist_id);
analyze candidate;
analyze exact;
analyze timed;
analyze performer;
analyze analytics.songs;
"""

PLAYS = """
create table analytics.songplays as
select
    p.songplay_id, p.start_time, p.user_id, p.level, p.song_id,
    coalesce(s.artist_id, p.only_artist_id) as artist_id, p.session_id, p.location,
    p.user_agent, p.item_in_session, p.song, p.artist, p.song_key, p.length,
    p.length_ms, p.match_method
from (
    select
        e.session_id || '-' || e.item_in_session || '-' || coalesce(e.user_id, '')
            as songplay_id,
        e.happened_at as start_time, nullif(e.user_id, '')::bigint as user_id, e.level,
        coalesce(x.song_id, d.song_id, c.song_id) as song_id,
        case when c.song_id is null then r.artist_id end as only_artist_id,
        e.session_id, nullif(e.location, '') as location,
        nullif(e.user_agent, '') as user_agent, e.item_in_session,
        nullif(t.song, '') as song, nullif(t.artist, '') as artist,
        case when t.song <> '' or t.artist <> '' then t.song_key end as song_key,
        e.length, floor(e.length * 1000 + 0.5)::bigint as length_ms,
        case
            when x.song_id is not null then 'exact'
            when d.song_id is not null then d.method
            when c.song_id is not null then c.method
            when r.artist_id is not null then 'artist'
        end as match_method
    from event as e
    join text as t
        on coalesce(e.song, '') = t.delivered_song
        and coalesce(e.artist, '') = t.delivered_artist
    left join exact as x on t.text_id = x.text_id and e.length = x.duration
    left join timed as d on t.text_id = d.text_id and floor(e.length) = d.second
    left join candidate as c on t.text_id = c.text_id and c.is_certain
    left join performer as r on t.artist_key = r.artist_key
    where e.page = 'NextSong'
) as p
left join analytics.songs as s on p.song_id = s.song_id;
create table analytics.time as
select
    start_time, extract(hour from start_time)::integer as hour,
    extract(day from start_time)::integer as day,
    extract(week from start_time)::integer as week,
    extract(month from start_time)::integer as month,
    extract(year from start_time)::integer as year,
    extract(dow from start_time)::integer as weekday,
    date_trunc('week', start_time)::date as week_start
from (select distinct start_time from analytics.songplays) as plays;
create table analytics.page_views as
select
    session_id || '-' || item_in_session || '-' || user_id as page_view_id,
    happened_at as viewed_at, user_id::bigint as user_id, level, session_id,
    nullif(location, '') as location, nullif(user_agent, '') as user_agent,
    item_in_session, page
from event
where user_id <> '' and page is distinct from 'NextSong';
create table analytics.sessions as
with timed as (
    select
        *,
        page is not distinct from 'NextSong' as is_play,
        case when page = 'NextSong' then floor(length * 1000 + 0.5)::bigint end
            as length_ms
    from event
    where user_id <> ''
),
followed as (
    select
        *,
        row_number() over (
            partition by session_id, user_id order by ts, item_in_session
        ) = 1 as is_first,
        lead(ts) over (
            partition by
                session_id, user_id,
                coalesce(
                    page in ('NextSong', 'Logout', 'Cancellation Confirmation'), false
                )
            order by ts, item_in_session
        ) - ts as until_next_ms
    from timed
)
select
    session_id, user_id::bigint as user_id, min(happened_at) as started_at,
    max(level) filter (where is_first) as level,
    max(nullif(location, '')) filter (where is_first) as location,
    max(nullif(user_agent, '')) filter (where is_first) as user_agent,
    count(*) as events, count(*) filter (where is_play) as plays,
    count(*) filter (where is_play and coalesce(until_next_ms, length_ms) >= 30000)
        as qualified_plays,
    max(ts + coalesce(length_ms, 0)) - min(ts) as duration_ms,
    coalesce(sum(length_ms), 0)::bigint as length_ms,
    coalesce(
        sum(least(length_ms, coalesce(until_next_ms, length_ms)))
            filter (where is_play),
        0
    )::bigint as heard_ms
from followed
group by session_id, user_id;
create table analytics.user_hours as
select
    user_id, date_trunc('hour', start_time) as hour_start, level, location, user_agent,
    count(*) as plays, coalesce(sum(length_ms), 0)::bigint as length_ms,
    max(start_time) as last_play_at
from analytics.songplays
group by 1, 2, 3, 4, 5;
"""

INDEXES = """
create index on staging.events (load_id);
create index on staging.events (session_id, item_in_session);
create index on staging.songs (load_id);
create index on analytics.users (user_id);
create index on analytics.artists (artist_id);
create index on analytics.songs (song_id);
create index on analytics.time (start_time);
create index on analytics.songplays (session_id, item_in_session);
create index on analytics.songplays (song_key);
create index on analytics.songplays (start_time);
create index on analytics.page_views (session_id, item_in_session);
create index on analytics.page_views (viewed_at);
create index on analytics.sessions (session_id);
create index on analytics.user_hours (hour_start);
analyze;
"""


def main(log_data: str, song_data: str, dsn: str) -> None:
    """Load everything into an empty database."""
    logs = [str(path) for path in sorted(Path(log_data).rglob("*.json"))]
    with (
        psycopg2.connect(dsn) as connection,
        connection.cursor() as warehouse,
        tempfile.NamedTemporaryFile("wb", suffix=".json") as joined,
    ):
        warehouse.execute(TABLES)
        for path in sorted(Path(song_data).rglob("*.json")):
            joined.write(path.read_bytes().rstrip(b"\n") + b"\n")
        joined.flush()
        _copy(warehouse, "staging.songs", [joined.name], SONGS)
        _copy(warehouse, "staging.events", logs, EVENTS)
        warehouse.execute(EVENT)
        _look_up(warehouse, "song_texts", song_texts(_rows(warehouse, TEXTS)))
        _look_up(warehouse, "song_names", song_names(_rows(warehouse, NAMES)))
        _look_up(warehouse, "user_agents", user_agents(_rows(warehouse, AGENTS)))
        for script in (USERS, LIBRARY, PLAYS, INDEXES):
            warehouse.execute(script)
    connection.close()


def _copy(warehouse: cursor, table: str, paths: list[str], columns: str) -> None:
    """Copy the records of files, through a pipe."""
    reading, writing = os.pipe()

    def write() -> None:
        select = (
            f"select *, 1 from read_json({paths}, format = 'newline_delimited', "
            f"columns = {columns})"
        )
        try:
            with duckdb.connect(config={"preserve_insertion_order": False}) as reader:
                reader.execute(
                    f"copy ({select}) to '/dev/fd/{writing}' "
                    "(format csv, header false, nullstr '', use_tmp_file false)"
                )
        finally:
            os.close(writing)

    writer = Thread(target=write)
    writer.start()
    with os.fdopen(reading, "rb") as rows:
        warehouse.copy_expert(f"copy {table} from stdin (format csv)", rows)
    writer.join()


def _rows(warehouse: cursor, select: str) -> list[Row]:
    warehouse.execute(select)
    return warehouse.fetchall()


def _look_up(warehouse: cursor, table: str, rows: Iterable[Row]) -> None:
    """Write a lookup."""
    columns = ", ".join(
        f'{name} {type_} collate "C"' if type_ == "varchar" else f"{name} {type_}"
        for name, type_ in LOOKUPS[table].items()
    )
    warehouse.execute(f"create table analytics.{table} ({columns})")
    with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
        file.writelines(_lines(rows))
        file.seek(0)
        warehouse.copy_expert(f"copy analytics.{table} from stdin", file)
    warehouse.execute(f"analyze analytics.{table}")


def _lines(rows: Iterable[Row]) -> Iterator[str]:
    """Rows as COPY reads them."""
    special = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
    for row in rows:
        cells = (r"\N" if v is None else str(v).translate(special) for v in row)
        yield "\t".join(cells) + "\n"


if __name__ == "__main__":
    main(*sys.argv[1:])
