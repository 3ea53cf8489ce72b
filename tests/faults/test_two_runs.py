"""Two runs at once, and a run beside readers: never both, never half (I3, I10)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from conftest import make_warehouse

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Warehouse

LOADED = """
    select uri, count(*) from control.load_files where status = 'loaded' group by uri
"""
# Opens the warehouse as its arguments say, tells so, and holds it until told to end.
HOLD = """
import sys, duckdb
held = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "read")
print("open", flush=True)
sys.stdin.readline()
"""
# Counts the plays and their times again and again, until told to end.
READ = """
import os, select, sys
from pathlib import Path
from sparkify.config import load_settings
from sparkify.engines import make_engine
from sparkify.errors import WarehouseBusy
engine = make_engine(load_settings(Path(sys.argv[1]), environment=dict(os.environ)))
seen = set()
print("reading", flush=True)
while not select.select([sys.stdin], [], [], 0)[0]:
    try:
        with engine.session(read_only=True):
            [plays] = engine.query("select count(*) from analytics.songplays")
            [loads] = engine.query("select count(*) from control.loads")
    except WarehouseBusy:
        continue
    seen.add((plays[0], loads[0]))
print(sorted(seen))
"""


def start(warehouse: Warehouse, **environment: str) -> subprocess.Popen[str]:
    """A run in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "sparkify", "run", "--config", str(warehouse.config)],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(run: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit code, and what it has told."""
    told = run.communicate()[1]
    return run.returncode, told


@contextmanager
def program(source: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A program that has said its first line; it is told to end after the block."""
    with subprocess.Popen(
        [sys.executable, "-c", source, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout
        assert running.stdout.readline()
        try:
            yield running
        finally:
            if running.poll() is None:
                running.communicate("end\n")


@pytest.fixture
def filled(warehouse: Warehouse) -> Warehouse:
    """A warehouse with a source of several batches."""
    return fill(warehouse)


@pytest.fixture
def file(tmp_path: Path) -> Warehouse:
    """One that is a file of DuckDB; what holds a server is in test_server.py."""
    return fill(make_warehouse(tmp_path / "warehouse", "duckdb"))


def fill(warehouse: Warehouse) -> Warehouse:
    """Write source files of six days."""
    for day in range(1, 7):
        rows = [{"sessionId": day, "itemInSession": item} for item in range(10)]
        warehouse.write("events", f"2018-11-{day:02}.json", rows)
    return warehouse


def in_batches(warehouse: Warehouse) -> dict[str, str]:
    """An environment in which each file is a batch."""
    size = (warehouse.folder / "log_data" / "2018-11-01.json").stat().st_size
    return {"SPARKIFY_LOAD_BATCH_BYTES": str(size)}


def test_two_runs_load_each_file_once(filled: Warehouse) -> None:
    """Both come to an end, each file is loaded by one of them, nothing twice (I3)."""
    runs = [start(filled, **in_batches(filled)) for _ in range(2)]
    for code, told in map(end, runs):
        assert code in (0, 3), told
        assert (code == 3) == bool(told.strip())
        assert "Traceback" not in told
    filled.run()
    loads = [loads for _, loads in filled.query(LOADED)]
    assert loads == [1] * 6
    assert filled.query("select count(*) from staging.events") == [(60,)]
    assert not filled.offenders()


@pytest.mark.parametrize("how", ["read", "write"])
def test_run_beside_a_holder_gives_up_in_time(file: Warehouse, how: str) -> None:
    """With no LOCK_WAIT, a run exits 3 and names the process that holds it (I3)."""
    with program(HOLD, str(file.settings.path), how) as holder:
        code, told = end(start(file, SPARKIFY_LOAD_LOCK_WAIT="0"))
    assert code == 3, told
    assert re.search(rf"\bprocess {holder.pid}\b", told)
    assert str(file.settings.path) in told
    assert told.count("\n") == 1
    assert file.query("select count(*) from control.loads") == [(0,)]


@pytest.mark.parametrize("how", ["read", "write"])
def test_run_waits_for_a_holder(
    file: Warehouse, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Within LOCK_WAIT, a run works as soon as the holder has left (I3, I10)."""
    waits: list[float] = []
    with program(HOLD, str(file.settings.path), how) as holder:

        def leave(seconds: float) -> None:
            waits.append(seconds)
            holder.communicate("end\n")

        monkeypatch.setattr(time, "sleep", leave)
        file.run()
    assert len(waits) == 1
    assert file.query("select count(*) from staging.events") == [(60,)]


def test_reader_sees_the_star_before_or_after_a_load(
    filled: Warehouse,
) -> None:
    """Every count a reader sees is that of whole loads, ten plays each (I10)."""
    with program(READ, str(filled.config)) as reader:
        code, told = end(start(filled, **in_batches(filled)))
        assert (code, told) == (0, "")
        seen = eval(reader.communicate("end\n")[0])  # noqa: S307  # our own program's
    assert set(seen) <= {(10 * loads, loads) for loads in range(7)}
