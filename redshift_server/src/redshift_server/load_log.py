"""What COPY and UNLOAD did, kept beside PostgreSQL's data for the system views."""

from __future__ import annotations

import datetime
import itertools
import json
import threading
from pathlib import Path
from typing import Any


class LoadLog:
    """Appends to the files that `catalog/views.sql` reads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._numbers = itertools.count(1001)

    def next_query(self) -> int:
        """Return a new query id."""
        return next(self._numbers)

    def append(self, name: str, entries: list[dict[str, Any]]) -> None:
        """Add entries to one of the files: loads, files, errors, unloads."""
        text = "".join(json.dumps(entry) + "\n" for entry in entries)
        with self._lock, (self._folder / f"{name}.jsonl").open("a") as file:
            file.write(text)

    def set_session(self, pid: int, values: dict[str, int]) -> None:
        """Keep what the pg_last_... functions of a session answer."""
        path = self._folder / f"session-{pid}"
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(values))
        draft.replace(path)

    def forget_session(self, pid: int) -> None:
        """Drop a session's answers, since PostgreSQL uses process ids again."""
        (self._folder / f"session-{pid}").unlink(missing_ok=True)


def now() -> str:
    """Return the time as the views show it."""
    moment = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    return moment.isoformat(sep=" ")
