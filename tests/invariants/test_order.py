"""However files arrive, the star is the same, and what the rules say (I1, I4, I5, I7).

Hypothesis makes a small world of files, some in several versions, and an order to load
them in. The star has to equal that of one load of all, and that of a model of the rules
in Python, written from the design and not from the SQL. SPARKIFY_EXAMPLES is the number
of worlds.
"""

from __future__ import annotations

import json
import math
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sparkify.engines.duckdb import DuckDB
from sparkify.lookups.texts import keys
from sparkify.pipeline import Pipeline

if TYPE_CHECKING:
    from conftest import Cells, Warehouse

EXAMPLES = int(os.environ.get("SPARKIFY_EXAMPLES", "6"))
LONG_EXAMPLES = max(EXAMPLES, 1000)

STEPS = 3

Record = dict[str, object]
Rows = Counter[tuple[object, ...]]

# --- a world ---------------------------------------------------------------------

# What may be delivered as a text, and how it reads repaired.
TEXTS: dict[str | None, str | None] = {
    "One": "One",
    "one": "one",
    "Oné (Live)": "Oné (Live)",
    "The One feat. Björk": "The One feat. Björk",
    "?": "?",
    " One ": " One ",
    "One\u00a0": "One\u00a0",
    "Björk": "Björk",
    "BjÃ¶rk": "Björk",
    "東京 😀": "東京 😀",
    'Say "no"\\': 'Say "no"\\',
    " ": " ",
    "": None,
    None: None,
}
# Blanks at the end of a text are not kept.
REPAIRED = {
    text and text.rstrip(" "): (repaired or "").rstrip(" ") or None
    for text, repaired in TEXTS.items()
}
# Most texts are alike, so that plays find songs, and deliveries meet.
texts = st.sampled_from(["One", "One", "One", *TEXTS])
names = st.sampled_from(["Ann", "Ann", "Åsa", "", None])
times = st.sampled_from(
    [1541000000000, 1541000000001, 1541000029999, 1543622400000, 1546300799999]
)
lengths = st.sampled_from([100.0, 100.0, 101.5, 103.0, 200.5, 29.9995, 0.0005, None])

pages = st.sampled_from(
    ["NextSong", "NextSong", "NextSong", "NextSong", "Home", "Logout", "", None]
)

events = st.fixed_dictionaries(
    {
        "sessionId": st.sampled_from([1, 1, 2]),
        "itemInSession": st.integers(0, 2),
        "userId": st.sampled_from(["7", "7", "8", 8, "", None]),
        "page": pages,
        "ts": times,
        "song": texts,
        "artist": texts,
        "length": lengths,
        "level": st.sampled_from(["free", "paid", "", None]),
    },
    optional={
        "auth": st.sampled_from(["Logged In", "Logged Out"]),
        "firstName": names,
        "gender": st.sampled_from(["F", "M"]),
        "lastName": names,
        "location": names,
        "method": st.sampled_from(["PUT", "GET"]),
        "registration": st.sampled_from([1540000000000.0, 1540000000000.9, None]),
        "status": st.sampled_from([200, "307", ""]),
        "userAgent": names,
        "podcast": st.booleans(),
    },
)
songs = st.fixed_dictionaries(
    {
        "song_id": st.sampled_from(["SO1", "SO2", "SO3"]),
        "artist_id": st.sampled_from(["AR1", "AR2"]),
        "title": texts,
        "artist_name": texts,
        "duration": lengths,
    },
    optional={
        "num_songs": st.just(1),
        "artist_latitude": st.sampled_from([1.5, -35.25, None]),
        "artist_longitude": st.sampled_from([9.75, None]),
        "artist_location": names,
        "year": st.sampled_from([0, 1999, "2004"]),
    },
)
BAD = {
    "events": [
        "rubbish",
        '{"cut": ',
        "[]",
        "{}",
        '{"sessionId": 1, "itemInSession": 1.5, "ts": 1541000000000}',
        '{"sessionId": 1, "itemInSession": 0, "ts": 1541000000000, "userId": "015"}',
        '{"sessionId": 1, "itemInSession": 0, "ts": "noon"} {"ts": 1, "ts": 2}',
    ],
    "songs": ["rubbish", "{}", '{"song_id": "SO1", "artist_id": "AR1", "year": "x"}'],
}


