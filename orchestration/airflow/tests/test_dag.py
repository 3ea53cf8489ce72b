"""The DAG is sound, loads what it says, and tries again what may help."""

from __future__ import annotations

import json
import os
import runpy
import signal
import socket
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from airflow.utils.types import DagRunType
from conftest import Airflow, Warehouse

DAGS = Path(__file__).parents[1] / "dags"
PATIENCE = 300


@pytest.fixture(scope="module")
def dag() -> DAG:
    """Our DAG, as Airflow imports it."""
    bag = DagBag(str(DAGS))
    assert not bag.import_errors
    [found] = bag.dags.values()
    return found


@pytest.fixture(scope="module")
def module() -> dict[str, Any]:
    """What the file of the DAG defines."""
    return runpy.run_path(str(DAGS / "sparkify.py"))


def test_dag_is_a_setup_and_a_load(dag: DAG) -> None:
    """Tables are made first; the star is what comes out of the load; one at a time."""
    assert dag.max_active_runs == 1
    create, load = dag.topological_sort()
    assert (create.task_id, load.task_id) == ("create_tables", "load")
    assert create.is_setup
    assert [asset.uri for asset in load.outlets] == ["sparkify://analytics/star"]
    assert all(task.retries and task.max_active_tis_per_dag == 1 for task in dag.tasks)


@pytest.mark.parametrize(
    ("code", "raised"),
    [(1, AirflowFailException), (2, AirflowFailException), (3, AirflowException)],
)
def test_only_exit_3_is_tried_again(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    raised: type[AirflowException],
) -> None:
    """Other failures end the task at once; the message is Sparkify's last line."""
    command = tmp_path / "command"
    command.write_text(f"#!/bin/sh\necho told\necho why >&2\nexit {code}\n")
    command.chmod(0o755)
    monkeypatch.setenv("SPARKIFY_COMMAND", str(command))
    load = runpy.run_path(str(DAGS / "sparkify.py"))["load"]
    with pytest.raises(AirflowException, match=r"^why$") as failed:
        load.execute({})
    assert type(failed.value) is raised


def test_backfill_keeps_to_its_days(module: dict[str, Any]) -> None:
    """Other runs take what older days have left; without an interval all is taken."""
    days = module["days"]
    context = {
        "data_interval_start": datetime(2018, 11, 3, tzinfo=UTC),
        "data_interval_end": datetime(2018, 11, 4, tzinfo=UTC),
        "dag_run": SimpleNamespace(run_type=DagRunType.SCHEDULED),
    }
    assert days(context) == ["--until=2018-11-04"]
    context["dag_run"] = SimpleNamespace(run_type=DagRunType.BACKFILL_JOB)
    assert days(context) == ["--since=2018-11-03", "--until=2018-11-04"]
    assert days({"dag_run": SimpleNamespace(run_type=DagRunType.MANUAL)}) == []


def test_dags_test_loads_the_sample(airflow: Airflow, warehouse: Warehouse) -> None:
    """A run loads the files up to the end of its interval, and leaves later ones."""
    warehouse.deliver(range(11, 16))
    airflow("dags", "test", "sparkify", "2018-11-14")
    status = json.loads(warehouse.sparkify("status", "--format", "json"))
    assert status["loads"] == 1
    listed = json.loads(warehouse.sparkify("ls", "--format", "json"))["listed"]
    assert [file["date"] for file in listed] == ["2018-11-14", "2018-11-15"]


def test_backfill_of_ten_days_equals_one_load(
    airflow: Airflow, warehouse: Warehouse, tmp_path: Path
) -> None:
    """Ten runs of a day each, made by Airflow's scheduler, give the star of one."""
    warehouse.deliver(range(1, 11))
    days = ("--from-date", "2018-11-01", "--to-date", "2018-11-10")
    server = ("api-server", "--host", "127.0.0.1", "--port", airflow.port)
    with _running(airflow, *server):
        # Before the scheduler is there, or SQLite would be locked at times.
        airflow("backfill", "create", "--dag-id", "sparkify", *days)
        _wait(lambda: _answers(airflow.port))
        with _running(airflow, "scheduler"):
            _wait(lambda: _states(airflow)["success"] == 10)
    loads = json.loads(warehouse.sparkify("status", "--format", "json"))["loads"]
    assert loads == 10
    at_once = Warehouse(tmp_path / "at-once")
    at_once.deliver(range(1, 11))
    at_once.sparkify("create-tables")
    at_once.sparkify("run")
    star = at_once.star()
    assert {"songplays", "users", "songs", "artists", "time"} <= star.keys()
    assert all(len(rows) > 1 for rows in star.values())
    assert warehouse.star() == star


@contextmanager
def _running(airflow: Airflow, *words: str) -> Iterator[None]:
    """A part of Airflow, for a block."""
    part = airflow.start(*words)
    try:
        yield
    finally:
        os.killpg(part.pid, signal.SIGTERM)
        part.wait(PATIENCE)


def _answers(port: str) -> bool:
    """Whether somebody listens there."""
    with closing(socket.socket()) as client:
        return client.connect_ex(("127.0.0.1", int(port))) == 0


def _states(airflow: Airflow) -> Counter[str]:
    """How many runs of the backfill are in each state; none may have failed."""
    sql = "select state from dag_run where run_type = 'backfill'"
    with closing(sqlite3.connect(airflow.home / "airflow.db")) as database:
        states = Counter(state for (state,) in database.execute(sql))
    assert not states["failed"], (airflow.home / "scheduler.log").read_text()[-4000:]
    return states


def _wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not until():
        assert time.monotonic() < deadline, "Airflow does not get on"
        time.sleep(0.5)
