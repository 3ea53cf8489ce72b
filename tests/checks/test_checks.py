"""Each check catches the fault it is there for, and a failing one undoes its load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sparkify.errors import CheckFailed
from sparkify.models import load_models

if TYPE_CHECKING:
    from conftest import Warehouse

ROOT = Path(__file__).parents[2]
T = 1542000000000  # 2018-11-12 05:20:00 UTC, a Monday

EVENTS = (
    {
        "ts": T,
        "itemInSession": 0,
        "song": "Setanta matins",
        "artist": "Elena",
        "length": 269.58322,
    },
    {"ts": T + 1000, "itemInSession": 1, "level": "paid"},
    {"ts": T + 2000, "itemInSession": 0, "sessionId": 2, "userId": "16"},
    {"ts": T + 3000, "itemInSession": 2, "page": "Home"},
    {"ts": "never", "itemInSession": 3},
)
SONGS: tuple[dict[str, object], ...] = ({}, {"song_id": "SO2", "artist_id": "AR2"})


@dataclass(frozen=True)
class Fault:
    """Statements that bring a fault into a sound warehouse, and whom they hit.

    `offender` has values that stand, as text and side by side, in a row the check
    reports.
    """

    statements: tuple[str, ...]
    offender: tuple[str, ...]


def _fault(statement: str, *offender: str) -> Fault:
    return Fault((statement,), offender)


FAULTS = {
    "page_views_key_is_unique": _fault(
        "insert into analytics.page_views select * from analytics.page_views "
        "where page_view_id = '1-2-15'",
        "1-2-15",
    ),
    "page_views_are_complete": _fault(
        "delete from analytics.page_views where page_view_id = '1-2-15'",
        "1",
        "2",
        "15",
    ),
    "page_views_come_from_events": _fault(
        "update analytics.page_views set page_view_id = '1-7-15', item_in_session = 7 "
        "where page_view_id = '1-2-15'",
        "1-7-15",
    ),
    "sessions_key_is_unique": _fault(
        "insert into analytics.sessions select * from analytics.sessions "
        "where user_id = 16",
        "2",
        "16",
    ),
    "sessions_are_complete": _fault(
        "delete from analytics.sessions where user_id = 16", "2", "16"
    ),
    "sessions_add_up": _fault(
        "update analytics.sessions set events = 3 where user_id = 16", "2", "16", "-2"
    ),
    "user_hours_key_is_unique": _fault(
        "insert into analytics.user_hours select * from analytics.user_hours "
        "where user_id = 16",
        "16",
        "2018-11-12 05:00:00",
        "2",
    ),
    "user_hours_add_up": _fault(
        "update analytics.user_hours set plays = 3 where user_id = 16",
        "16",
        "2018-11-12 05:00:00",
        "free",
        "-2",
    ),
    "file_records_are_accounted_for": _fault(
        "update control.load_files set records = records + 1 "
        "where uri like '%/2018-11-12-events.json'",
        "2018-11-12-events.json",
    ),
    "file_versions_are_loaded_once": _fault(
        "insert into control.load_files select * from control.load_files "
        "where uri like '%/songs.json'",
        "songs.json",
    ),
    "rejects_are_accounted_for": _fault("delete from control.rejects", "1", "0"),
    "events_are_accounted_for": _fault(
        "delete from staging.events where item_in_session = 2", "4", "3"
    ),
    "songs_are_accounted_for": _fault(
        "insert into staging.songs select * from staging.songs where song_id = 'SO2'",
        "2",
        "3",
    ),
    "users_key_is_unique": _fault(
        "insert into analytics.users select * from analytics.users where user_id = 16",
        "16",
    ),
    "users_are_complete": _fault(
        "delete from analytics.users where user_id = 16", "16"
    ),
    "users_level_is_known": _fault(
        "update analytics.users set level = 'gold' where user_id = 16", "16", "gold"
    ),
    "artists_key_is_unique": _fault(
        "insert into analytics.artists select * from analytics.artists "
        "where artist_id = 'AR2'",
        "AR2",
    ),
    "songs_key_is_unique": _fault(
        "insert into analytics.songs select * from analytics.songs "
        "where song_id = 'SO2'",
        "SO2",
    ),
    "songs_have_their_artist": _fault(
        "delete from analytics.artists where artist_id = 'AR2'", "SO2", "AR2"
    ),
    "song_texts_key_is_unique": _fault(
        "insert into analytics.song_texts select * from analytics.song_texts "
        "where delivered_song = 'Revelry'",
        "Revelry",
        "Kings Of Leon",
    ),
    "song_names_key_is_unique": _fault(
        "insert into analytics.song_names select * from analytics.song_names "
        "where delivered_artist = 'Elena'",
        "Setanta matins",
        "Elena",
    ),
    "user_agents_key_is_unique": _fault(
        "insert into analytics.user_agents select * from analytics.user_agents",
        '"Mozilla/5.0"',
    ),
    "songplays_have_their_user_agent": _fault(
        "delete from analytics.user_agents", '"Mozilla/5.0"'
    ),
    "places_key_is_unique": _fault(
        "insert into analytics.places select * from analytics.places",
        "Chicago-Naperville-Elgin, IL-IN-WI",
    ),
    "songplays_have_their_place": _fault(
        "delete from analytics.places", "Chicago-Naperville-Elgin, IL-IN-WI"
    ),
    "user_levels_key_is_unique": _fault(
        "insert into analytics.user_levels select * from analytics.user_levels "
        "where user_id = 16",
        "16",
    ),
    "user_levels_end_with_the_users": _fault(
        "update analytics.user_levels set level = 'paid' where user_id = 16",
        "16",
        "free",
        "paid",
    ),
    "user_levels_follow_each_other": _fault(
        "delete from analytics.user_levels where level = 'paid'", "15", "free"
    ),
    "user_levels_are_those_of_events": _fault(
        "update analytics.user_levels set valid_from = "
        "timestamp '2018-11-12 05:20:01' where user_id = 16",
        "16",
        "free",
        "2018-11-12 05:20:01",
    ),
    "songplays_key_is_unique": _fault(
        "insert into analytics.songplays select * from analytics.songplays "
        "where songplay_id = '2-0-16'",
        "2-0-16",
    ),
    "songplays_are_complete": _fault(
        "delete from analytics.songplays where songplay_id = '2-0-16'", "2"
    ),
    "songplays_are_plays": _fault(
        "update analytics.songplays set songplay_id = '1-2-15', item_in_session = 2 "
        "where songplay_id = '1-1-15'",
        "1 2 15",
        "Home",
    ),
    "songplays_have_their_user": _fault(
        "delete from analytics.users where user_id = 16", "2 0 16"
    ),
    "songplays_have_their_song": _fault(
        "update analytics.songplays set artist_id = 'AR2' where songplay_id = '1-0-15'",
        "1 0 15",
        "SO1",
        "AR2",
    ),
    "songplays_have_their_artist": _fault(
        "delete from analytics.artists where artist_id = 'AR1'", "1 0 15", "AR1"
    ),
    "songplays_have_their_time": _fault(
        "delete from analytics.time where start_time = timestamp '2018-11-12 05:20:02'",
        "2 0 16",
        "2018-11-12 05:20:02",
    ),
    "songplays_level_is_known": _fault(
        "update analytics.songplays set level = 'Free' where songplay_id = '2-0-16'",
        "2 0 16",
        "Free",
    ),
    "songplays_time_is_within_reason": _fault(
        "update analytics.songplays set start_time = timestamp '1999-12-31 23:59:59' "
        "where songplay_id = '2-0-16'",
        "2 0 16",
        "1999-12-31 23:59:59",
    ),
    "time_key_is_unique": _fault(
        "insert into analytics.time select * from analytics.time "
        "where start_time = timestamp '2018-11-12 05:20:02'",
        "2018-11-12 05:20:02",
    ),
    "rejects_have_their_load": _fault("update control.rejects set load_id = 7", "7"),
    "events_have_their_load": _fault(
        "update staging.events set load_id = 7 where user_id = '16'", "7", "1"
    ),
    "songs_have_their_load": _fault(
        "update staging.songs set load_id = 7 where song_id = 'SO2'", "7", "1"
    ),
    "users_come_from_events": _fault(
        "insert into analytics.users select 99, null, null, null, 'free', null, "
        "last_event_at, 1, 1 from analytics.users where user_id = 16",
        "99",
    ),
    "artists_are_complete": _fault(
        "delete from analytics.artists where artist_id = 'AR2'", "AR2"
    ),
    "artists_come_from_deliveries": _fault(
        "insert into analytics.artists (artist_id) values ('AR9')", "AR9"
    ),
    "songs_are_complete": _fault(
        "delete from analytics.songs where song_id = 'SO2'", "SO2"
    ),
    "songs_come_from_deliveries": _fault(
        "insert into analytics.songs (song_id, artist_id) values ('SO9', 'AR1')", "SO9"
    ),
    "songplays_come_from_events": _fault(
        "update analytics.songplays set songplay_id = '2-0-17' "
        "where songplay_id = '2-0-16'",
        "2-0-17",
    ),
    "songplays_have_the_best_song": _fault(
        "update analytics.songplays set song_id = 'SO2', artist_id = 'AR2' "
        "where songplay_id = '1-0-15'",
        "1-0-15",
        "SO1",
    ),
    "every_time_has_a_play": _fault(
        "insert into analytics.time values "
        "(timestamp '2018-11-12 06:00:00', 6, 12, 46, 11, 2018, 1, date '2018-11-12')",
        "2018-11-12 06:00:00",
    ),
    "times_have_a_play": _fault(
        "insert into analytics.time values "
        "(timestamp '2018-11-12 06:00:00', 6, 12, 46, 11, 2018, 1, date '2018-11-12')",
        "2018-11-12 06:00:00",
    ),
}


@pytest.fixture
def loaded(warehouse: Warehouse) -> Warehouse:
    """A small sound warehouse with all kinds of rows, a rejected one too."""
    warehouse.write("songs", "songs.json", SONGS)
    warehouse.write("events", "2018-11-12-events.json", EVENTS)
    warehouse.run()
    return warehouse


def test_every_check_has_a_fault() -> None:
    """A check that no fault proves is not known to catch anything.

    Those that judge days are proved by days, in test_gates.py.
    """
    found = {check.name for check in load_models().checks() if check.scope != "run"}
    assert found == set(FAULTS)


def test_sound_warehouse_has_no_offenders(loaded: Warehouse) -> None:
    """What the faults are put into is sound, and has rows for each check to read."""
    assert not loaded.offenders()
    assert all(loaded.bags("control", "staging", "analytics")[t] for t in _READ)


_READ = ("control.rejects", "analytics.songplays", "analytics.time", "staging.songs")


# This check reads the plays that a load replaces, of which a check on demand has none;
# the statement makes them as that load would.
ONLY_IN_A_LOAD = {
    "times_have_a_play": "create temp table replaced_plays as select songplay_id, "
    "timestamp '2018-11-12 06:00:00' as start_time from analytics.songplays"
}


def test_check_of_a_load_names_the_offender(loaded: Warehouse) -> None:
    """A start time that a load's corrections vacated, and that stayed, is reported."""
    [(name, replaced)] = ONLY_IN_A_LOAD.items()
    [check] = [c for c in load_models().checks() if c.name == name]
    engine = loaded.pipeline.engine
    with engine.session():
        engine.execute(replaced)
        assert not engine.query(check.sql)
        for statement in FAULTS[name].statements:
            engine.execute(statement)
        assert str(engine.query(check.sql)[0][0]) == FAULTS[name].offender[0]


