"""What the clients sent: the list behind `server.statements`."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass
class Statement:
    """One statement as received, and how it ended."""

    number: int
    pid: int
    user: str
    database: str
    sql: str
    outcome: str = "running"  # then "ok" or a SQLSTATE

    @property
    def ok(self) -> bool:
        """Say whether the statement succeeded."""
        return self.outcome == "ok"


class Statements:
    """All statements of all sessions, in the order in which they arrived."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: list[Statement] = []

    def add(self, pid: int, user: str, database: str, sql: str) -> Statement:
        """Record a statement that is about to run."""
        with self._lock:
            item = Statement(len(self._items) + 1, pid, user, database, sql)
            self._items.append(item)
            return item

    def clear(self) -> None:
        """Forget all statements."""
        with self._lock:
            self._items.clear()

    def matching(self, text: str) -> list[Statement]:
        """Return the statements that contain a text, whatever its case."""
        return [item for item in self if text.lower() in item.sql.lower()]

    def __iter__(self) -> Iterator[Statement]:
        with self._lock:
            return iter(list(self._items))

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> Statement:
        return self._items[index]
