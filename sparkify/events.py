"""What a run tells while it works, to whoever listens.

A listener never breaks a load: what it raises is logged. Nor may it delay one: what
takes time, such as a call over the network, it leaves to a thread of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Event:
    """Something that a run tells: `run_id` says which run, its text what happened."""

    run_id: int


@dataclass(frozen=True)
class RunStarted(Event):
    """A run looks for what is pending."""

    def __str__(self) -> str:
        return f"run {self.run_id} started"


@dataclass(frozen=True)
class LoadStarted(Event):
    """A load begins: number `number` of the `of` loads that this run has to do.

    `head` is the newest load in the warehouse, 0 before the first.
    """

    load_id: int
    kind: str
    head: int = 0
    number: int = 1
    of: int = 1
    files: int = 0
    bytes: int = 0

    def __str__(self) -> str:
        return (
            f"load {self.load_id} started, {self.number} of {self.of}: "
            f"{self.files:,} files, {self.bytes:,} bytes"
        )


@dataclass(frozen=True)
class StepStarted(Event):
    """A step begins; `text` says for people what is done."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class StepDone(Event):
    """A step of a load has ended; `rows` is None for one that writes none."""

    load_id: int
    step: str
    rows: int | None
    seconds: float

    def __str__(self) -> str:
        rows = "" if self.rows is None else f"{self.rows:,} rows in "
        return f"{self.step}: {rows}{self.seconds:.3f} s"


@dataclass(frozen=True)
class LoadCommitted(Event):
    """A load is in the warehouse.

    `refused` are the URIs of files of which nothing was loaded, `changed` the rows by
    table that it changed, `warnings` what its checks of severity warn found, by check.
    """

    load_id: int
    kind: str
    seconds: float
    files: int = 0
    refused: tuple[str, ...] = ()
    bytes: int = 0
    records: int = 0
    rejected: int = 0
    changed: Mapping[str, int] = field(default_factory=dict)
    warnings: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return (
            f"load {self.load_id} committed: {self.files:,} files, "
            f"{self.records:,} records, {self.rejected:,} rejected, "
            f"{len(self.refused):,} files refused, in {self.seconds:.3f} s"
        )


@dataclass(frozen=True)
class LoadFailed(Event):
    """A load was undone. If its commit was in doubt, it may yet be told committed."""

    load_id: int
    kind: str
    seconds: float
    error: str
    message: str

    def __str__(self) -> str:
        return f"load {self.load_id} undone: {self.message or self.error}"


@dataclass(frozen=True)
class RunFinished(Event):
    """A run has ended.

    `outcome` is `loaded`, `nothing` when nothing was pending, `refused` when data was,
    `failed`, or `interrupted`; `error` and `message` say why the last three. `head` is
    the newest load in the warehouse, 0 when there is none or the run never saw.
    """

    outcome: str
    seconds: float
    head: int = 0
    discovered: int = 0
    loads: int = 0
    error: str = ""
    message: str = ""

    def __str__(self) -> str:
        why = f": {self.message or self.error}" if self.error else ""
        return f"run {self.run_id} ended, {self.outcome}{why}"


Listener = Callable[[Event], None]


def telling(*listeners: Listener) -> Listener:
    """A listener that tells all of these, whatever one of them raises."""

    def tell(event: Event) -> None:
        for listener in listeners:
            try:
                listener(event)
            except Exception as error:  # noqa: BLE001  # no load fails for it
                _log_failure(listener, event, error)

    return tell


def _log_failure(listener: Listener, event: Event, error: Exception) -> None:
    # Imported here: few listeners fail, and every start would pay for it.
    import logging  # noqa: PLC0415

    log = logging.getLogger("sparkify")
    log.warning(
        "%s failed at %s: %s: %s; the load goes on.",
        getattr(listener, "__name__", type(listener).__name__),
        type(event).__name__,
        type(error).__name__,
        error,
        exc_info=log.isEnabledFor(logging.DEBUG),
    )
