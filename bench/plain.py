"""The floor: a plain DuckDB script for the same tables and columns.

`python -m bench.plain LOG_DATA SONG_DATA DATABASE`. DuckDB's own idioms, one
transaction, no ledger, no lock, no checks, values cast as DuckDB likes. Texts are
repaired and hashed by the same functions, since no SQL can.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import duckdb

from sparkify.lookups.texts import repair, song_key

EVENTS = """{
    'artist': 'varchar', 'auth': 'varchar', 'firstName': 'varchar',
    'gender': 'varchar', 'itemInSession': 'integer', 'lastName': 'varchar',
    'length': 'double', 'level': 'varchar', 'location': 'varchar',
    'method': 'varchar', 'page': 'varchar', 'registration': 'double',
    'sessionId': 'bigint', 'song': 'varchar', 'status': 'integer', 'ts': 'bigint',
    'userAgent': 'varchar', 'userId': 'varchar'
}"""
SONGS = """{
    'num_songs': 'integer', 'artist_id': 'varchar', 'artist_latitude': 'double',
    'artist_longitude': 'double', 'artist_location': 'varchar',
    'artist_name': 'varchar', 'song_id': 'varchar', 'title': 'varchar',
    'duration': 'double', 'year': 'integer'
}"""

STAGE = f"""
create schema staging;
create schema analytics;
create table staging.songs as
select *, 1::bigint as load_id
from read_json($songs, format = 'newline_delimited', columns = {SONGS});
create table staging.events as
select *, 1::bigint as load_id
from read_json($events, format = 'newline_delimited', columns = {EVENTS});
"""

EVENT = """
create temp table event as
select *, epoch_ms(ts) as start_time
from staging.events
qualify row_number() over (
    partition by sessionId, itemInSession, coalesce(userId, '')
    order by
        ts desc, artist, auth, firstName, gender, lastName, length, level, location,
        method, page, registration, song, status, userAgent
) = 1;
create temp table text as
select distinct coalesce(song, '') as song, coalesce(artist, '') as artist
from event
where page = 'NextSong';
"""

STAR = """
create table analytics.song_texts as
select * from read_json($texts, format = 'newline_delimited', columns = {
    'delivered_song': 'varchar', 'delivered_artist': 'varchar', 'song': 'varchar',
    'artist': 'varchar', 'song_key': 'bigint', 'rule_version': 'integer'
});
create table analytics.users as
select
    u.user_id,
    u.last.firstName as first_name,
    u.last.lastName as last_name,
    u.last.gender as gender,
    u.last.level as level,
    epoch_ms(u.last.registration::bigint) as registered_at,
    u.last.start_time as last_event_at,
    u.last.sessionId as last_session_id,
    u.last.itemInSession as last_item_in_session
from (
    select userId::bigint as user_id, arg_max(
        struct_pack(
            firstName, lastName, gender, level, registration, start_time, sessionId,
            itemInSession
        ),
        (ts, sessionId, itemInSession)
    ) as last
    from event
    where userId <> ''
    group by user_id
) as u;
create table analytics.songs as
select distinct on (song_id)
    song_id, title, artist_id, nullif(year, 0) as year, duration
from staging.songs
order by song_id, title, artist_id, year, duration;
create table analytics.artists as
select distinct on (artist_id)
    artist_id, artist_name as name, nullif(artist_location, '') as location,
    artist_latitude as latitude, artist_longitude as longitude
from staging.songs
order by
    artist_id, (artist_latitude is null or artist_longitude is null),
    (nullif(artist_location, '') is null), artist_name, artist_location,
    artist_latitude, artist_longitude;
create temp table library as
select title, artist_name, duration, min(song_id) as song_id
from staging.songs
group by all;
create temp table by_title as
select title, artist_name, min(song_id) as song_id from library group by all;
create table analytics.songplays as
select
    e.sessionId || '-' || e.itemInSession || '-' || e.userId as songplay_id,
    e.start_time, e.userId::bigint as user_id, e.level,
    coalesce(l.song_id, b.song_id) as song_id, s.artist_id, e.sessionId as session_id,
    e.location, e.userAgent as user_agent, e.itemInSession as item_in_session,
    t.song, t.artist, t.song_key, e.length,
    round(e.length * 1000)::bigint as length_ms,
    case
        when l.song_id is not null then 'exact'
        when b.song_id is not null then 'title'
    end as match_method
from event as e
left join analytics.song_texts as t
    on e.song = t.delivered_song and e.artist = t.delivered_artist
left join library as l
    on t.song = l.title and t.artist = l.artist_name and e.length = l.duration
left join by_title as b on t.song = b.title and t.artist = b.artist_name
left join analytics.songs as s on coalesce(l.song_id, b.song_id) = s.song_id
where e.page = 'NextSong';
create table analytics.time as
select
    start_time, hour(start_time) as hour, day(start_time) as day,
    week(start_time) as week, month(start_time) as month, year(start_time) as year,
    dayofweek(start_time) as weekday, date_trunc('week', start_time)::date as week_start
from (select distinct start_time from analytics.songplays);
"""


def main(log_data: str, song_data: str, database: str) -> None:
    """Load everything into a new database."""
    connection = duckdb.connect(database, config={"preserve_insertion_order": False})
    logs = [str(path) for path in sorted(Path(log_data).rglob("*.json"))]
    with tempfile.NamedTemporaryFile("wb", suffix=".json") as joined:
        for path in sorted(Path(song_data).rglob("*.json")):
            joined.write(path.read_bytes().rstrip(b"\n") + b"\n")
        joined.flush()
        connection.execute("begin")
        _run(connection, STAGE, songs=joined.name, events=logs)
    _run(connection, EVENT)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as texts:
        for song, artist in connection.execute("from text").fetchall():
            fixed = repair(song), repair(artist)
            row = {
                "delivered_song": song,
                "delivered_artist": artist,
                "song": fixed[0],
                "artist": fixed[1],
                "song_key": song_key(*fixed),
                "rule_version": 1,
            }
            texts.write(json.dumps(row) + "\n")
        texts.flush()
        _run(connection, STAR, texts=texts.name)
    connection.execute("commit")
    connection.close()


def _run(
    connection: duckdb.DuckDBPyConnection, script: str, **parameters: object
) -> None:
    for statement in connection.extract_statements(script):
        used = {name: parameters[name] for name in statement.named_parameters}
        connection.execute(statement, used)


if __name__ == "__main__":
    main(*sys.argv[1:])