@dataclass(frozen=True)
class History:
    """A path, and the versions that stand there one after another.

    `steps` are those at which each version arrives. A line is a record, or a text that
    has none.
    """

    dataset: str
    path: str
    versions: list[list[Record | str]]
    steps: list[int]

    def content(self, version: int) -> bytes:
        """The bytes of a version."""
        return "".join(
            (line if isinstance(line, str) else json.dumps(line)) + "\n"
            for line in self.versions[version]
        ).encode()

    def revisions(self) -> Iterator[tuple[int, list[Record | str]]]:
        """The versions that differ from the one before, numbered."""
        yield 0, self.versions[0]
        revision = 0
        for before, after in pairwise(range(len(self.versions))):
            if self.content(before) != self.content(after):
                revision += 1
                yield revision, self.versions[after]


@st.composite
def histories(draw: st.DrawFn, dataset: str, number: int) -> History:
    """A path with up to three versions; a newer one is often a corrected older one."""
    records = events if dataset == "events" else songs
    bad = st.sampled_from(BAD[dataset])
    lines: st.SearchStrategy[Record | str] = st.one_of(*[records] * 7, bad)
    versions = [draw(st.lists(lines, min_size=1, max_size=5))]
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        kept = draw(st.lists(st.sampled_from(versions[-1]), max_size=4))
        fixed = [
            line if isinstance(line, str) else line | draw(corrections(dataset))
            for line in kept
        ]
        more = draw(st.lists(lines, min_size=0 if fixed else 1, max_size=2))
        versions.append(fixed + more)
    steps = draw(
        st.lists(
            st.integers(0, STEPS - 1),
            min_size=len(versions),
            max_size=len(versions),
            unique=True,
        ).map(sorted)
    )
    day = draw(st.sampled_from(["2018-11-01", "2018-11-02", "2018-10-01"]))
    return History(dataset, f"{number}/{day}.json", versions, steps)


def corrections(dataset: str) -> st.SearchStrategy[Record]:
    """Values of one or two columns that a correction puts in place of others."""
    if dataset == "songs":
        return st.fixed_dictionaries(
            {}, optional={"title": texts, "artist_name": texts, "duration": lengths}
        )
    return st.fixed_dictionaries(
        {},
        optional={
            "page": st.sampled_from(["NextSong", "Home"]),
            "ts": times,
            "song": texts,
            "firstName": names,
            "level": st.sampled_from(["free", "paid"]),
        },
    )


