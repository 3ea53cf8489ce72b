"""The floors on PostgreSQL: Python rows into staging, and a plain script for the star.

`python -m bench.plain_postgres rows|script DSN LOG_DATA SONG_DATA`. `rows` is the usual
loader: each line is parsed by orjson, and goes as text through COPY. `script` makes the
same tables, columns and indexes as we do: DuckDB reads and casts as it likes, COPY from
a pipe, PostgreSQL's own idioms, indexes after the rows; one transaction, no ledger, no
lock, no checks. Texts are repaired and hashed by the same functions, since no SQL can.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from threading import Thread
from typing import Any

import duckdb
import psycopg2

from bench.plain import EVENTS, SONGS
from sparkify.engines.streams import Lines
from sparkify.lookups import repair, song_key
from sparkify.models import load_models

KEYS = load_models().table("staging.events").json_keys

CLEAN = """
create temp table event as
select distinct on (session_id, item_in_session, coalesce(user_id, ''))
    *, timestamp 'epoch' + ts * interval '1 ms' as start_time
from staging.events
order by
    session_id, item_in_session, coalesce(user_id, ''),
    ts desc, artist, auth, first_name, gender, last_name, length, level, location,
    method, page, registration, song, status, user_agent;
analyze event;
"""
STAR = """
insert into analytics.users
select distinct on (user_id::bigint)
    user_id::bigint, first_name, last_name, gender, level,
    timestamp 'epoch' + registration * interval '1 ms', start_time, session_id,
    item_in_session
from event
where user_id <> ''
order by user_id::bigint, ts desc, session_id desc, item_in_session desc;
insert into analytics.songs
select distinct on (song_id) song_id, title, artist_id, nullif(year, 0), duration
from staging.songs
order by song_id, title, artist_id, year, duration;
insert into analytics.artists
select distinct on (artist_id)
    artist_id, artist_name, nullif(artist_location, ''), artist_latitude,
    artist_longitude
from staging.songs
order by artist_id, (artist_latitude is null), artist_name;
create temp table library as
select title, artist_name, duration, min(song_id) as song_id
from staging.songs
group by title, artist_name, duration;
create temp table by_title as
select title, artist_name, min(song_id) as song_id
from library
group by title, artist_name;
analyze library;
analyze by_title;
analyze analytics.song_texts;
analyze analytics.songs;
insert into analytics.songplays
select
    e.session_id || '-' || e.item_in_session || '-' || coalesce(e.user_id, ''),
    e.start_time, nullif(e.user_id, '')::bigint, e.level,
    coalesce(l.song_id, b.song_id), s.artist_id, e.session_id, e.location,
    e.user_agent, e.item_in_session, t.song, t.artist, t.song_key, e.length,
    round(e.length * 1000)::bigint,
    case
        when l.song_id is not null then 'exact'
        when b.song_id is not null then 'title'
    end
from event as e
left join analytics.song_texts as t
    on coalesce(e.song, '') = t.delivered_song
    and coalesce(e.artist, '') = t.delivered_artist
left join library as l
    on t.song = l.title and t.artist = l.artist_name and e.length = l.duration
left join by_title as b on t.song = b.title and t.artist = b.artist_name
left join analytics.songs as s on coalesce(l.song_id, b.song_id) = s.song_id
where e.page = 'NextSong';
insert into analytics.time
select
    start_time, extract(hour from start_time), extract(day from start_time),
    extract(week from start_time), extract(month from start_time),
    extract(year from start_time), extract(dow from start_time),
    date_trunc('week', start_time)::date
from (select distinct start_time from analytics.songplays) as times;
"""


class Pipe:
    """The end of a pipe that COPY reads; DuckDB writes the rows of a select into it."""

    def __init__(self, select: str, paths: Sequence[str]) -> None:
        self._end, writing = os.pipe()
        Thread(target=self._write, args=(select, paths, writing)).start()

    def read(self, size: int) -> bytes:
        """What there is."""
        return os.read(self._end, size)

    @staticmethod
    def _write(select: str, paths: Sequence[str], writing: int) -> None:
        connection = duckdb.connect(config={"preserve_insertion_order": False})
        connection.execute(
            f"copy ({select}) to '/dev/fd/{writing}' (format csv, header false)",
            {"paths": paths},
        )
        os.close(writing)


def rows(cursor: Any, logs: list[str], _: list[str]) -> None:
    """Python rows into staging.events."""
    cursor.copy_expert(
        "copy staging.events from stdin", Lines(_parsed(logs)), 1024 * 1024
    )


def _parsed(logs: list[str]) -> Iterator[tuple[object, ...]]:
    import orjson

    for path in logs:
        with Path(path).open("rb") as lines:
            for line in lines:
                record = orjson.loads(line)
                yield (*map(record.get, KEYS), 1)


def script(cursor: Any, logs: list[str], songs: list[str]) -> None:
    """Staging and star."""
    tables = load_models().tables
    copy_in(cursor, "staging.songs", SONGS, songs)
    copy_in(cursor, "staging.events", EVENTS, logs)
    cursor.execute(CLEAN)
    cursor.execute(
        "select distinct coalesce(song, ''), coalesce(artist, '') from event "
        "where page = 'NextSong'"
    )
    texts = Lines(_texts(cursor.fetchall()))
    cursor.copy_expert("copy analytics.song_texts from stdin", texts, 1024 * 1024)
    cursor.execute(STAR)
    for table in tables:
        for columns in table.physical.indexes:
            cursor.execute(f"create index on {table.full_name} ({columns})")


def copy_in(cursor: Any, table: str, columns: str, paths: list[str]) -> None:
    """Copy JSON files into a table."""
    select = (
        "select *, 1::bigint as load_id from read_json($paths, "
        f"format = 'newline_delimited', columns = {columns})"
    )
    pipe = Pipe(select, paths)
    cursor.copy_expert(f"copy {table} from stdin (format csv)", pipe, 1024 * 1024)


def _texts(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[object, ...]]:
    for song, artist in pairs:
        fixed = repair(song), repair(artist)
        yield song, artist, *fixed, song_key(*fixed), 1


def main(what: str, dsn: str, log_data: str, song_data: str) -> None:
    """Load everything into a database that has the tables."""
    logs, songs = (
        [str(path) for path in sorted(Path(folder).rglob("*.json"))]
        for folder in (log_data, song_data)
    )
    connection = psycopg2.connect(dsn)
    with connection, connection.cursor() as cursor:
        {"rows": rows, "script": script}[what](cursor, logs, songs)
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
