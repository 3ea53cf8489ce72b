"""Users' own checks are run as ours are, and days are held against what is usual."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sparkify import checks
from sparkify.config import Settings
from sparkify.errors import CheckBroken, CheckFailed
from sparkify.gates import with_own_checks
from sparkify.models import load_models
from sparkify.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conftest import Warehouse

T = 1538956800000  # 2018-10-08 00:00:00 UTC, a Monday
DAY = 86_400_000
WEEK = 7

SOUND = """\
-- check: no_play_is_by_user_16
-- severity: warn
-- User 16 is a robot of ours, and has no plays.
select session_id, user_id
from analytics.songplays
where user_id = 16
"""


def _own(warehouse: Warehouse, sql: str, name: str = "own.sql") -> Path:
    """Give a warehouse a folder of checks, with this file in it."""
    folder = warehouse.folder / "checks"
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(sql, "utf-8")
    warehouse.settings = replace(warehouse.settings, checks_folder=folder)
    warehouse.pipeline = Pipeline(warehouse.settings)
    return file


def _write_a_play(warehouse: Warehouse, user: int) -> None:
    warehouse.write("events", f"{user}.json", [{"userId": str(user)}])


def test_own_check_warns_and_is_recorded(warehouse: Warehouse) -> None:
    """A check of severity warn tells what it found, and the load stays."""
    _own(warehouse, SOUND)
    _write_a_play(warehouse, 16)
    [loaded] = warehouse.run().loads
    [warning] = checks.warnings(loaded.checks).values()
    assert "no_play_is_by_user_16 warns of 1 row(s), the first: 1, 16" in warning
    found = warehouse.bag("control.check_results", ["check_name", "offenders"])
    assert found["no_play_is_by_user_16", 1] == 1
    assert warehouse.offenders() == {"no_play_is_by_user_16": [(1, 16)]}


def test_own_check_undoes_its_load(warehouse: Warehouse) -> None:
    """A check of severity error leaves nothing of the load but the diagnosis."""
    _own(warehouse, SOUND.replace("warn", "error"))
    _write_a_play(warehouse, 16)
    with pytest.raises(CheckFailed, match="no_play_is_by_user_16"):
        warehouse.run()
    assert not warehouse.bag("staging.events")
    [error] = warehouse.bag("control.attempts", ["error"])
    assert error == ("CheckFailed",)


def test_own_check_reads_what_the_load_brought(warehouse: Warehouse) -> None:
    """Parameters bound it to the load; on demand it looks at everything."""
    _own(
        warehouse,
        """\
