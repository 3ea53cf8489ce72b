"""`sparkify status`: right about what is loaded, and to be had while a load runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from observe.tools import sparkify
from sparkify.errors import CheckFailed, DataStale
from sparkify.events import Event, LoadStarted, RunFinished, RunStarted, StepStarted
from sparkify.observe import listeners
from sparkify.observe.live import Live, running
from sparkify.pipeline import Pipeline
from sparkify.report import status

if TYPE_CHECKING:
    from conftest import Warehouse

ON_DUCKDB = pytest.mark.parametrize("engine_name", ["duckdb"])


def test_an_empty_warehouse(warehouse: Warehouse) -> None:
    """Nothing is loaded, and no age is one."""
    found = status.ask(warehouse.settings, pending=True)
    assert found.is_open
    assert (found.loads, found.last_load, found.age_seconds) == (0, None, None)
    assert (found.pending, found.rejects, found.failed) == (0, 0, None)
    assert not found.holders
    with pytest.raises(DataStale, match="nothing was loaded yet"):
        status.require_fresh(found, 1e9)


def test_what_is_loaded_refused_and_pending(warehouse: Warehouse) -> None:
    """Freshness is that of the newest event; what needs a look is named."""
    later: dict[str, object] = {"ts": 1542000009000, "itemInSession": 1}
    rows: list[dict[str, object]] = [{}, later, {"ts": "noon"}]
    warehouse.write("events", "2018-11-01-events.json", rows)
    bad = warehouse.write_bytes("events", "2018-11-02-events.json", b"{no\n" * 200)
    warehouse.run()
    warehouse.write("events", "2018-11-03-events.json", [{"itemInSession": 7}])
    assert status.ask(warehouse.settings).pending is None
    found = status.ask(warehouse.settings, pending=True)
    assert found.pending == 1
    assert (found.loads, found.rejects, found.refused) == (1, 1, [str(bad)])
    assert found.data_through == datetime(2018, 11, 12, 5, 20, 9)  # noqa: DTZ001  # UTC
    assert found.last_load
    assert (found.last_load["files"], found.last_load["refused_files"]) == (1, 1)
    assert "cannot be accepted" in found.last_load["message"]
    lag = found.last_load["finished_at"] - found.data_through
    assert found.lag_seconds == pytest.approx(lag.total_seconds(), abs=0.001)
    assert found.age_seconds is not None
    assert found.tables[f"{warehouse.settings.schema_prefix}analytics.songplays"] == 2


def test_a_failed_load_is_told_until_one_succeeds(warehouse: Warehouse) -> None:
    """It stands in the status with its sentence, and goes with the next load."""
    warehouse.write("events", "2018-11-01-events.json", [{}])
    warehouse.run()
    warehouse.execute("insert into analytics.users select * from analytics.users")
    older = {"ts": 1541030400000, "itemInSession": 9}
    warehouse.write("events", "2018-10-31-events.json", [older])
    with pytest.raises(CheckFailed) as failure:
        warehouse.run()
    failed = status.ask(warehouse.settings).failed
    assert failed
    assert failed["message"] == str(failure.value)
    warehouse.execute("delete from analytics.users")
    warehouse.run()
    assert status.ask(warehouse.settings).failed is None


def test_warnings_are_those_of_the_last_load(warehouse: Warehouse) -> None:
    """A check that warned of an older load is not told."""
    warehouse.write("events", "2018-11-01-events.json", [{}])
    load_id = warehouse.run().head
    warehouse.execute(
        f"insert into control.check_results values ({load_id}, 'odd', 'warn', 3)",
        f"insert into control.check_results values ({load_id}, 'even', 'warn', 0)",
        f"insert into control.check_results values ({load_id - 1}, 'old', 'warn', 1)",
    )
    assert status.ask(warehouse.settings).warnings == {"odd": 3}


def test_status_tells_of_a_load_that_runs(warehouse: Warehouse) -> None:
    """Asked by another process in the middle of a load, it tells who is at work."""
    warehouse.write("events", "2018-11-01-events.json", [{}])
    warehouse.run()
    warehouse.write("events", "2018-11-02-events.json", [{"itemInSession": 1}])
    asked: list[dict[str, Any]] = []

    def ask(event: Event) -> None:
        if isinstance(event, StepStarted) and event.text.endswith("analytics.users"):
            config = str(warehouse.config)
            ended = sparkify("status", "--config", config, "--format", "json")
            assert ended.returncode == 0, ended.stderr
            asked.append(json.loads(ended.stdout))
            fresh = ("status", "--config", config, "--max-age", "1h")
            assert sparkify(*fresh).returncode == 0

    with listeners(warehouse.settings) as found:
        Pipeline(warehouse.settings, *found, ask).run()
    [told] = asked
    assert told["age_seconds"] is not None
    if warehouse.settings.engine == "duckdb":
        [run] = told["running"]
        assert run["pid"] == os.getpid()
        assert run["step"].endswith("building analytics.users")
        assert (run["load"], run["of"]) == (1, 1)
        assert not told["is_open"]
    else:
        assert told["is_open"]
        [holder] = told["holders"]
        assert holder.startswith("session ")
    after = status.ask(warehouse.settings)
    assert (after.running, after.holders, after.loads) == ([], [], 2)


@ON_DUCKDB
def test_without_a_live_file_the_process_is_named(warehouse: Warehouse) -> None:
    """When who holds the file is no run of ours, its process is told at once."""
    code = (
        "import duckdb, sys; held = duckdb.connect(sys.argv[1]); "
        "print('open', flush=True); sys.stdin.read()"
    )
    path = str(warehouse.settings.path)
    with subprocess.Popen(
        [sys.executable, "-c", code, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "open\n"
        ended = sparkify("status", "--config", str(warehouse.config))
        other.communicate()
    assert ended.returncode == 3
    assert f"process {other.pid} has it open" in ended.stderr


@ON_DUCKDB
def test_a_run_that_has_not_looked_yet_is_no_stale_data(warehouse: Warehouse) -> None:
    """While a run has the file open to look what is new, a health check exits 3."""
    warehouse.write("events", "2018-11-01-events.json", [{}])
    warehouse.run()
    live = Live(warehouse.settings.path)
    live(RunStarted(1))
    with warehouse.pipeline.engine.session():
        fresh = ("status", "--config", str(warehouse.config), "--max-age", "1h")
        ended = sparkify(*fresh)
        assert ended.returncode == 3
        assert f"process {os.getpid()} has it open" in ended.stderr
        live(LoadStarted(1, 2, "load", head=0))
        assert "nothing was loaded yet" in sparkify(*fresh).stderr
    live(RunFinished(1, "nothing", 0.1))


@ON_DUCKDB
def test_what_a_killed_run_left_is_not_told(warehouse: Warehouse) -> None:
    """The file of a process that is gone is ignored, and removed by the next run."""
    ended = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        text=True,
        check=True,
    )
    path = warehouse.settings.path
    left = path.with_name(f"{path.name}.run-{ended.stdout.strip()}.json")
    state = {"pid": int(ended.stdout), "run_id": 1, "started_at": "2018-11-12"}
    left.write_text(json.dumps(state))
    broken = path.with_name(f"{path.name}.run-x.json")
    broken.write_text("{")
    assert not running(path)
    assert status.ask(warehouse.settings).running == []
    with listeners(warehouse.settings) as found:
        Pipeline(warehouse.settings, *found).run()
    assert not left.exists()
    mine = path.with_name(f"{path.name}.run-{os.getpid()}.json")
    assert not mine.exists()


@ON_DUCKDB
def test_a_folder_without_rights_breaks_no_load(warehouse: Warehouse) -> None:
    """Where the file of the live state cannot be written, there is none."""
    warehouse.write("events", "2018-11-01-events.json", [{}])
    live = Live(Path("/no-such-folder/warehouse.duckdb"))
    told: list[Event] = []
    assert Pipeline(warehouse.settings, live, told.append).run().loads
    assert not running(Path("/no-such-folder/warehouse.duckdb"))


@ON_DUCKDB
def test_max_age_is_a_health_check(warehouse: Warehouse) -> None:
    """Exit 1 with a sentence when the last load is older, or there is none; else 0."""
    config = ("status", "--config", str(warehouse.config), "--max-age")
    none = sparkify(*config, "2h")
    assert none.returncode == 1
    assert "nothing was loaded yet" in none.stderr
    warehouse.write("events", "2018-11-01-events.json", [{}])
    warehouse.run()
    fresh = sparkify(*config, "2h")
    assert (fresh.returncode, fresh.stderr) == (0, "")
    warehouse.execute(
        "update control.loads set finished_at = finished_at - interval '3 hours'"
    )
    old = sparkify(*config, "2h")
    assert old.returncode == 1
    [line] = old.stderr.splitlines()
    assert "the last load is 3 h old, more than 2 h" in line
    wrong = sparkify(*config, "soon")
    assert wrong.returncode == 2
    assert "'soon' is not a time" in wrong.stderr


@ON_DUCKDB
def test_json_has_the_same_names_whatever_the_state(warehouse: Warehouse) -> None:
    """A program finds every name, in an empty warehouse and in one in use."""
    names = json.loads(_json(warehouse)).keys()
    warehouse.write("events", "2018-11-01-events.json", [{}])
    warehouse.run()
    assert json.loads(_json(warehouse)).keys() == names
    busy = replace(status.ask(warehouse.settings), is_open=False)
    assert busy.__dict__.keys() == names


def _json(warehouse: Warehouse) -> str:
    config = str(warehouse.config)
    ended = sparkify("status", "--config", config, "--format", "json")
    assert ended.returncode == 0
    return ended.stdout


def test_times_of_a_load_are_plausible(warehouse: Warehouse) -> None:
    """A load ends after it began, and its steps fit between."""
    warehouse.write("events", "2018-11-01-events.json", [{}])
    warehouse.run()
    last = status.ask(warehouse.settings).last_load
    assert last
    assert last["finished_at"] - last["started_at"] >= timedelta(0)
    assert last["seconds"] > 0
