"""Work done ahead of need by a few threads, its results in the order asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_PATIENCE = 1.0


def in_order(work: Callable[[T], R], tasks: Iterable[T], threads: int) -> Iterator[R]:
    """`work` of each task; at most twice `threads` results are held."""
    crew = _Crew(work, threads)
    window: deque[Future[R]] = deque()
    try:
        for task in tasks:
            window.append(crew.give(task))
            if len(window) >= 2 * threads:
                yield window.popleft().result()
        while window:
            yield window.popleft().result()
    finally:
        for future in window:
            future.cancel()
        crew.dismiss()


def aside(work: Callable[[], R]) -> R:
    """`work`, done where it does not keep Ctrl-C from being heard."""
    (result,) = in_order(lambda _: work(), [None], 1)
    return result


class _Crew(Generic[T, R]):
    """Threads that do not keep the process alive.

    Those of concurrent.futures do: an interrupted run would hang until the last
    request of each thread has failed.
    """

    def __init__(self, work: Callable[[T], R], size: int) -> None:
        self._work = work
        self._size = size
        self._threads: list[Thread] = []
        self._tasks: SimpleQueue[tuple[T, Future[R]] | None] = SimpleQueue()

    def give(self, task: T) -> Future[R]:
        """Have a task done."""
        future: Future[R] = Future()
        self._tasks.put((task, future))
        if len(self._threads) < self._size:
            self._threads.append(Thread(target=self._serve, daemon=True))
            self._threads[-1].start()
        return future

    def dismiss(self) -> None:
        """End the threads; do not wait long for one that is at work."""
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join(_PATIENCE / self._size)

    def _serve(self) -> None:
        while entry := self._tasks.get():
            task, future = entry
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(self._work(task))
                except BaseException as error:  # noqa: BLE001  # raised where awaited
                    future.set_exception(error)
