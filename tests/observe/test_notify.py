"""Notifications: of what needs people, once, and of nothing else."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from observe.tools import Receiver, sparkify
from sparkify.events import LoadCommitted, RunFinished
from sparkify.observe.notify import Notifier

if TYPE_CHECKING:
    from conftest import Warehouse

    from sparkify.config import Settings

pytestmark = [
    pytest.mark.parametrize("engine_name", ["duckdb"]),
    # Of an optional part of apprise, where that happens to be installed.
    pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning"),
]


def _settings(warehouse: Warehouse, receiver: Receiver) -> Settings:
    address = f"json://127.0.0.1:{receiver.port}"
    return replace(warehouse.settings, notify_url=(address,))


def test_refused_and_rejected_data_is_told(
    warehouse: Warehouse, receiver: Receiver
) -> None:
    """One message of a run: the refused file, and how many records were rejected."""
    warehouse.write("events", "2018-11-01-events.json", [{}, {"ts": "noon"}])
    warehouse.write_bytes("events", "2018-11-02-events.json", b"{no\n" * 200)
    address = f"json://127.0.0.1:{receiver.port}"
    ended = sparkify("run", "--config", str(warehouse.config), NOTIFY_URL=address)
    assert ended.returncode == 1
    [body] = receiver.bodies
    assert body["title"] == f"Sparkify: {warehouse.settings.path}"
    assert "1 of 2 records were rejected" in body["message"]
    assert "2018-11-02-events.json: refused" in body["message"]


def test_a_good_run_tells_nothing(warehouse: Warehouse, receiver: Receiver) -> None:
    """Neither one that loads nor one that finds nothing."""
    warehouse.write("events", "2018-11-01-events.json", [{}])
    address = f"json://127.0.0.1:{receiver.port}"
    for _ in range(2):
        ended = sparkify("run", "--config", str(warehouse.config), NOTIFY_URL=address)
        assert ended.returncode == 0
        assert not ended.stderr
    assert not receiver.bodies


def test_what_was_told_is_told_again_only_after_it_was_good(
    warehouse: Warehouse, receiver: Receiver
) -> None:
    """A warehouse that is down all night makes one message, and so the next night."""
    tell = Notifier(_settings(warehouse, receiver))
    down = RunFinished(1, "failed", 1.0, error="WarehouseError", message="It is down.")
    good = RunFinished(2, "nothing", 1.0)
    for event in (down, down, good, down):
        tell(event)
    messages = [body["message"] for body in receiver.bodies]
    told = "The run failed: It is down. See the runbook: failed-run."
    assert messages == [told] * 2


def test_check_that_goes_on_warning_is_told_once(
    warehouse: Warehouse, receiver: Receiver
) -> None:
    """Another day's row is no news while the same check warns at each run."""
    tell = Notifier(_settings(warehouse, receiver))
    for day in (1, 2):
        warning = f"Check days_are_full warns of 1 row(s), the first: {day}. So it is."
        found = {"days_are_full": warning}
        tell(LoadCommitted(day, day, "load", 1.0, warnings=found))
        tell(RunFinished(day, "loaded", 1.0, loads=1))
    [body] = receiver.bodies
    assert "the first: 1. So it is." in body["message"]


def test_ctrl_c_is_not_told(warehouse: Warehouse, receiver: Receiver) -> None:
    """Who ended the run knows."""
    tell = Notifier(_settings(warehouse, receiver))
    tell(RunFinished(1, "interrupted", 1.0, error="KeyboardInterrupt"))
    assert not receiver.bodies


def test_stale_data_is_told(warehouse: Warehouse, receiver: Receiver) -> None:
    """A run that loads nothing tells when the last load is older than allowed."""
    settings = replace(_settings(warehouse, receiver), notify_stale=3600.0)
    tell = Notifier(settings)
    hours_ago = [int((time.time() - 3600 * hours) * 1e6) for hours in (0, 1, 2, 3)]
    tell(RunFinished(1, "nothing", 1.0, head=0))
    tell(RunFinished(1, "nothing", 1.0, head=hours_ago[0]))
    tell(RunFinished(1, "loaded", 1.0, head=hours_ago[3], loads=1))
    assert not receiver.bodies
    tell(RunFinished(1, "nothing", 1.0, head=hours_ago[2]))
    assert "Nothing was loaded for 2.0 hours" in receiver.bodies[0]["message"]


def test_warnings_of_checks_and_few_rejects(
    warehouse: Warehouse, receiver: Receiver
) -> None:
    """A check that warns is told; rejects within NOTIFY_REJECTS are not."""
    tell = Notifier(_settings(warehouse, receiver))
    warning = "Check plays_are_usual warns of 1 row(s), the first: 9. It is so."
    found = {"plays_are_usual": warning}
    tell(LoadCommitted(1, 2, "load", 1.0, records=2000, rejected=2, warnings=found))
    tell(RunFinished(1, "loaded", 1.0, loads=1))
    assert [body["message"] for body in receiver.bodies] == [warning]
