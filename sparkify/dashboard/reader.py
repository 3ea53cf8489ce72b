"""Reads the warehouse for pages, in short sessions, and keeps what it read.

A session on a DuckDB file keeps a load waiting, and a load keeps a session waiting: so
a page is kept until another load is there, and the kept one is served while one runs.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sparkify.config import Settings
from sparkify.dashboard.shield import collect
from sparkify.errors import (
    BadQuestion,
    SparkifyError,
    TransientError,
    WarehouseBusy,
)
from sparkify.metrics import Filters
from sparkify.report.document import Document, whole

_KEPT = 256
_SERVER_SECONDS = 60.0
# A viewer does not wait as long for a load as a load waits for a viewer, nor for a
# statement as a load does.
_PATIENCE = 2.0
_LONGEST_STATEMENT = 30.0
_NEXT_TRY = 0.25
_WAITING = 32  # as many may wait for a read, of the 40 threads of the server


@dataclass(frozen=True)
class _Answer:
    """What was read, and the state of the warehouse then."""

    document: Document
    state: object


@dataclass(frozen=True)
class Read:
    """A document, and why there is none that is newer; empty when it is the newest."""

    document: Document
    why_old: str = ""


class Reader:
    """Reads documents, one at a time, and keeps them until the warehouse changes.

    Who asks for what is kept waits for nobody. While a load holds the warehouse, or it
    cannot be read, it is tried a few times a second, for all who ask.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = replace(
            settings,
            lock_wait=min(settings.lock_wait, _PATIENCE),
            statement_timeout=min(settings.statement_timeout, _LONGEST_STATEMENT),
        )
        self._kept: OrderedDict[object, _Answer] = OrderedDict()
        self._keeping = threading.Lock()
        self._reading = threading.Lock()
        self._waiting = threading.BoundedSemaphore(_WAITING)
        self._failed: tuple[float, SparkifyError] | None = None

    def read(self, filters: Filters, names: Sequence[str], **bound: object) -> Read:
        """The document; an older one where there is no other. Raises SparkifyError."""
        key = (filters, tuple(names), tuple(sorted(bound.items())))
        if found := self._known(key):
            return found
        if not self._waiting.acquire(blocking=False):
            raise TransientError("Too many ask at once; ask again.")
        try:
            with self._reading:
                # somebody else may have read it, or failed, meanwhile
                return self._known(key) or self._read(key, filters, names, bound)
        finally:
            self._waiting.release()

    def _read(
        self,
        key: object,
        filters: Filters,
        names: Sequence[str],
        bound: dict[str, object],
    ) -> Read:
        kept = self._kept.get(key)
        settings = replace(self._settings, lock_wait=0.0) if kept else self._settings
        state = self._state()
        try:
            document = collect(settings, filters, names, **bound)
        except BadQuestion:
            raise
        except SparkifyError as error:
            self._failed = time.monotonic() + _NEXT_TRY, error
            if kept is None:
                raise
            return Read(kept.document, _why_old(error))
        self._keep(key, _Answer(document, state))
        return Read(document)

    def _known(self, key: object) -> Read | None:
        """What can be told without a look; raises when one has failed just now."""
        with self._keeping:
            kept = self._kept.get(key)
            if kept:
                self._kept.move_to_end(key)
        if kept and self._is_new(kept):
            return Read(kept.document)
        failed = self._failed
        if not failed or time.monotonic() > failed[0]:
            return None
        if kept:
            return Read(kept.document, _why_old(failed[1]))
        raise type(failed[1])(str(failed[1]))

    def _keep(self, key: object, answer: _Answer) -> None:
        with self._keeping:
            self._kept[key] = answer
            self._kept.move_to_end(key)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)

    def _is_new(self, kept: _Answer) -> bool:
        """Whether the warehouse is as it was; on a server, for a minute."""
        if self._settings.engine == "duckdb":
            return kept.state == self._state()
        return time.monotonic() < whole(kept.state) + _SERVER_SECONDS

    def _state(self) -> object:
        """What differs after a load: of the file; on a server, the time."""
        if self._settings.engine != "duckdb":
            return int(time.monotonic())
        path = self._settings.path
        # what a run committed that was killed lies in the log beside it
        return _state_of(path), _state_of(path.with_name(f"{path.name}.wal"))


def _why_old(error: SparkifyError) -> str:
    if isinstance(error, WarehouseBusy):
        return "A load is running: these are the figures from before it."
    return f"These are older figures: {error}"


def _state_of(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
