"""A run tells what it does, and goes on whatever becomes of what it tells."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from sparkify.errors import FilesRefused, SparkifyError
from sparkify.events import (
    Event,
    LoadCommitted,
    LoadFailed,
    LoadStarted,
    RunFinished,
    RunStarted,
    StepDone,
    telling,
)
from sparkify.pipeline import Pipeline

if TYPE_CHECKING:
    from conftest import Warehouse


def _told(warehouse: Warehouse) -> list[Event]:
    """What a run tells, also one that fails."""
    events: list[Event] = []
    try:
        Pipeline(warehouse.settings, events.append).run()
    except SparkifyError:
        assert isinstance(events[-1], RunFinished)
        assert events[-1].message
    return events


def test_a_run_tells_what_it_loads(warehouse: Warehouse) -> None:
    """Start, steps, commit and end come in this order, under one run and load."""
    warehouse.write("events", "2018-11-01-events.json", [{}])
    events = _told(warehouse)
    kinds = [type(event) for event in events if type(event).__name__ != "StepStarted"]
    assert kinds[:2] == [RunStarted, LoadStarted]
    assert kinds[-2:] == [LoadCommitted, RunFinished]
    assert set(kinds[2:-2]) == {StepDone}
    assert len({event.run_id for event in events}) == 1
    steps = {event.step: event for event in events if isinstance(event, StepDone)}
    assert steps["staging.events"].rows == 1
    assert steps["analytics.songplays"].rows == 1
    assert steps["work.settled_events"].rows is None
    [committed] = [event for event in events if isinstance(event, LoadCommitted)]
    assert committed.files == committed.records == 1
    assert committed.changed["analytics.songplays"] == 1
    assert {step.load_id for step in steps.values()} == {committed.load_id}
    assert sum(step.seconds for step in steps.values()) <= committed.seconds
    [known] = warehouse.query("select run_id, load_id from control.loads")
    assert known == (committed.run_id, committed.load_id)


def test_a_run_with_nothing_to_do_tells_of_no_load(warehouse: Warehouse) -> None:
    """It begins and ends."""
    events = _told(warehouse)
    assert [type(event).__name__ for event in events] == [
        "RunStarted",
        "StepStarted",
        "RunFinished",
    ]
    assert isinstance(events[-1], RunFinished)
    assert events[-1].outcome == "nothing"


def test_a_refused_file_is_told(warehouse: Warehouse) -> None:
    """The run ends as refused, though its other files are loaded."""
    warehouse.write("events", "2018-11-01-events.json", [{}])
    bad = b"{" + b"no\n{" * 200
    path = warehouse.write_bytes("events", "2018-11-02-events.json", bad)
    events = _told(warehouse)
    [committed] = [event for event in events if isinstance(event, LoadCommitted)]
    assert committed.refused == (str(path),)
    assert committed.changed["analytics.songplays"] == 1
    last = events[-1]
    assert isinstance(last, RunFinished)
    assert (last.outcome, last.error) == ("refused", FilesRefused.__name__)


def test_a_failed_load_is_told(warehouse: Warehouse) -> None:
    """The load that a check undid is told failed, with the check's sentence."""
    warehouse.write("events", "2018-11-01-events.json", [{}])
    warehouse.run()
    warehouse.execute("insert into analytics.users select * from analytics.users")
    # An older event of that user leaves the row as it is.
    older = {"ts": 1541030400000, "itemInSession": 9}
    warehouse.write("events", "2018-10-31-events.json", [older])
    events = _told(warehouse)
    [failed] = [event for event in events if isinstance(event, LoadFailed)]
    assert failed.error == "CheckFailed"
    attempts = warehouse.query("select run_id, load_id, message from control.attempts")
    assert attempts == [(failed.run_id, failed.load_id, failed.message)]
    last = events[-1]
    assert isinstance(last, RunFinished)
    assert (last.outcome, last.loads) == ("refused", 0)


@pytest.mark.parametrize("engine_name", ["duckdb"])
def test_a_listener_that_raises_breaks_nothing(
    warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    """Every event is told to the others, the load is committed, the failure logged."""
    warehouse.write("events", "2018-11-01-events.json", [{}])
    events: list[Event] = []

    def broken(event: Event) -> None:
        raise RuntimeError(f"cannot take {event}")

    with caplog.at_level(logging.WARNING):
        Pipeline(warehouse.settings, broken, events.append).run()
    assert isinstance(events[-1], RunFinished)
    assert events[-1].outcome == "loaded"
    assert len(caplog.records) == len(events)
    assert "broken failed at RunStarted" in caplog.text


def test_ctrl_c_in_a_listener_is_no_failure_of_it() -> None:
    """What is no Exception ends the run as it would elsewhere."""

    def interrupted(_: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        telling(interrupted)(RunStarted(1))