@dataclass(frozen=True)
class World:
    """Files, the copies of some of them, and how they are loaded."""

    files: list[History]
    copies: list[History]
    batch_bytes: int
    runs_again: bool


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Some log files and some song files."""
    files = [
        draw(histories(dataset, number))
        for dataset in ("events", "songs")
        for number in range(draw(st.integers(1, 3)))
    ]
    copies = [
        History(each.dataset, f"copy/{each.path}", [draw(versions)], [draw(steps)])
        for each in draw(st.lists(st.sampled_from(files), max_size=1))
        for versions in [st.sampled_from(each.versions)]
        for steps in [st.integers(0, STEPS - 1)]
    ]
    batch_bytes = draw(st.sampled_from([1, 400, 1 << 20]))
    return World(files, copies, batch_bytes, draw(st.booleans()))


# --- the rules, in Python -----------------------------------------------------------


@dataclass(frozen=True)
class Event:
    """An accepted event, in the order of the columns of staging."""

    artist: str | None
    auth: str | None
    first_name: str | None
    gender: str | None
    item: int
    last_name: str | None
    length: float | None
    level: str | None
    location: str | None
    method: str | None
    page: str | None
    registration: float | None
    session: int
    song: str | None
    status: int | None
    ts: int
    user_agent: str | None
    user: str


@dataclass(frozen=True)
class Song:
    """An accepted song."""

    song_id: str
    artist_id: str
    title: str | None
    artist_name: str | None
    location: str | None
    latitude: float | None
    longitude: float | None
    year: int | None
    duration: float | None


Delivered = list[tuple[int, Record]]


def delivered(files: Iterable[History], dataset: str) -> Delivered:
    """Every accepted record with the revision it came in."""
    return [
        (revision, line)
        for each in files
        if each.dataset == dataset
        for revision, lines in each.revisions()
        for line in lines
        if not isinstance(line, str)
    ]


def _text(record: Record, key: str) -> str | None:
    """A text as staging keeps it: without blanks at its end."""
    value = record.get(key)
    return None if value is None else str(value).rstrip(" ")


def _number(record: Record, key: str) -> float | None:
    value = record.get(key)
    return None if value in (None, "") else float(str(value))


def _whole(record: Record, key: str) -> int | None:
    value = record.get(key)
    return None if value in (None, "") else int(str(value))


def _event(record: Record) -> Event:
    return Event(
        _text(record, "artist"),
        _text(record, "auth"),
        _text(record, "firstName"),
        _text(record, "gender"),
        int(str(record["itemInSession"])),
        _text(record, "lastName"),
        _number(record, "length"),
        _text(record, "level"),
        _text(record, "location"),
        _text(record, "method"),
        _text(record, "page"),
        _number(record, "registration"),
        int(str(record["sessionId"])),
        _text(record, "song"),
        _whole(record, "status"),
        int(str(record["ts"])),
        _text(record, "userAgent"),
        _text(record, "userId") or "",
    )


def _song(record: Record) -> Song:
    return Song(
        str(record["song_id"]),
        str(record["artist_id"]),
        _text(record, "title") or None,
        _text(record, "artist_name") or None,
        _text(record, "artist_location") or None,
        _number(record, "artist_latitude"),
        _number(record, "artist_longitude"),
        _whole(record, "year") or None,
        _number(record, "duration"),
    )


def _order(*values: object) -> tuple[object, ...]:
    """Ascending, texts by their bytes, unknown values last."""
    return tuple(
        (value is None, value.encode() if isinstance(value, str) else value or 0)
        for value in values
    )


def winners(records: Delivered) -> list[Event]:
    """One delivery of each event: the revision decides, then ts, then the columns."""
    by_key: dict[tuple[int, int, str], list[tuple[int, Event]]] = defaultdict(list)
    for revision, record in records:
        event = _event(record)
        by_key[event.session, event.item, event.user].append((revision, event))
    return [
        min(
            each,
            key=lambda pair: (-pair[0], -pair[1].ts, _order(*vars(pair[1]).values())),
        )[1]
        for each in by_key.values()
    ]


def _time(milliseconds: float) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
        milliseconds=math.floor(milliseconds)
    )
    return moment.replace(tzinfo=None).isoformat(" ", "milliseconds")


def users(winning: list[Event]) -> Rows:
    """The whole row of each user's latest event."""
    latest: dict[int, Event] = {}
    for event in sorted(winning, key=lambda e: (e.ts, e.session, e.item)):
        if event.user:
            latest[int(event.user)] = event
    return Counter(
        (
            user,
            event.first_name or None,
            event.last_name or None,
            event.gender or None,
            event.level or None,
            None if event.registration is None else _time(event.registration),
            _time(event.ts),
            event.session,
            event.item,
        )
        for user, event in latest.items()
    )


def artists(records: Delivered) -> Rows:
    """One delivered tuple, whole: with coordinates first, then with a location."""
    best: dict[str, tuple[tuple[object, ...], Song]] = {}
    for revision, record in records:
        song = _song(record)
        row = (song.artist_name, song.location, song.latitude, song.longitude)
        place = (
            -revision,
            song.latitude is None or song.longitude is None,
            song.location is None,
            *_order(*row),
        )
        if song.artist_id not in best or place < best[song.artist_id][0]:
            best[song.artist_id] = (place, song)
    return Counter(
        (artist, s.artist_name, s.location, s.latitude, s.longitude)
        for artist, (_, s) in best.items()
    )


def catalogue(records: Delivered) -> dict[str, Song]:
    """One delivered tuple of each song: by title, artist, year, duration."""
    best: dict[str, tuple[tuple[object, ...], Song]] = {}
    for revision, record in records:
        song = _song(record)
        row = (song.title, song.artist_id, song.year, song.duration)
        place = (-revision, *_order(*row))
        if song.song_id not in best or place < best[song.song_id][0]:
            best[song.song_id] = (place, song)
    return {song_id: song for song_id, (_, song) in best.items()}


