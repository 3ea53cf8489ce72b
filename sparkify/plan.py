"""What a run would do, found out without doing it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sparkify import gates, ledger, schema
from sparkify.config import Settings, require, require_apart
from sparkify.engines import make_engine
from sparkify.garbage import rarely_collected
from sparkify.models import Models, load_models
from sparkify.sources import Sources
from sparkify.sources.files import EVERY_DAY, Interval, SourceFile, batches, date_of


@dataclass(frozen=True)
class FileState:
    """A source file, and where it stands: new, changed, loaded or refused."""

    state: str
    dataset: str
    date: str
    bytes: int
    uri: str


@dataclass(frozen=True)
class PlannedLoad:
    """The files of a load to come."""

    files: int
    bytes: int
    revision: int
    first: str
    last: str


@dataclass(frozen=True)
class Plan:
    """The loads of a run, and the statements that each of them executes."""

    warehouse: str
    discovered: int
    loads: list[PlannedLoad]
    statements: list[str]


def files(settings: Settings) -> list[FileState]:
    """All source files in the order of their URIs. Raises SparkifyError."""
    found, pending = _compare(settings)
    states = {f.uri: "changed" if f.revision else "new" for f in pending.files}
    states |= dict.fromkeys(pending.refused, "refused")
    return [
        FileState(
            states.get(file.uri, "loaded"),
            file.dataset,
            date_of(file),
            file.bytes,
            file.uri,
        )
        for file in found
    ]


def plan(
    settings: Settings, *, retry_refused: bool = False, interval: Interval = EVERY_DAY
) -> Plan:
    """What a run would do now. Raises SparkifyError."""
    found, pending = _compare(settings, retry_refused)
    files = interval.of(pending.files)
    waiting = batches(files, settings.batch_bytes)
    loads = [_planned(batch) for batch in waiting]
    models = gates.with_own_checks(load_models(settings.schema_prefix), settings)
    return Plan(
        settings.warehouse,
        len(found),
        loads,
        list(_statements(models, files)) if loads else [],
    )


def _compare(
    settings: Settings, retry_refused: bool = False
) -> tuple[list[SourceFile], ledger.Pending]:
    """The discovered files, and how they stand to the ledger; reads only."""
    require(settings, "log_data", "song_data")
    require_apart(settings)
    sources = Sources(settings)
    engine = make_engine(settings)
    models = load_models(settings.schema_prefix)
    with rarely_collected():
        found = list(sources.discover())
        with engine.session(read_only=True):
            schema.verify(engine, models)
            pending = ledger.pending(
                engine,
                models,
                found,
                sources.content_hash,
                retry_refused=retry_refused,
            )
    return found, pending


def _planned(batch: list[SourceFile]) -> PlannedLoad:
    dates = sorted(map(date_of, batch))
    size = sum(file.bytes for file in batch)
    return PlannedLoad(len(batch), size, batch[0].revision, dates[0], dates[-1])


def _statements(models: Models, pending: list[SourceFile]) -> Iterator[str]:
    """As the pipeline executes them, in one transaction a load."""
    counts = Counter(file.dataset for file in pending)
    for dataset in ("songs", "events"):
        if counts[dataset]:
            table = models.table(f"staging.{dataset}")
            yield f"-- copy {dataset} into {table.full_name}"
    for table in models.transform:
        for statement in table.load:
            yield f"-- build {table.full_name}\n{statement.strip()}"
    for check in models.checks():
        if check.scope == "load":
            yield f"-- check {check.name}\n{check.sql.strip()}"
    yield "-- record the load in control.loads and control.load_files, commit"
