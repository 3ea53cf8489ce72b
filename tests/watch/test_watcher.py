"""A watcher looks, loads, tells, and holds nothing in between."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sparkify.config import load_settings
from sparkify.errors import CheckFailed, SourceError, WarehouseBusy
from sparkify.events import Event, LoadStarted
from sparkify.pipeline import Pipeline
from sparkify.report import looks
from sparkify.watch import clock
from sparkify.watch.watcher import Look, Watcher

if TYPE_CHECKING:
    from conftest import Warehouse

OLD = "2018/11/2018-11-{:02}-events.json"


class Watched:
    """A watcher of a warehouse, and what it told."""

    def __init__(
        self, warehouse: Warehouse, *listeners: Callable[[Event], None]
    ) -> None:
        self.warehouse = warehouse
        self.looks: list[Look] = []
        self.watcher = Watcher(
            Pipeline(warehouse.settings, *listeners),
            clock.every(0.01),
            timedelta(hours=1),
            self.looks.append,
        )

    def look(self) -> tuple[str, int]:
        """Look once; the kind of look, and how many files were loaded."""
        look = self.watcher.look()
        assert look is self.looks[-1]
        return look.kind, sum(len(each.load.files) for each in look.result.loads)

    def write(self, day: int, name: str = OLD) -> None:
        """A file of a day, with one event."""
        self.warehouse.write("events", name.format(day), [{"itemInSession": day}])

    def count(self) -> object:
        """Events in the warehouse."""
        return self.warehouse.query("select count(*) from staging.events")[0][0]


@pytest.fixture
def duckdb(new_warehouse: Callable[[str], Warehouse]) -> Iterator[Warehouse]:
    """A warehouse for what does not depend on the engine."""
    made = new_warehouse("duckdb")
    yield made
    made.remove()


@pytest.fixture
def watched(duckdb: Warehouse) -> Watched:
    """A watcher of six days that are loaded."""
    found = Watched(duckdb)
    for day in range(1, 7):
        found.write(day)
    assert found.look() == ("full", 6)
    return found


def test_looks_find_what_is_new(warehouse: Warehouse) -> None:
    """On every engine: all at first, then new dates, and nothing is loaded twice."""
    found = Watched(warehouse)
    for day in range(1, 7):
        found.write(day)
    assert found.look() == ("full", 6)
    assert found.look() == ("recent", 0)
    found.write(7)
    found.write(4, OLD.replace("events", "more"))
    assert found.look() == ("recent", 2)
    assert found.look() == ("recent", 0)
    assert found.count() == 8


def test_late_file_is_found_by_the_next_full_look(watched: Watched) -> None:
    """A file under an old date is not recent; within `full_every` it is found."""
    watched.write(1, OLD.replace("events", "late"))
    assert watched.look() == ("recent", 0)
    watched.watcher.full_every = timedelta(0)
    watched.watcher._full_due = datetime.now(UTC)  # an hour has passed
    assert watched.look() == ("full", 1)


def test_changed_recent_file_is_found(watched: Watched) -> None:
    """A file of a recent date that was written again is loaded again."""
    watched.write(6)
    watched.warehouse.write("events", OLD.format(6), [{"itemInSession": 6}, {}])
    assert watched.look() == ("recent", 1)


def test_new_song_that_sorts_last_is_recent(watched: Watched) -> None:
    """Of names without dates, those behind the last known one."""
    watched.warehouse.write("songs", "M/TRM.json", [{"song_id": "SOM"}])
    assert watched.look() == ("recent", 1)


def test_unchanged_listing_asks_no_warehouse(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look that finds the same names and versions opens nothing."""
    assert watched.look() == ("recent", 0)

    def session(**_: object) -> None:
        raise AssertionError("the warehouse was opened")

    monkeypatch.setattr(watched.watcher.pipeline.engine, "session", session)
    assert watched.look() == ("recent", 0)
    watched.write(7)
    with pytest.raises(AssertionError, match="was opened"):
        watched.look()


def test_nothing_is_held_in_between(warehouse: Warehouse) -> None:
    """Neither the file of DuckDB nor a connection to a server is open after a look."""
    found = Watched(warehouse)
    found.write(1)
    found.look()
    opened = [
        str(each.readlink())
        for each in Path("/proc/self/fd").iterdir()
        if each.is_symlink()
    ]
    assert not [path for path in opened if path.startswith(str(warehouse.folder))]
    assert found.watcher.pipeline.engine._connection is None  # type: ignore[attr-defined]  # of each engine
    if warehouse.settings.engine == "postgres":
        sql = (
            "select count(*) from pg_stat_activity where application_name = 'sparkify' "
            "and datname = current_database() and pid <> pg_backend_pid()"
        )
        # The server takes a moment to forget who has gone.
        deadline = time.monotonic() + 30
        while warehouse.query(sql) != [(0,)]:
            assert time.monotonic() < deadline, "a connection is open"
            time.sleep(0.05)


def test_refused_file_is_told_once(watched: Watched) -> None:
    """It is recorded; watching goes on, and it is not tried again as it is."""
    bad = watched.warehouse.write_bytes("events", OLD.format(7), b"{no\n" * 200)
    watched.write(8)
    assert watched.look() == ("recent", 2)
    [refused] = watched.looks[-1].result.refused
    assert refused.file.uri == str(bad)
    assert watched.look() == ("recent", 0)
    watched.write(7)
    assert watched.look() == ("recent", 1)