-- check: no_event_is_by_user_16
-- severity: warn
-- No load brings an event of user 16, who is 100 % a robot: not like '%s'.
select user_id
from staging.events
where user_id like '%6' and load_id between :first_load_id and :last_load_id
order by user_id
limit 1;
""",
    )
    _write_a_play(warehouse, 16)
    assert checks.warnings(warehouse.run().loads[0].checks)
    _write_a_play(warehouse, 15)
    assert not checks.warnings(warehouse.run().loads[0].checks)
    assert warehouse.offenders() == {"no_event_is_by_user_16": [("16",)]}


def test_own_check_of_the_warehouse_runs_on_demand(warehouse: Warehouse) -> None:
    """One that looks at everything is no part of a load."""
    sql = SOUND.replace("severity: warn", "severity: error\n-- scope: warehouse")
    _own(warehouse, sql)
    _write_a_play(warehouse, 16)
    assert len(warehouse.run().loads) == 1
    assert warehouse.offenders()


@pytest.mark.parametrize(
    "select",
    [
        "select user_id from nowhere",
        "select no_such_column from staging.events",
        "with gone as (delete from staging.events returning 1 as one) "
        "select one from gone",
    ],
    ids=["no table", "no column", "changes something"],
)
def test_own_check_that_cannot_run_undoes_the_load(
    warehouse: Warehouse, select: str
) -> None:
    """The message names file and check; the warehouse is as it was."""
    _write_a_play(warehouse, 15)
    warehouse.run()
    file = _own(warehouse, f"-- check: own\n-- severity: warn\n-- Is so.\n{select};")
    _write_a_play(warehouse, 17)
    with pytest.raises(CheckBroken) as raised:
        warehouse.run()
    assert str(raised.value).startswith(f"{file}: check own cannot be run; correct it")
    assert set(warehouse.bag("staging.events", ["user_id"])) == {("15",)}
    [error] = warehouse.bag("control.attempts", ["error"])
    assert error == ("CheckBroken",)


HEAD = "-- check: own\n-- severity: warn\n-- Is so.\n"


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("", "it has no `-- check: name`"),
        ("select 1;", "a statement stands before the first `-- check:`"),
        ("-- check: a b\n-- severity: warn\n-- Is so.\nselect 1", "a name has small"),
        ("-- check: own\n-- Is so.\nselect 1", "severity is missing; give error or"),
        (HEAD.replace("warn", "high") + "select 1", "severity is high; give error or"),
        (HEAD.replace("-- Is", "-- scope: x\n-- Is") + "select 1", "its scope is x"),
        ("-- check: own\n-- severity: warn\nselect 1", "what it proves is missing"),
        (HEAD, "it is not one select"),
        (HEAD + "delete from staging.events", "it is not one select"),
        (HEAD + "select 1; select 2;", "it is not one select"),
        (HEAD + "selected", "it is not one select"),
        (HEAD + "select :first_load", "the parameter :first_load is unknown; known"),
        (HEAD + "select 1;\n" + HEAD + "select 2;", "another check is named own"),
        (
            SOUND.replace("no_play_is_by_user_16", "users_key_is_unique"),
            "another check",
        ),
    ],
)
def test_file_that_is_no_check_is_refused(tmp_path: Path, sql: str, says: str) -> None:
    """A sentence names the file, and what is wrong with it."""
    file = tmp_path / "own.sql"
    file.write_text(sql, "utf-8")
    with pytest.raises(CheckBroken) as raised:
        with_own_checks(load_models(), Settings(checks_folder=tmp_path))
    assert str(raised.value).startswith(f"{file}: ")
    assert says in str(raised.value)


@pytest.mark.parametrize("engine_name", ["duckdb"])
def test_command_refuses_before_anything_is_loaded(warehouse: Warehouse) -> None:
    """A broken check ends `run` and `check` with exit 2 and one sentence."""
    file = warehouse.folder / "checks" / "own.sql"
    file.parent.mkdir()
    file.write_text(HEAD, "utf-8")
    _write_a_play(warehouse, 16)
    environment = {k: v for k, v in os.environ.items() if "SPARKIFY" not in k}
    for command in ("run", "check"):
        ended = subprocess.run(
            [sys.executable, "-m", "sparkify", command],
            capture_output=True,
            text=True,
            check=False,
            cwd=warehouse.folder,
            env=environment | {"SPARKIFY_CHECKS_FOLDER": "checks"},
        )
        assert ended.returncode == 2
        [line] = ended.stderr.splitlines()
        assert line.startswith(f"sparkify: {file}: check own: it is not one select.")
    assert not warehouse.bag("control.loads")


def test_text_and_comment_are_no_statement(tmp_path: Path) -> None:
    """A semicolon in a text or a comment ends nothing."""
    sql = HEAD + "-- first; then\nselect ';' as \"a;b\" /* ; */ where 1 = 2 -- ;"
    (tmp_path / "own.sql").write_text(sql, "utf-8")
    models = with_own_checks(load_models(), Settings(checks_folder=tmp_path))
    assert [check.name for check in models.own_checks] == ["own"]


def test_folder_of_checks_has_to_be_there(tmp_path: Path) -> None:
    """Nobody believes that checks run that do not."""
    with pytest.raises(CheckBroken, match=r"no such folder; .*\[CHECKS\] FOLDER"):
        with_own_checks(load_models(), Settings(checks_folder=tmp_path / "none"))


def test_own_check_is_written_without_the_prefix(tmp_path: Path) -> None:
    """SCHEMA_PREFIX is put before schemas in users' checks as in ours."""
    (tmp_path / "own.sql").write_text(SOUND, "utf-8")
    settings = Settings(checks_folder=tmp_path, schema_prefix="dev_")
    models = with_own_checks(load_models("dev_"), settings)
    assert "from dev_analytics.songplays" in models.own_checks[0].sql


@pytest.fixture
def judging(warehouse: Warehouse) -> Warehouse:
    """A warehouse whose days are judged though they have few plays."""
    warehouse.settings = replace(warehouse.settings, least_plays=8)
    warehouse.pipeline = Pipeline(warehouse.settings)
    warehouse.write("songs", "songs.json", [{}])
    return warehouse


MATCHED = {"song": "Setanta matins", "artist": "Elena", "length": 269.58322}


def _write_day(
    warehouse: Warehouse, day: int, plays: int, *, matched: int = 0, part: str = ""
) -> None:
    """A log file of a day, with so many plays."""
    rows: Iterable[dict[str, object]] = (
        {
            "ts": T + day * DAY + number,
            "sessionId": 1000 + day,
            "itemInSession": number if not part else 1000 + number,
            **(MATCHED if number < matched else {}),
        }
        for number in range(plays)
    )
    warehouse.write("events", f"{day:03}{part}.json", rows)