@pytest.mark.parametrize("name", sorted(FAULTS.keys() - ONLY_IN_A_LOAD.keys()))
def test_check_names_the_offender(loaded: Warehouse, name: str) -> None:
    """The check reports the row that was made wrong."""
    fault = FAULTS[name]
    loaded.execute(*fault.statements)
    rows = [" ".join(map(str, row)) for row in loaded.offenders().get(name, [])]
    assert any(" ".join(fault.offender) in row for row in rows), rows


def _break(loaded: Warehouse) -> None:
    """Make user 16 stand twice, and deliver an older event of theirs."""
    loaded.execute(*FAULTS["users_key_is_unique"].statements)
    loaded.write(
        "events",
        "2018-11-11-events.json",
        [{"ts": T - 1000, "itemInSession": 9, "sessionId": 2, "userId": "16"}],
    )


def test_failed_check_leaves_the_warehouse_as_it_was(loaded: Warehouse) -> None:
    """I8: but for control.attempts, every table is what it was before the load."""
    _break(loaded)
    before = loaded.bags()
    with pytest.raises(CheckFailed, match=r"users_key_is_unique.*16, 2"):
        loaded.run()
    after = loaded.bags()
    attempts = after.pop("control.attempts") - before.pop("control.attempts")
    assert after == before
    [(load_id, _, _, error, message, samples)] = attempts
    assert load_id not in {row[0] for row in before["control.loads"]}
    assert error == "CheckFailed"
    assert "users_key_is_unique" in str(message)
    [sample] = json.loads(str(samples))
    assert sample == ["16", "2"]


def test_failed_check_exits_1_and_says_why(loaded: Warehouse) -> None:
    """The command says in a line which check failed and for which row, and exits 1."""
    _break(loaded)
    ended = subprocess.run(
        [sys.executable, "-m", "sparkify", "run", "--config", str(loaded.config)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if not k.startswith("SPARKIFY_")},
    )
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    assert line.startswith("sparkify: Check users_key_is_unique failed")
    assert "16, 2" in line
    assert line.endswith(" See the runbook: check-failed.")
    assert not ended.stdout


def test_load_after_a_failed_one_succeeds_when_the_fault_is_gone(
    loaded: Warehouse,
) -> None:
    """A failed load is pending still: the next run loads its files."""
    _break(loaded)
    with pytest.raises(CheckFailed):
        loaded.run()
    loaded.execute(
        "delete from analytics.users where user_id = 16",
        "insert into analytics.users values (16, null, null, null, 'free', null, "
        "timestamp '2018-11-12 05:20:02', 2, 0)",
    )
    assert len(loaded.run().loads) == 1
    assert not loaded.offenders()
