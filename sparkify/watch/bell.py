"""Sleep that a signal or another thread ends."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType


class Bell:
    """Rung from anywhere; whoever waits for it wakes up.

    A pipe, since no lock may be taken in a signal handler.
    """

    def __init__(self) -> None:
        self._out, self._in = os.pipe()
        os.set_blocking(self._out, False)
        os.set_blocking(self._in, False)

    def ring(self) -> None:
        """Wake up who waits, or who will."""
        with suppress(BlockingIOError):  # full: it rings already
            os.write(self._in, b"!")

    def wait(self, seconds: float) -> None:
        """Until it rings, or so long."""
        select.select([self._out], [], [], max(0.0, seconds))
        with suppress(BlockingIOError):
            os.read(self._out, 4096)

    def close(self) -> None:
        """Give back its pipe."""
        os.close(self._out)
        os.close(self._in)


@contextmanager
def signals(stop: Callable[[], None]) -> Iterator[None]:
    """SIGTERM and SIGINT call `stop`; the second one interrupts, as Ctrl-C does."""
    told = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal told
        del number, frame
        if told:
            raise KeyboardInterrupt
        told = True
        stop()

    kinds = signal.SIGTERM, signal.SIGINT
    before = [signal.signal(kind, handle) for kind in kinds]
    try:
        yield
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)
