"""A run of an interval of days loads their files alone, and nothing is lost by it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sparkify.pipeline import Pipeline
from sparkify.sources.files import Interval, SourceFile

if TYPE_CHECKING:
    from conftest import Warehouse

T = 1542000000000  # 2018-11-12 05:20:00 UTC
NAMES = [f"2018-11-{day}-events.json" for day in (12, 13, 14)]
DAYS = [date(2018, 11, day) for day in (11, 12, 13, 14, 15)]


@pytest.fixture
def delivered(warehouse: Warehouse) -> Warehouse:
    """Logs of three days, and a song file that was modified on the second."""
    for number, name in enumerate(NAMES):
        row = {"ts": T + number * 86_400_000, "sessionId": number, "song": "Undo"}
        warehouse.write("events", name, [row])
    song = warehouse.write("songs", "TR1.json", [{"title": "Undo"}])
    at = datetime(2018, 11, 13, 23, 59, tzinfo=UTC).timestamp()
    os.utime(song, (at, at))
    return warehouse


def _loaded(warehouse: Warehouse) -> set[str]:
    return {
        Path(str(uri)).name for (uri,) in warehouse.bag("control.load_files", ["uri"])
    }


def test_interval_has_its_first_day_and_not_its_last() -> None:
    """The name's date counts, else the modification's; a bound may be left out."""
    file = SourceFile("events", "/logs/2018-11-13-events.json", 1, 0)
    undated = SourceFile("songs", "/songs/TR1.json", 1, 0)
    assert Interval(date(2018, 11, 13), date(2018, 11, 14)).of([file]) == [file]
    assert Interval(date(2018, 11, 12), date(2018, 11, 13)).of([file]) == []
    assert Interval(date(2018, 11, 14)).of([file]) == []
    assert Interval().of([file]) == [file]
    assert Interval(date(1970, 1, 1), date(1970, 1, 2)).of([undated]) == [undated]
    assert Interval(date(1970, 1, 2)).of([undated]) == []


def test_files_of_other_days_stay_pending(delivered: Warehouse) -> None:
    """A run of a day loads what is of it; the next run without bounds, the rest."""
    result = delivered.pipeline.run(interval=Interval(DAYS[2], DAYS[3]))
    assert result.outside == 2
    assert _loaded(delivered) == {NAMES[1], "TR1.json"}
    assert len(delivered.run().loads) == 1
    assert _loaded(delivered) == {*NAMES, "TR1.json"}


def test_days_in_any_order_equal_one_load(delivered: Warehouse) -> None:
    """I1: a backfill from the newest day to the oldest gives the star of one load."""
    for since, until in reversed(list(pairwise(DAYS))):
        delivered.pipeline.run(interval=Interval(since, until))
    by_day = delivered.bags("analytics")
    assert all(by_day[f"analytics.{name}"] for name in ("songplays", "songs", "time"))
    Pipeline(delivered.settings).create_tables(reset=True)
    assert len(delivered.run().loads) == 1
    assert delivered.bags("analytics") == by_day


def _command(warehouse: Warehouse, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sparkify", *words, "--config", str(warehouse.config)],
        capture_output=True,
        text=True,
        check=False,
        env={k: v for k, v in os.environ.items() if not k.startswith("SPARKIFY_")},
    )


@pytest.mark.parametrize("engine_name", ["duckdb"])
def test_command_tells_what_is_left(delivered: Warehouse) -> None:
    """Who asks for a day is told of the pending files of others."""
    day = ("run", "--since", "2018-11-12", "--until", "2018-11-13")
    assert "-- load 1 of 1: 1 files" in _command(delivered, *day, "--dry-run").stdout
    assert "3 new files are of other days" in _command(delivered, *day).stdout
    again = _command(delivered, *day).stdout
    assert again.startswith("Nothing to do: none of 4 files is new to ")
    assert again.endswith(", but 3 of other days.\n")


@pytest.mark.parametrize("engine_name", ["duckdb"])
def test_interval_without_a_day_is_refused(delivered: Warehouse) -> None:
    """An end that is not after the beginning is a mistake, and exits 2."""
    ended = _command(delivered, "run", "--since", "2018-11-13", "--until", "2018-11-13")
    assert ended.returncode == 2
    assert "--until has to be later than --since" in ended.stderr
    assert not _loaded(delivered)
