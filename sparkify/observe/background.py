"""What takes time, done off the path of a load."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty, Full, Queue
from threading import Thread
from time import monotonic

from sparkify.events import Event, Listener

# A few hundred steps of a few loads; beyond that whoever takes them is down.
WAITING = 1000
LAST_SECONDS = 10.0


@contextmanager
def in_background(
    listener: Listener, *, waiting: int = WAITING, last_seconds: float = LAST_SECONDS
) -> Iterator[Listener]:
    """A listener that hands events to a thread, where `listener` takes them in order.

    When `waiting` of them wait, more are left out. At the end of the block those that
    wait have `last_seconds` to be taken.
    """
    queue: Queue[Event | None] = Queue(waiting)
    name = type(listener).__name__
    left_out = 0

    def put(event: Event) -> None:
        nonlocal left_out
        try:
            queue.put_nowait(event)
        except Full:
            left_out += 1

    def work() -> None:
        while event := queue.get():
            try:
                listener(event)
            except Exception as error:  # noqa: BLE001  # whatever a library raises
                # Not its words: they may hold an address with a token.
                _LOG.warning(
                    "%s could not send %s: %s; the load goes on.",
                    name,
                    type(event).__name__,
                    type(error).__name__,
                )

    thread = Thread(target=work, name=f"sparkify-{name}", daemon=True)
    thread.start()
    try:
        yield put
    finally:
        deadline = monotonic() + last_seconds
        with suppress(Full):
            queue.put(None, timeout=last_seconds)
        thread.join(max(deadline - monotonic(), 0.0))
        lost = left_out
        if thread.is_alive():
            with suppress(Empty):
                while queue.get_nowait():
                    lost += 1
        if lost:
            _LOG.warning("%s: %d events could not be sent in time.", name, lost)


_LOG = logging.getLogger("sparkify")
