"""Measures the steps of a load: told as they go, and recorded with it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sparkify.engines.base import Engine
from sparkify.events import Listener, StepDone, StepStarted
from sparkify.models import Models


@dataclass
class Changes:
    """Rows of a table that a load changed."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    @property
    def rows(self) -> int:
        """All of them."""
        return self.inserted + self.updated + self.deleted

    def count(self, kind: str, rows: int) -> None:
        """Add what a statement of a kind such as `insert` did."""
        match kind:
            case "insert":
                self.inserted += rows
            case "update":
                self.updated += rows
            case "delete":
                self.deleted += rows

    def settle(self) -> None:
        """Rows that were deleted and came back were updated."""
        both = min(self.inserted, self.deleted)
        self.inserted -= both
        self.deleted -= both
        self.updated += both


@dataclass
class Step:
    """A step: named by the table it makes, or by what it does; `kept` if that stays."""

    kept: bool
    changes: Changes = field(default_factory=Changes)
    seconds: float = 0.0

    @property
    def rows(self) -> int | None:
        """Rows it has changed of a table that stays."""
        return self.changes.rows if self.kept else None


class Steps:
    """The steps of one load, in the order in which they began.

    A load that is tried again without some of its files, or with some of them split,
    does a step twice: its time counts each time, its rows count once.
    """

    def __init__(self, run_id: int, load_id: int, tell: Listener) -> None:
        self._run_id = run_id
        self._load_id = load_id
        self._tell = tell
        self._began = time.monotonic()
        self.done: dict[str, Step] = {}

    @property
    def seconds(self) -> float:
        """How long the load has taken until now."""
        return time.monotonic() - self._began

    @property
    def changes(self) -> dict[str, Changes]:
        """What was changed, by table that stays."""
        return {name: step.changes for name, step in self.done.items() if step.kept}

    def say(self, text: str) -> None:
        """Tell people what is done now."""
        self._tell(StepStarted(self._run_id, text))

    @contextmanager
    def step(self, name: str, *, kept: bool = False) -> Iterator[Changes]:
        """Measure the block; it counts what it changes."""
        step = self.done.setdefault(name, Step(kept))
        began = time.monotonic()
        try:
            yield step.changes
        finally:
            seconds = time.monotonic() - began
            step.seconds += seconds
        step.changes.settle()
        self._tell(StepDone(self._run_id, self._load_id, name, step.rows, seconds))

    def record(self, engine: Engine, models: Models) -> None:
        """Write the steps until now."""
        rows = [
            (self._load_id, place, name, step.rows, step.seconds)
            for place, (name, step) in enumerate(self.done.items(), start=1)
        ]
        engine.append(models.table("control.load_steps"), rows)

    def undone(self) -> None:
        """All that was changed is rolled back."""
        for step in self.done.values():
            step.changes = Changes()
