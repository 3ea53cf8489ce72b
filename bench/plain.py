"""The floor: a plain DuckDB script for the same tables and columns.

`python -m bench.plain LOG_DATA SONG_DATA DATABASE`. DuckDB's own idioms, one
transaction, no ledger, no lock, no checks, values cast as DuckDB likes. Texts and user
agents are taken apart by the same functions, once per distinct value, since no SQL can.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb

from sparkify.engines.base import Row
from sparkify.lookups.agents import user_agents
from sparkify.lookups.texts import song_names, song_texts

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
select
    artist, auth, firstName as first_name, gender, itemInSession as item_in_session,
    lastName as last_name, length, level, location, method, page, registration,
    sessionId as session_id, song, status, ts, userAgent as user_agent,
    userId as user_id, 1::bigint as load_id
from read_json($events, format = 'newline_delimited', columns = {EVENTS});
create temp table event as
select *, epoch_ms(ts) as happened_at
from staging.events
qualify row_number() over (
    partition by session_id, item_in_session, coalesce(user_id, '')
    order by
        ts desc, artist, auth, first_name, gender, last_name, length, level, location,
        method, page, registration, song, status, user_agent
) = 1;
"""

TEXTS = """
select distinct coalesce(song, ''), coalesce(artist, '')
from staging.events
where page = 'NextSong'
"""
NAMES = (
    "select distinct coalesce(title, ''), coalesce(artist_name, '') from staging.songs"
)
AGENTS = "select distinct user_agent from staging.events where user_agent <> ''"
LOOKUPS = {
    "song_texts": {
        "delivered_song": "varchar",
        "delivered_artist": "varchar",
        "song": "varchar",
        "artist": "varchar",
        "song_key": "bigint",
        "credit_key": "bigint",
        "match_key": "bigint",
        "base_key": "bigint",
        "artist_key": "bigint",
        "rule_version": "integer",
    },
    "song_names": {
        "delivered_title": "varchar",
        "delivered_artist": "varchar",
        "match_key": "bigint",
        "base_key": "bigint",
        "artist_key": "bigint",
        "rule_version": "integer",
    },
    "user_agents": {
        "user_agent": "varchar",
        "browser": "varchar",
        "browser_version": "varchar",
        "os": "varchar",
        "os_version": "varchar",
        "device_type": "varchar",
        "is_bot": "boolean",
        "rule_version": "integer",
    },
}