def _judged(warehouse: Warehouse) -> list[tuple[str, str, int]]:
    """Load what is pending; what days are warned of, by the check, in its last load."""
    loads = warehouse.run().loads
    for loaded in loads[:-1]:
        assert all(result.check.scope == "load" for result in loaded.checks)
    return [
        (result.check.name, str(row[0]), int(str(row[1])))
        for result in loads[-1].checks
        if result.check.scope == "run"
        for row in result.offenders
    ]


PLAYS = "days_have_their_usual_plays"
RATE = "days_have_their_usual_match_rate"


@pytest.mark.parametrize("plays", [0, 3, 31])
def test_unusual_volume_is_warned_of(judging: Warehouse, plays: int) -> None:
    """A Monday without plays, with few, or with many, after four of ten plays each."""
    for week in range(4):
        _write_day(judging, week * WEEK, 10)
    _write_day(judging, 4 * WEEK, plays)
    _write_day(judging, 4 * WEEK + 1, 1)
    assert _judged(judging) == [(PLAYS, "2018-11-05", plays)]
    found = judging.bag("control.check_results", ["check_name", "offenders"])
    assert found[PLAYS, 1] == 1
    assert judging.offenders().keys() == {PLAYS}


@pytest.mark.parametrize("plays", [4, 10, 30])
def test_usual_volume_is_not_warned_of(judging: Warehouse, plays: int) -> None:
    """Up to three times more or fewer plays than usual are chance."""
    for week in range(4):
        _write_day(judging, week * WEEK, 10)
    _write_day(judging, 4 * WEEK, plays)
    _write_day(judging, 4 * WEEK + 1, 1)
    assert not _judged(judging)


def test_day_is_judged_when_it_is_complete(judging: Warehouse) -> None:
    """A day that is half there is not judged; the run that ends it judges it, once."""
    for week in range(4):
        _write_day(judging, week * WEEK, 10)
    _write_day(judging, 4 * WEEK, 1)
    assert not _judged(judging)
    _write_day(judging, 4 * WEEK, 2, part="-later")
    assert not _judged(judging)
    _write_day(judging, 4 * WEEK + 1, 1)
    assert _judged(judging) == [(PLAYS, "2018-11-05", 3)]
    _write_day(judging, 4 * WEEK + 2, 1)
    assert not _judged(judging)


def test_day_that_comes_in_parts_is_judged_once(judging: Warehouse) -> None:
    """A backlog of many loads is judged as it is at its end, not load by load."""
    judging.pipeline = Pipeline(replace(judging.settings, batch_bytes=1))
    for week in range(5):
        _write_day(judging, week * WEEK, 5)
        _write_day(judging, week * WEEK, 5, part="-later")
    _write_day(judging, 4 * WEEK + 1, 1)
    assert not _judged(judging)


def test_short_history_is_no_measure(judging: Warehouse) -> None:
    """Three weeks do not tell what is usual."""
    for week in range(3):
        _write_day(judging, week * WEEK, 10)
    _write_day(judging, 3 * WEEK, 1)
    _write_day(judging, 3 * WEEK + 1, 1)
    assert not _judged(judging)


def test_few_plays_are_no_measure(judging: Warehouse) -> None:
    """Where seven plays are usual, one is chance."""
    for week in range(4):
        _write_day(judging, week * WEEK, 7)
    _write_day(judging, 4 * WEEK, 1)
    _write_day(judging, 4 * WEEK + 1, 1)
    assert not _judged(judging)


def test_unusual_match_rate_is_warned_of(judging: Warehouse) -> None:
    """As many plays as ever, but too few of them find their song."""
    for week in range(4):
        _write_day(judging, week * WEEK, 20, matched=10)
    _write_day(judging, 4 * WEEK, 20, matched=6)
    _write_day(judging, 4 * WEEK + 1, 1)
    assert _judged(judging) == [(RATE, "2018-11-05", 6)]


def test_usual_match_rate_is_not_warned_of(judging: Warehouse) -> None:
    """A few matches less are chance, and more of them are welcome."""
    for week in range(4):
        _write_day(judging, week * WEEK, 20, matched=10)
    _write_day(judging, 4 * WEEK, 20, matched=7)
    _write_day(judging, 4 * WEEK + 1, 20, matched=20)
    _write_day(judging, 4 * WEEK + 2, 1)
    assert not _judged(judging)
