"""Ctrl-C ends a run cleanly, and what is told of it is true."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from sparkify.cli import main
from sparkify.engines import libpq
from sparkify.engines.duckdb import DuckDB
from sparkify.models import Table

if TYPE_CHECKING:
    from conftest import Warehouse

SLOW = "select count(*) from range(100000000) as a(i), range(1000) where hash(i) = 5"


@pytest.fixture
def waiting(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """A warehouse with three files that wait, each a batch."""
    for day in range(1, 4):
        warehouse.write("events", f"2018-11-0{day}.json", [{"itemInSession": day}])
    monkeypatch.setenv("SPARKIFY_LOAD_BATCH_BYTES", "1")
    return warehouse


def run(warehouse: Warehouse) -> object:
    """Run the command; its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(["run", "--quiet", "--config", str(warehouse.config)])
    return ended.value.code


@pytest.mark.parametrize(("when", "committed"), [("before", 1), ("after", 2)])
def test_what_is_committed_is_told(
    waiting: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    when: str,
    committed: int,
) -> None:
    """Ctrl-C around the second commit: the ledger knows whether it was done (I2)."""
    engine: Any = type(waiting.pipeline.engine)
    real, commits = engine.execute, 0

    def execute(self: object, sql: str, *more: object) -> object:
        nonlocal commits
        commits += sql == "commit"
        is_struck = sql == "commit" and commits == 2
        if is_struck and when == "before":
            raise KeyboardInterrupt
        rows = real(self, sql, *more)
        if is_struck:
            raise KeyboardInterrupt
        return rows

    monkeypatch.setattr(engine, "execute", execute)
    assert run(waiting) == 130
    told = capsys.readouterr().err
    assert told.startswith(f"sparkify: interrupted: {committed} of 3 batches")
    assert told.count("\n") == 1
    monkeypatch.undo()
    loads = waiting.query("select count(*) from control.loads")
    assert loads == [(committed,)]
    waiting.run()
    assert waiting.query("select count(*) from staging.events") == [(3,)]
    assert not waiting.offenders()


def test_ctrl_c_while_the_engine_works(
    waiting: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A statement that takes long is stopped by the signal itself."""
    if waiting.settings.engine != "duckdb":
        pytest.skip("a statement of DuckDB, that is interrupted in its own way")

    def lock(self: DuckDB, table: Table) -> None:
        del table
        strike = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
        strike.start()
        self.query(SLOW)

    monkeypatch.setattr(DuckDB, "lock", lock)
    assert run(waiting) == 130
    told = capsys.readouterr().err
    assert told.startswith("sparkify: interrupted: 0 of 3 batches are committed")
    monkeypatch.undo()
    waiting.run()
    assert waiting.query("select count(*) from staging.events") == [(3,)]


@pytest.mark.parametrize("engine", ["postgres", "redshift"])
def test_what_had_not_begun_never_does(
    new_warehouse: Callable[[str], Warehouse],
    monkeypatch: pytest.MonkeyPatch,
    engine: str,
) -> None:
    """Ctrl-C may come before the driver has the statement; the rollback comes then."""
    warehouse = new_warehouse(engine)
    late: list[threading.Thread] = []

    class Late(threading.Thread):
        def start(self) -> None:
            late.append(self)
            raise KeyboardInterrupt

    driver = warehouse.pipeline.engine
    with driver.session():
        driver.execute("create table late_rows (number integer)")
        driver.execute("begin transaction")
        monkeypatch.setattr(libpq, "Thread", Late)
        with pytest.raises(KeyboardInterrupt):
            driver.execute("insert into late_rows (number) values (1)")
        monkeypatch.undo()
        driver.execute("rollback")
        late[0].run()
        assert driver.query("select count(*) from late_rows") == [(0,)]