USERS = """
create table analytics.users as
select
    user_id, last.first_name, last.last_name, last.gender, last.level,
    epoch_ms(floor(last.registration)::bigint) as registered_at,
    last.happened_at as last_event_at, last.session_id as last_session_id,
    last.item_in_session as last_item_in_session
from (
    select
        user_id::bigint as user_id,
        arg_max(
            struct_pack(
                first_name, last_name, gender, level, registration, happened_at,
                session_id, item_in_session
            ),
            (ts, session_id, item_in_session)
        ) as last
    from event
    where user_id <> ''
    group by all
);
create table analytics.user_levels as
with moment as (
    select user_id::bigint as user_id, level, happened_at, session_id, item_in_session
    from event
    where user_id <> ''
),
span as (
    select
        user_id, min(level) as level, min(happened_at) as valid_from,
        min(coalesce(level, '')) <> max(coalesce(level, '')) as changes
    from moment
    group by user_id
),
last_of_moment as (
    select moment.*
    from moment
    semi join (from span where changes) as changing using (user_id)
    qualify lead(happened_at) over (
        partition by user_id order by happened_at, session_id, item_in_session
    ) is distinct from happened_at
),
change as (
    select user_id, level, happened_at as valid_from
    from last_of_moment
    window own as (partition by user_id order by happened_at)
    qualify
        row_number() over own = 1
        or level is distinct from lag(level) over own
    union all
    select user_id, level, valid_from from span where not changes
)
select
    user_id, level, valid_from,
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
        regexp_matches(location, '^[^,]*[^, ], [A-Z][A-Z](-[A-Z][A-Z])*$') as is_place
    from (select distinct location from staging.events where location <> '')
);
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
create temp table found as
select text_id, song_id, duration, distance
from (
    select
        t.text_id, n.song_id, n.duration,
        if(
            trim(t.song, ' ') = trim(n.delivered_title, ' ')
            and trim(t.artist, ' ') = trim(n.delivered_artist, ' '),
            1,
            2
        ) as distance
    from text as t join name as n using (match_key)
    union all
    select t.text_id, n.song_id, n.duration, 3 as distance
    from text as t join name as n using (base_key)
)
qualify distance = min(distance) over (partition by text_id);
create temp table candidate as
select
    text_id, distance, min(song_id) as song_id,
    distance = 1 or (distance = 2 and count(distinct song_id) = 1) as is_certain,
    distance = 3 or count(distinct song_id) > 1 as is_timed,
    case distance when 1 then 'title' when 2 then 'folded' else 'timed' end as method
from found
group by text_id, distance;
create temp table exact as
select text_id, duration, min(song_id) as song_id
from found
where distance = 1 and duration is not null
group by text_id, duration;
create temp table timed as
select
    text_id, floor(duration) + apart as second, method,
    arg_min(found.song_id, (abs(apart), found.song_id)) as song_id
from found
join candidate using (text_id)
cross join (values (0), (1), (-1)) as seconds(apart)
where is_timed and duration is not null
group by all;
create temp table performer as
select artist_key, min(artist_id) as artist_id
from name
where artist_key is not null
group by artist_key
having min(artist_id) = max(artist_id);
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
        if(c.song_id is null, r.artist_id, null) as only_artist_id,
        e.session_id, nullif(e.location, '') as location,
        nullif(e.user_agent, '') as user_agent, e.item_in_session,
        nullif(t.song, '') as song, nullif(t.artist, '') as artist,
        if(t.song <> '' or t.artist <> '', t.song_key, null) as song_key, e.length,
        floor(e.length * 1000 + 0.5)::bigint as length_ms,
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
    start_time, hour(start_time)::integer as hour, day(start_time)::integer as day,
    week(start_time)::integer as week, month(start_time)::integer as month,
    year(start_time)::integer as year, dayofweek(start_time)::integer as weekday,
    date_trunc('week', start_time)::date as week_start
from (select distinct start_time from analytics.songplays);
create table analytics.page_views as
select
    session_id || '-' || item_in_session || '-' || user_id as page_view_id,
    happened_at as viewed_at, user_id::bigint as user_id, level, session_id,
    nullif(location, '') as location, nullif(user_agent, '') as user_agent,
    item_in_session, page
from event
where user_id <> '' and page is distinct from 'NextSong';
create table analytics.sessions as
with followed as (
    select
        session_id, user_id::bigint as user_id, item_in_session, happened_at, ts, level,
        nullif(location, '') as location, nullif(user_agent, '') as user_agent,
        coalesce(page = 'NextSong', false) as is_play,
        if(page = 'NextSong', floor(length * 1000 + 0.5)::bigint, null) as length_ms,
        lead(ts) over (
            partition by
                session_id, user_id,
                coalesce(
                    page in ('NextSong', 'Logout', 'Cancellation Confirmation'), false
                )
            order by ts, item_in_session
        ) - ts as until_next_ms
    from event
    where user_id <> ''
)
select
    session_id, user_id, started_at, first.level, first.location, first.user_agent,
    events, plays, qualified_plays, duration_ms, length_ms, heard_ms
from (
    select
        session_id, user_id, min(happened_at) as started_at,
        arg_min(struct_pack(level, location, user_agent), (ts, item_in_session))
            as first,
        count(*) as events, count(*) filter (is_play) as plays,
        count(*) filter (is_play and coalesce(until_next_ms, length_ms) >= 30000)
            as qualified_plays,
        max(ts + coalesce(length_ms, 0)) - min(ts) as duration_ms,
        coalesce(sum(length_ms), 0)::bigint as length_ms,
        coalesce(
            sum(least(length_ms, coalesce(until_next_ms, length_ms)))
                filter (is_play),
            0
        )::bigint as heard_ms
    from followed
    group by session_id, user_id
);
create table analytics.user_hours as
select
    user_id, date_trunc('hour', start_time) as hour_start, level, location, user_agent,
    count(*) as plays, coalesce(sum(length_ms), 0)::bigint as length_ms,
    max(start_time) as last_play_at
from analytics.songplays
group by all;
"""


def main(log_data: str, song_data: str, database: str) -> None:
    """Load everything into a new database."""
    connection = duckdb.connect(database, config={"preserve_insertion_order": False})
    connection.execute("begin")
    logs = [str(path) for path in sorted(Path(log_data).rglob("*.json"))]
    with tempfile.NamedTemporaryFile("wb", suffix=".json") as joined:
        for path in sorted(Path(song_data).rglob("*.json")):
            joined.write(path.read_bytes().rstrip(b"\n") + b"\n")
        joined.flush()
        _run(connection, STAGE, {"songs": joined.name, "events": logs})
    _look_up(connection, "song_texts", song_texts(_rows(connection, TEXTS)))
    _look_up(connection, "song_names", song_names(_rows(connection, NAMES)))
    _look_up(connection, "user_agents", user_agents(_rows(connection, AGENTS)))
    _run(connection, USERS)
    _run(connection, LIBRARY)
    _run(connection, PLAYS)
    connection.execute("commit")
    connection.close()


def _run(
    connection: duckdb.DuckDBPyConnection,
    script: str,
    parameters: Mapping[str, object] = {},
) -> None:
    for statement in connection.extract_statements(script):
        used = {name: parameters[name] for name in statement.named_parameters}
        connection.execute(statement, used)


def _rows(connection: duckdb.DuckDBPyConnection, select: str) -> list[Row]:
    return connection.execute(select).fetchall()


def _look_up(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Row]
) -> None:
    """Write a lookup: through a file, which is the quickest way in for rows."""
    values = ", ".join(
        f"cells[{number}]::{type_} as {name}"
        for number, (name, type_) in enumerate(LOOKUPS[table].items(), start=1)
    )
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(json.dumps(list(rows)))
        file.flush()
        connection.execute(
            f"create table analytics.{table} as select {values} from read_json("
            f"'{file.name}', format = 'array', records = false, "
            "columns = {'cells': 'varchar[]'})"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