def test_warnings_are_told_even_when_quiet(
    duckdb: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a check of severity warn found goes to stderr, a line each."""
    folder = duckdb.folder / "checks"
    folder.mkdir()
    (folder / "own.sql").write_text(
        "-- check: nobody_listens\n-- severity: warn\n-- Nobody listens.\n"
        "select songplay_id from analytics.songplays",
        "utf-8",
    )
    duckdb.settings = replace(duckdb.settings, checks_folder=folder)
    found = Watched(duckdb)
    found.write(1)
    assert found.look() == ("full", 1)
    looks.show(found.looks[-1], quiet=True)
    told = capsys.readouterr()
    assert not told.out
    assert "warning: " in told.err
    assert "nobody_listens" in told.err


def test_failed_check_is_told_and_not_tried_again_at_once(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was refused would be refused again, until a file changes."""
    tried = []

    def load(*_: object) -> None:
        tried.append(1)
        raise CheckFailed("A check found rows.")

    with monkeypatch.context() as patch:
        patch.setattr(watched.watcher.pipeline, "load", load)
        watched.write(7)
        assert watched.look() == ("recent", 0)
        assert isinstance(watched.looks[-1].error, CheckFailed)
        assert watched.look() == ("recent", 0)
        assert watched.looks[-1].error is None
        assert len(tried) == 1
    watched.write(8)
    assert watched.look() == ("recent", 2)


def test_transient_fault_is_told_and_tried_again(
    duckdb: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next look does what the one before could not, a full one too."""
    found = Watched(duckdb)
    found.write(1)

    def load(*_: object) -> None:
        raise WarehouseBusy("Another process has it open.")

    with monkeypatch.context() as patch:
        patch.setattr(found.watcher.pipeline, "load", load)
        assert found.look() == ("full", 0)
        assert isinstance(found.looks[-1].error, WarehouseBusy)
    assert found.look() == ("full", 1)


def test_permanent_fault_ends_the_start_alone(
    duckdb: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong at the start has to be corrected; later it is told."""
    found = Watched(duckdb)

    def refuse(*_: object) -> None:
        if len(found.looks) == 3:
            found.watcher.stop()
        raise SourceError("It cannot be read.")

    with monkeypatch.context() as patch:
        patch.setattr(found.watcher.pipeline.sources, "below", refuse)
        with pytest.raises(SourceError):
            found.watcher.watch()
    assert len(found.looks) == 1


def test_late_permanent_fault_is_told(
    duckdb: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At night, a right that was taken away may be given back."""
    found = Watched(duckdb)
    real = found.watcher.pipeline.sources.below
    calls = 0

    def below(*arguments: str) -> object:
        nonlocal calls
        calls += 1
        if calls > 6:
            found.watcher.stop()
        if calls in {3, 4}:
            raise SourceError("It cannot be read.")
        return real(*arguments)

    monkeypatch.setattr(found.watcher.pipeline.sources, "below", below)
    found.watcher.watch()
    assert [look.error is None for look in found.looks][:4] == [
        True,
        False,
        False,
        True,
    ]


def struck(duckdb: Warehouse, signals: int) -> Watched:
    """A watcher that gets signals when the second of its loads begins."""
    environment = {"SPARKIFY_LOAD_BATCH_BYTES": "1"}
    duckdb.settings = load_settings(duckdb.config, environment=environment)

    def strike(event: Event) -> None:
        if isinstance(event, LoadStarted) and event.number == 2:
            for _ in range(signals):
                os.kill(os.getpid(), signal.SIGTERM)

    found = Watched(duckdb, strike)
    for day in range(1, 5):
        found.write(day)
    return found


def test_signal_ends_after_the_load_at_hand(duckdb: Warehouse) -> None:
    """SIGTERM in the second of four loads: it is done, the third does not begin."""
    found = struck(duckdb, signals=1)
    before = signal.getsignal(signal.SIGTERM)
    found.watcher.watch()
    assert signal.getsignal(signal.SIGTERM) is before
    assert found.count() == 2
    Watched(duckdb).look()
    assert found.count() == 4


def test_second_signal_interrupts(duckdb: Warehouse) -> None:
    """The load at hand is undone; what was committed stays."""
    found = struck(duckdb, signals=2)
    with pytest.raises(KeyboardInterrupt):
        found.watcher.watch()
    assert found.count() == 1
    Watched(duckdb).look()
    assert found.count() == 4
    assert not duckdb.offenders()


def test_signal_while_idle_ends_at_once(duckdb: Warehouse) -> None:
    """Nobody waits until the next look is due."""

    def strike() -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    found = Watched(duckdb)
    found.watcher.clock = clock.every(3600)
    found.watcher.tell = lambda _: threading.Timer(0.2, strike).start()
    found.watcher.watch()


def test_missed_looks_are_made_up_for_by_one(duckdb: Warehouse) -> None:
    """A load that takes longer than the pause: one look follows, not one for each."""
    found = Watched(duckdb)
    asked: list[datetime] = []

    def when(moment: datetime) -> datetime:
        asked.append(moment)
        if len(asked) == 4:
            found.watcher.stop()
        # All were due long ago, as after a night in which the machine slept.
        return moment - timedelta(hours=8)

    found.watcher.clock = when
    found.watcher.watch()
    assert len(found.looks) == 4
    assert asked == [look.began for look in found.looks]
    assert asked == sorted(set(asked))
