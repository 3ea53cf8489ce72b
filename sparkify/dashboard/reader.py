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
from sparkify.errors import TransientError
from sparkify.metrics import Filters
from sparkify.report.document import Document

_KEPT = 256
_SERVER_SECONDS = 60.0
# A viewer does not wait as long for a load as a load waits for a viewer, nor for a
# statement as a load does.
_PATIENCE = 2.0
_LONGEST_STATEMENT = 30.0
_NEXT_TRY = 0.25


@dataclass(frozen=True)
class _Answer:
    """What was read, and the state of the warehouse then."""

    document: Document
    state: object


class Reader:
    """Reads documents, one at a time, and keeps them until the warehouse changes.

    Who asks for what is kept waits for nobody. While a load holds the warehouse, it is
    tried a few times a second, for all who ask.
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
        self._busy: tuple[float, str] | None = None

    def read(
        self, filters: Filters, names: Sequence[str], **bound: object
    ) -> tuple[Document, bool]:
        """The document, and whether a load keeps us from a newer one.

        Raises SparkifyError when there is none.
        """
        key = (filters, tuple(names), tuple(sorted(bound.items())))
        if found := self._known(key):
            return found
        with self._reading:
            # somebody else may have read it, or found a load, meanwhile
            if found := self._known(key):
                return found
            kept = self._kept.get(key)
            settings = (
                replace(self._settings, lock_wait=0.0) if kept else self._settings
            )
            state = self._state()
            try:
                document = collect(settings, filters, names, **bound)
            except TransientError as error:
                self._busy = time.monotonic() + _NEXT_TRY, str(error)
                if kept is None:
                    raise
                return kept.document, True
            self._keep(key, _Answer(document, state))
            return document, False

    def _known(self, key: object) -> tuple[Document, bool] | None:
        """What can be told without a look; raises while a load is known to run."""
        with self._keeping:
            kept = self._kept.get(key)
            if kept:
                self._kept.move_to_end(key)
        if kept and kept.state == self._state():
            return kept.document, False
        busy = self._busy
        if not busy or time.monotonic() > busy[0]:
            return None
        if kept:
            return kept.document, True
        raise TransientError(busy[1])

    def _keep(self, key: object, answer: _Answer) -> None:
        with self._keeping:
            self._kept[key] = answer
            self._kept.move_to_end(key)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)

    def _state(self) -> object:
        """What differs after a load: of the file, or of the minute on a server."""
        if self._settings.engine != "duckdb":
            return time.monotonic() // _SERVER_SECONDS
        path = self._settings.path
        # what a run committed that was killed lies in the log beside it
        return _state_of(path), _state_of(path.with_name(f"{path.name}.wal"))


def _state_of(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