def library(records: Delivered) -> list[Song]:
    """Every delivery a play may match: those of the newest revision of a song."""
    newest: dict[str, int] = {}
    for revision, record in records:
        song_id = str(record["song_id"])
        newest[song_id] = max(revision, newest.get(song_id, 0))
    return [
        _song(record)
        for revision, record in records
        if revision == newest[str(record["song_id"])]
    ]


def match(
    event: Event, title: str | None, artist: str | None, known: list[Song]
) -> tuple[str | None, str | None, str | None]:
    """Song, artist and method: the nearest names alone count, best by length."""
    text = (title or "").strip(" "), (artist or "").strip(" ")
    match_key, base_key, artist_key = keys(*text)
    by_distance: dict[int, list[Song]] = defaultdict(list)
    for song in known:
        name = (song.title or "").strip(" "), (song.artist_name or "").strip(" ")
        if match_key is None:
            break
        if keys(*name)[0] == match_key:
            by_distance[1 if name == text else 2].append(song)
        elif keys(*name)[1] == base_key:
            by_distance[3].append(song)
    if by_distance:
        nearest = min(by_distance)
        song_id, method = _match_by_length(event.length, nearest, by_distance[nearest])
        if song_id:
            return song_id, None, method
    artists = {
        song.artist_id
        for song in known
        if artist_key is not None and keys("", song.artist_name or "")[2] == artist_key
    }
    return (None, min(artists), "artist") if len(artists) == 1 else (None, None, None)


def _match_by_length(
    length: float | None, distance: int, songs_: list[Song]
) -> tuple[str | None, str | None]:
    lasting = [song for song in songs_ if song.duration is not None]
    exact = [song.song_id for song in lasting if song.duration == length]
    if distance == 1 and exact:
        return min(exact), "exact"
    ids = {song.song_id for song in songs_}
    method = ["title", "folded", "timed"][distance - 1]
    if length is not None and (distance == 3 or len(ids) > 1):
        apart = [
            (abs(math.floor(length) - math.floor(song.duration or 0)), song.song_id)
            for song in lasting
        ]
        if apart and min(apart)[0] <= 1:
            return min(apart)[1], method
    is_certain = distance == 1 or (distance == 2 and len(ids) == 1)
    return (min(ids), method) if is_certain else (None, None)


def songplays(winning: list[Event], records: Delivered) -> Rows:
    """One row for each winning event with page NextSong, without song_key."""
    known, chosen = library(records), catalogue(records)
    rows: Rows = Counter()
    for event in winning:
        if event.page != "NextSong":
            continue
        song, artist = REPAIRED[event.song], REPAIRED[event.artist]
        song_id, artist_id, method = match(event, song, artist, known)
        milliseconds = (
            None if event.length is None else math.floor(event.length * 1000 + 0.5)
        )
        rows[
            f"{event.session}-{event.item}-{event.user}",
            _time(event.ts),
            int(event.user) if event.user else None,
            event.level or None,
            song_id,
            chosen[song_id].artist_id if song_id else artist_id,
            event.session,
            event.location or None,
            event.user_agent or None,
            event.item,
            song,
            artist,
            event.length,
            milliseconds,
            method,
        ] += 1
    return rows


def user_levels(winning: list[Event]) -> Rows:
    """A user's periods of one level, each up to the next one."""
    levels: dict[int, dict[int, str | None]] = defaultdict(dict)
    for event in sorted(winning, key=lambda e: (e.ts, e.session, e.item)):
        if event.user:
            levels[int(event.user)][event.ts] = event.level or None
    rows: Rows = Counter()
    for user, by_time in levels.items():
        periods: list[tuple[int, str | None]] = []
        for ts, level in by_time.items():
            if not periods or periods[-1][1] != level:
                periods.append((ts, level))
        ends = [_time(ts) for ts, _ in periods[1:]]
        for (ts, level), end in zip(periods, [*ends, None], strict=True):
            rows[user, level, _time(ts), end] += 1
    return rows


def times_of(plays: Rows) -> Rows:
    """Each start time once, taken apart."""
    rows: Rows = Counter()
    for text in {str(play[1]) for play in plays}:
        moment = datetime.fromisoformat(text)
        monday = moment.date() - timedelta(days=moment.weekday())
        rows[
            text,
            moment.hour,
            moment.day,
            moment.isocalendar().week,
            moment.month,
            moment.year,
            moment.isoweekday() % 7,
            monday.isoformat(),
        ] += 1
    return rows


