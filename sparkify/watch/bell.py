"""Sleep that a signal or another thread ends."""

from __future__ import annotations

import select
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType


class Bell:
    """Rung from anywhere, after it is closed too; whoever waits for it wakes up.

    Two ends of a socket, since no lock may be taken in a signal handler.
    """

    def __init__(self) -> None:
        self._out, self._in = socket.socketpair()
        self._out.setblocking(False)
        self._in.setblocking(False)

    def ring(self) -> None:
        """Wake up who waits, or who will."""
        with suppress(OSError):  # it is full, so it rings already; or it is closed
            self._in.send(b"!")

    def wait(self, seconds: float) -> None:
        """Until it rings, or so long."""
        select.select([self._out], [], [], max(0.0, seconds))
        with suppress(BlockingIOError):
            self._out.recv(4096)

    def close(self) -> None:
        """Give back its socket."""
        self._out.close()
        self._in.close()


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
