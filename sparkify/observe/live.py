"""What a run does now, in a small file beside a DuckDB database.

While a load holds the database nobody else can open it; this file can be read.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from glob import escape
from pathlib import Path

from sparkify.events import (
    Event,
    LoadCommitted,
    LoadStarted,
    RunFinished,
    RunStarted,
    StepStarted,
)


@dataclass
class State:
    """A run that is at work: what it does, since when, and what it has committed.

    `head` is the newest load in the warehouse, 0 before the first, None when the run
    has not looked yet.
    """

    pid: int
    run_id: int
    started_at: str
    step: str = ""
    load_id: int | None = None
    load: int = 0
    of: int = 0
    head: int | None = None


class Live:
    """A listener that keeps the file: one a process, so that two do not mix."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._state = State(os.getpid(), 0, "")

    def __call__(self, event: Event) -> None:
        """Write what is done now; without a right to write there is no file."""
        with suppress(OSError):
            self._take(event)

    def _take(self, event: Event) -> None:
        state = self._state
        match event:
            case RunStarted():
                _remove_dead(self._database)
                now = datetime.now(UTC).isoformat(timespec="seconds")
                self._state = State(state.pid, event.run_id, now)
            case LoadStarted():
                state.load_id, state.head = event.load_id, event.head
                state.load, state.of = event.number, event.of
            case StepStarted():
                state.step = event.text
            case LoadCommitted():
                state.load_id, state.head = None, event.load_id
            case RunFinished():
                _file(self._database, state.pid).unlink(missing_ok=True)
                return
            case _:
                return
        self._write()

    def _write(self) -> None:
        """Put it in place whole: a reader sees the old one or the new one."""
        file = _file(self._database, self._state.pid)
        new = file.with_suffix(".new")
        new.write_text(json.dumps(asdict(self._state)), "utf-8")
        new.replace(file)


def running(database: Path) -> list[State]:
    """The runs that are at work on a database, from this machine."""
    found = []
    for file in _files(database):
        with suppress(OSError, ValueError, TypeError):
            state = State(**json.loads(file.read_text("utf-8")))
            if _is_alive(state.pid):
                found.append(state)
    return found


def _file(database: Path, pid: int) -> Path:
    return database.with_name(f"{database.name}.run-{pid}.json")


def _files(database: Path) -> list[Path]:
    return sorted(database.parent.glob(f"{escape(database.name)}.run-*.json"))


def _remove_dead(database: Path) -> None:
    """Remove what killed processes have left."""
    for file in _files(database):
        pid = file.name.removesuffix(".json").rpartition("-")[2]
        if pid.isdigit() and not _is_alive(int(pid)):
            file.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # of another user
    return True