def _milliseconds(event: Event) -> int | None:
    if event.length is None or not 0 <= event.length <= 10**9:
        return None
    return math.floor(event.length * 1000 + 0.5)


def page_views(winning: list[Event]) -> Rows:
    """One row for each winning event of a user with another page."""
    return Counter(
        (
            f"{event.session}-{event.item}-{event.user}",
            _time(event.ts),
            int(event.user),
            event.level or None,
            event.session,
            event.location or None,
            event.user_agent or None,
            event.item,
            event.page or None,
        )
        for event in winning
        if event.user and event.page != "NextSong"
    )


def sessions(winning: list[Event]) -> Rows:
    """The events of a session and user, counted and measured."""
    by_session: dict[tuple[int, int], list[Event]] = defaultdict(list)
    for event in sorted(winning, key=lambda e: (e.ts, e.item)):
        if event.user:
            by_session[event.session, int(event.user)].append(event)
    return Counter(
        (*key, *_measured(session_events)) for key, session_events in by_session.items()
    )


def _measured(session_events: list[Event]) -> tuple[object, ...]:
    first = session_events[0]
    stops = [
        event
        for event in session_events
        if event.page in ("NextSong", "Logout", "Cancellation Confirmation")
    ]
    plays = [event for event in stops if event.page == "NextSong"]
    ends = [e.ts + (_milliseconds(e) or 0) * (e in plays) for e in session_events]
    heard, qualified = 0, 0
    for event, after in zip_longest(stops, stops[1:]):
        if event.page == "NextSong":
            length = _milliseconds(event)
            until_next = after.ts - event.ts if after else length
            heard += 0 if length is None else min(length, until_next or 0)
            qualified += (until_next or 0) >= 30_000
    return (
        _time(first.ts),
        first.level or None,
        first.location or None,
        first.user_agent or None,
        len(session_events),
        len(plays),
        qualified,
        max(ends) - first.ts,
        sum(_milliseconds(event) or 0 for event in plays),
        heard,
    )


def user_hours(winning: list[Event]) -> Rows:
    """The plays of a user and hour, on one level, place and user agent."""
    groups: dict[tuple[object, ...], list[Event]] = defaultdict(list)
    for event in winning:
        if event.page == "NextSong":
            key = (
                int(event.user) if event.user else None,
                _time(event.ts - event.ts % 3_600_000),
                event.level or None,
                event.location or None,
                event.user_agent or None,
            )
            groups[key].append(event)
    return Counter(
        (
            *key,
            len(plays),
            sum(_milliseconds(event) or 0 for event in plays),
            _time(max(event.ts for event in plays)),
        )
        for key, plays in groups.items()
    )


def modelled(files: Sequence[History]) -> dict[str, Rows]:
    """The star by the rules."""
    songs_delivered = delivered(files, "songs")
    winning = winners(delivered(files, "events"))
    plays = songplays(winning, songs_delivered)
    return {
        "users": users(winning),
        "user_levels": user_levels(winning),
        "artists": artists(songs_delivered),
        "songs": Counter(
            (s.song_id, s.title, s.artist_id, s.year, s.duration)
            for s in catalogue(songs_delivered).values()
        ),
        "time": times_of(plays),
        "songplays": plays,
        "page_views": page_views(winning),
        "sessions": sessions(winning),
        "user_hours": user_hours(winning),
    }


# --- loading it -----------------------------------------------------------------------


def arrive(warehouse: Warehouse, files: Iterable[tuple[History, int]]) -> None:
    """Versions are written, and loaded by a run."""
    for each, version in files:
        warehouse.write_bytes(each.dataset, each.path, each.content(version))
    warehouse.run()


def load_all(warehouse: Warehouse, files: Sequence[History]) -> None:
    """One load of all; then, as a source has but one, one of each newer version."""
    for version in range(max(len(each.versions) for each in files)):
        arrive(
            warehouse, [(each, version) for each in files if version < len(each.steps)]
        )


