"""Look, load, sleep; what is seen is told, and nothing is held in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sparkify.errors import DataRefused, PermanentError, SparkifyError
from sparkify.pipeline import Discover, Pipeline, RunResult
from sparkify.sources.files import SourceFile
from sparkify.watch.bell import Bell, signals
from sparkify.watch.clock import Clock
from sparkify.watch.queue import Messages, Queue
from sparkify.watch.recent import Recent, noting

# A machine may sleep meanwhile, or its clock be set.
_LONGEST_SLEEP = 60.0
_MOST_NAMED = 1000


@dataclass(frozen=True)
class Look:
    """What one look at the sources found and did.

    `kind` is full, recent or named: all files, those where new ones are expected, or
    those that messages name. With an `error`, `result` is what was done before it.
    """

    kind: str
    began: datetime
    result: RunResult
    error: SparkifyError | OSError | None = None


Tell = Callable[[Look], None]


@dataclass
class Watcher:
    """Looks when the clock or the queue says so, one look after the other.

    `tell` hears of every look.
    """

    pipeline: Pipeline
    clock: Clock
    full_every: timedelta
    tell: Tell
    queue: Queue | None = None
    _bell: Bell | None = None
    _stopping: bool = False
    _after: dict[str, str] = field(default_factory=dict)
    _full_due: datetime | None = None
    _seen: int | None = None

    def watch(self) -> None:
        """Until it is stopped. Raises PermanentError when the first look does."""
        self._bell = bell = Bell()
        with closing(bell), signals(self.stop):
            if self.queue is None:
                self._watch(bell)
                return
            self.queue.listen(bell.ring)
            with closing(self.queue):
                self._watch(bell)

    def stop(self) -> None:
        """End after the load at hand; safe to call in a signal handler."""
        self._stopping = True
        self.pipeline.stop()
        if self._bell:
            self._bell.ring()

    def look(self, named: frozenset[str] | None = None) -> Look:
        """Look once, at the objects of these URIs alone when there are some."""
        began = _now()
        is_due = self._full_due is None or began >= self._full_due
        kind = "full" if is_due else "recent"
        if named is not None:
            kind = "named" if len(named) <= _MOST_NAMED else "full"
        error: SparkifyError | OSError | None = None
        result, before = RunResult(), self.pipeline.result
        try:
            match kind:
                case "full":
                    result = self._all(began)
                case "recent":
                    result = self._recent()
                case "named":
                    result = self._some(self.pipeline.sources.named(named or ()))
        except (SparkifyError, OSError) as failure:
            error = failure
            if self.pipeline.result is not before:
                result = self.pipeline.result
        look = Look(kind, began, result, error)
        self.tell(look)
        return look

    def _watch(self, bell: Bell) -> None:
        look = self.look()
        if isinstance(look.error, PermanentError | OSError):
            raise look.error
        due = self.clock(look.began)
        while not self._stopping:
            left = (due - _now()).total_seconds()
            if left <= 0:
                # However many were missed meanwhile, one look makes up for them.
                due = self.clock(self.look().began)
            elif messages := self._messages():
                self._heed(messages)
            else:
                bell.wait(min(left, _LONGEST_SLEEP))

    def _messages(self) -> Messages | None:
        if self.queue is None:
            return None
        try:
            return self.queue.arrived()
        except SparkifyError as error:
            self.tell(Look("named", _now(), RunResult(), error))
            return None

    def _heed(self, messages: Messages) -> None:
        assert self.queue
        look = self.look(messages.uris)
        if self._stopping or not (
            look.error is None or isinstance(look.error, DataRefused)
        ):
            return  # they come again
        try:
            self.queue.delete(messages)
        except SparkifyError as error:
            self.tell(Look("named", _now(), RunResult(), error))

    def _all(self, began: datetime) -> RunResult:
        sources = self.pipeline.sources
        recent: dict[str, Recent] = {}

        def discover() -> Iterable[SourceFile]:
            recent.update((name, Recent(place)) for name, place in sources.locations)
            return noting(sources.discover(), recent)

        def looked() -> None:
            self._after = {name: each.after for name, each in recent.items()}
            self._full_due = began + self.full_every
            self._seen = None

        return self._load(discover, looked, whole=True)

    def _recent(self) -> RunResult:
        files = list(self.pipeline.sources.discover(self._after))
        seen = hash(tuple(files))
        if seen == self._seen:
            # The warehouse need not be asked; it may cost money to wake it.
            return RunResult(discovered=len(files))

        def looked() -> None:
            self._seen = seen

        return self._load(lambda: files, looked)

    def _some(self, files: Sequence[SourceFile]) -> RunResult:
        return self._load(lambda: files, lambda: None) if files else RunResult()

    def _load(
        self, discover: Discover, looked: Callable[[], None], *, whole: bool = False
    ) -> RunResult:
        """Run; `looked` when the same files need not be looked at again."""
        try:
            result = self.pipeline.run(discover=discover, whole=whole)
        except DataRefused:
            # They would be refused again: when one changes, or in a full look.
            looked()
            raise
        looked()
        return result


def _now() -> datetime:
    return datetime.now(UTC)
