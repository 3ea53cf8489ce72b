"""Whoever is slow is slow on its own."""

from __future__ import annotations

import logging
from threading import Event as Flag
from typing import TYPE_CHECKING

import pytest

from sparkify.events import Event, RunFinished, RunStarted
from sparkify.observe.background import in_background
from sparkify.pipeline import Pipeline

if TYPE_CHECKING:
    from conftest import Warehouse


class Slow:
    """A listener that hangs until it is let go."""

    def __init__(self) -> None:
        self.go = Flag()
        self.taken: list[Event] = []

    def __call__(self, event: Event) -> None:
        """Take it when it may."""
        self.go.wait()
        self.taken.append(event)


@pytest.mark.parametrize("engine_name", ["duckdb"])
def test_a_listener_that_hangs_delays_nothing(warehouse: Warehouse) -> None:
    """The load is committed while it hangs; then it is told all, in order."""
    warehouse.write("events", "2018-11-01-events.json", [{}])
    slow = Slow()
    with in_background(slow) as listener:
        assert Pipeline(warehouse.settings, listener).run().loads
        assert not slow.taken
        assert warehouse.query("select count(*) from analytics.songplays") == [(1,)]
        slow.go.set()
    assert isinstance(slow.taken[0], RunStarted)
    assert isinstance(slow.taken[-1], RunFinished)


def test_no_more_than_so_many_wait(caplog: pytest.LogCaptureFixture) -> None:
    """Beyond that events are left out, and counted; the end does not wait for ever."""
    slow = Slow()
    with (
        caplog.at_level(logging.WARNING),
        in_background(slow, waiting=5, last_seconds=0.05) as listener,
    ):
        for number in range(20):
            listener(RunStarted(number))
    slow.go.set()
    assert "events could not be sent in time" in caplog.text
    lost = int(caplog.text.partition("Slow: ")[2].split()[0])
    assert 19 <= lost <= 20  # one is in its hands, or none yet


def test_the_words_of_a_failure_are_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """They may hold an address with a token; the events after it are taken."""
    taken: list[Event] = []

    def broken(event: Event) -> None:
        taken.append(event)
        raise ValueError("https://hooks.example.com/s3cr3t")

    with caplog.at_level(logging.WARNING), in_background(broken) as listener:
        listener(RunStarted(1))
        listener(RunStarted(2))
    assert [event.run_id for event in taken] == [1, 2]
    assert "could not send RunStarted: ValueError" in caplog.text
    assert "s3cr3t" not in caplog.text