def load_as_told(warehouse: Warehouse, world: World) -> None:
    """In the steps, batches and repetitions of this world."""
    warehouse.settings = replace(warehouse.settings, batch_bytes=world.batch_bytes)
    warehouse.pipeline = Pipeline(warehouse.settings)
    for step in range(STEPS):
        files = [
            (each, each.steps.index(step))
            for each in [*world.files, *world.copies]
            if step in each.steps
        ]
        if files:
            arrive(warehouse, files)
        if world.runs_again:
            assert not warehouse.run().loads


def quarantine(warehouse: Warehouse) -> Counter[Cells]:
    """The rejects of the newest version of each file; the path is below the folder."""
    rows = warehouse.query(
        "select rejects.uri, position, line, reason, raw_record, raw_bytes "
        "from control.rejects inner join (select uri, max(load_id) as load_id "
        "from control.load_files where status = 'loaded' group by uri) as newest "
        "on rejects.uri = newest.uri and rejects.load_id = newest.load_id"
    )
    return Counter(
        (str(Path(str(uri)).relative_to(warehouse.folder)), *rest)
        for uri, *rest in rows
        if "/copy/" not in str(uri)
    )


def expect_accounts(warehouse: Warehouse) -> None:
    """Every record of every file is staged or rejected, and there are as many rows."""
    assert not warehouse.query(
        "select * from control.load_files where status <> 'loaded' "
        "or records <> staged + rejected + erased"
    )
    assert warehouse.query(
        "select sum(staged), sum(rejected) from control.load_files"
    ) == warehouse.query(
        "select (select count(*) from staging.events) + "
        "(select count(*) from staging.songs), (select count(*) from control.rejects)"
    )


def expect_model(warehouse: Warehouse, files: Sequence[History]) -> None:
    """Every table of the star has the rows that the model says."""
    for table, rows in modelled(files).items():
        columns = [
            column.name
            for column in warehouse.pipeline.models.table(f"analytics.{table}").columns
            if column.name != "song_key"
        ]
        assert warehouse.bag(f"analytics.{table}", columns) == rows, table


@contextmanager
def kept_open(*warehouses: Warehouse) -> Iterator[None]:
    """Warehouses for the block, which are removed after it.

    To open a file of DuckDB costs as much as 5 statements, and a world does so 45
    times: here it stays open, and each session is a connection of its own to it.
    """
    opened = {
        str(each.settings.path): duckdb.connect(str(each.settings.path))
        for each in warehouses
        if each.settings.engine == "duckdb"
    }

    def connect(engine: DuckDB, *_: bool) -> duckdb.DuckDBPyConnection:
        return opened[str(engine._path)].cursor()

    try:
        with mock.patch.object(DuckDB, "_connect", connect):
            yield
    finally:
        for connection in opened.values():
            connection.close()
        for each in warehouses:
            each.remove()


def try_world(make: Callable[[], Warehouse], world: World) -> None:
    """Load it as told and all at once; both make the star of the model."""
    told, at_once = make(), make()
    with kept_open(told, at_once):
        load_as_told(told, world)
        load_all(at_once, world.files)
        star = told.bags("analytics")
        expect_model(told, world.files)
        assert star == at_once.bags("analytics")
        assert quarantine(told) == quarantine(at_once)
        expect_accounts(told)
        assert not told.offenders()
        told.pipeline.full_refresh()
        assert told.bags("analytics") == star


HEALTH = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=EXAMPLES, suppress_health_check=HEALTH)
@given(world=worlds())
def test_any_order_makes_the_same_star(
    new_warehouse: Callable[[str], Warehouse], engine_name: str, world: World
) -> None:
    """Order, batches and repeats change nothing, nor does a full refresh (I1, I5).

    Plays are those of the model, one row each (I4); records are accounted for (I7).
    """
    try_world(lambda: new_warehouse(engine_name), world)


@pytest.mark.long
@settings(max_examples=LONG_EXAMPLES, suppress_health_check=HEALTH)
@given(world=worlds())
def test_any_order_makes_the_same_star_many_times(
    new_warehouse: Callable[[str], Warehouse], engine_name: str, world: World
) -> None:
    """As above, with a thousand worlds and more (I1, I4, I5, I7)."""
    try_world(lambda: new_warehouse(engine_name), world)
