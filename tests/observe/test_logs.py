"""Logs: a line an event, and nothing else on standard error."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from observe.tools import sparkify

if TYPE_CHECKING:
    from conftest import Warehouse

SECRET = "s3cr3t-t0k3n"  # noqa: S105  # it has to be one

pytestmark = pytest.mark.parametrize("engine_name", ["duckdb"])


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_each_step_is_a_line_of_json(warehouse: Warehouse) -> None:
    """Every line parses, and steps have the load, the run and what the ledger has."""
    warehouse.write("events", "2018-11-01-events.json", [{}, {"itemInSession": 1}])
    ended = sparkify("run", "--config", str(warehouse.config), LOG_FORMAT="json")
    assert ended.returncode == 0
    lines = _lines(ended.stderr)
    assert [line["event"] for line in lines[:2]] == ["run_started", "load_started"]
    assert [line["event"] for line in lines[-2:]] == ["load_committed", "run_finished"]
    assert {line["level"] for line in lines} == {"INFO"}
    assert all(datetime.fromisoformat(line["timestamp"]).tzinfo for line in lines)
    steps = [line for line in lines if line["event"] == "step_done"]
    recorded = warehouse.query(
        "select load_steps.step, load_steps.changed, load_steps.load_id, loads.run_id "
        "from control.load_steps inner join control.loads "
        "on load_steps.load_id = loads.load_id order by load_steps.place"
    )
    told = [(s["step"], s["rows"], s["load_id"], s["run_id"]) for s in steps]
    assert told == recorded
    assert "Loaded 1 of 1 files" in ended.stdout


def test_a_failure_is_logged_as_json_too(warehouse: Warehouse) -> None:
    """What would be a sentence on standard error is a line of the log."""
    warehouse.write_bytes("events", "2018-11-01-events.json", b"{no\n" * 200)
    config = str(warehouse.config)
    ended = sparkify("run", "--config", config, "--log-format", "json")
    assert ended.returncode == 1
    lines = _lines(ended.stderr)
    [finished] = [line for line in lines if line["event"] == "run_finished"]
    assert (finished["level"], finished["outcome"]) == ("ERROR", "refused")
    assert "cannot be accepted" in finished["message"]
    assert lines[-1]["event"] == "message"


def test_text_has_a_line_an_event(warehouse: Warehouse) -> None:
    """The text is for people: a time, a level, a sentence."""
    warehouse.write("events", "2018-11-01-events.json", [{}])
    config = str(warehouse.config)
    ended = sparkify("run", "--config", config, "--log-format", "text", "--quiet")
    assert ended.returncode == 0
    assert not ended.stdout
    lines = ended.stderr.splitlines()
    assert all(line[:10].count("-") == 2 and "Z INFO " in line for line in lines)
    assert any("analytics.songplays: 1 rows in " in line for line in lines)


def test_without_options_nothing_is_logged(warehouse: Warehouse) -> None:
    """All is off by default."""
    warehouse.write("events", "2018-11-01-events.json", [{}])
    ended = sparkify("run", "--config", str(warehouse.config))
    assert ended.returncode == 0
    assert not ended.stderr


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_secrets_are_never_shown(warehouse: Warehouse, log_format: str) -> None:
    """Whoever is told nothing, since it is not there, is not named with its token."""
    warehouse.write("events", "2018-11-01-events.json", [{}])
    warehouse.write_bytes("events", "2018-11-02-events.json", b"{no\n" * 200)
    options = {
        "LOG_FORMAT": log_format,
        "NOTIFY_URL": f"json://user:{SECRET}@127.0.0.1:9/{SECRET}",
        "LINEAGE_URL": f"http://127.0.0.1:9/{SECRET}",
        "LINEAGE_KEY": SECRET,
    }
    ended = sparkify("run", "--config", str(warehouse.config), **options)
    assert ended.returncode == 1
    assert "Notifier could not send RunFinished" in ended.stderr
    assert "Lineage could not send LoadCommitted" in ended.stderr
    assert SECRET not in ended.stderr + ended.stdout
    assert warehouse.query("select count(*) from analytics.songplays") == [(1,)]


@pytest.mark.parametrize(
    "variables",
    [{"NOTIFY_URL": f"nobody-{SECRET}"}, {"LINEAGE_URL": f"ftp://{SECRET}"}],
    ids=str,
)
def test_a_wrong_secret_is_refused_unseen(
    warehouse: Warehouse, variables: dict[str, str]
) -> None:
    """A mistake in it is told at once, and without it."""
    ended = sparkify("run", "--config", str(warehouse.config), **variables)
    assert ended.returncode == 2
    assert next(iter(variables)) in ended.stderr
    assert SECRET not in ended.stderr + ended.stdout
