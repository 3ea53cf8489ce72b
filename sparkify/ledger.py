"""The ledger says which versions of source files are in the warehouse."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sparkify.engines.base import Engine, Row
from sparkify.errors import CheckFailed, LedgerMoved, SparkifyError
from sparkify.models import Models
from sparkify.sources.files import SourceFile


def utc_now() -> datetime:
    """Now in UTC, without a zone, as the warehouse keeps times."""
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class Load:
    """A load to be recorded. Counts are of records."""

    load_id: int
    kind: str
    revision: int
    files: tuple[LoadedFile, ...] = ()
    started_at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True)
class LoadedFile:
    """What became of the records of a file."""

    file: SourceFile
    sha256: str
    records: int
    rejected: int

    @property
    def staged(self) -> int:
        """Records in staging."""
        return self.records - self.rejected


def new_load_id(head: int) -> int:
    """A load id above `head`: microseconds since 1970."""
    return max(time.time_ns() // 1000, head + 1)


def head(engine: Engine, models: Models) -> int:
    """The newest load in the warehouse; 0 before the first."""
    sql = "select coalesce(max(load_id), 0) from control.loads"
    return _integer(engine.query(models.in_schema(sql))[0][0])


def hold(engine: Engine, models: Models, expected: int) -> None:
    """Raise LedgerMoved when another run has loaded something since `expected`."""
    if head(engine, models) != expected:
        raise LedgerMoved("Another run has loaded files in the meantime; run again.")


def pending(
    engine: Engine,
    models: Models,
    discovered: Iterable[SourceFile],
    hash_of: Callable[[SourceFile], str],
) -> list[SourceFile]:
    """The discovered files whose version is not in the ledger, with their revision.

    `discovered` comes in the order of URIs, as the ledger is read, so that neither is
    held as a whole. `hash_of` is asked where nothing but the modification time differs.
    """
    return list(_difference(_known(engine, models), discovered, hash_of))


def _difference(
    known: Iterator[Row],
    discovered: Iterable[SourceFile],
    hash_of: Callable[[SourceFile], str],
) -> Iterator[SourceFile]:
    row = next(known, None)
    for file in discovered:
        while row is not None and str(row[0]) < file.uri:
            row = next(known, None)
        if row is None or row[0] != file.uri:
            yield file
        elif not _is_same(row, file, hash_of):
            yield file._replace(revision=_integer(row[5]) + 1)


def _known(engine: Engine, models: Models) -> Iterator[Row]:
    """The newest known version of each file, by URI."""
    sql = """
        select
            uri,
            bytes,
            modified_at,
            etag,
            content_hash,
            revision
        from control.load_files
        order by uri, revision desc
    """
    last = None
    for row in engine.query(models.in_schema(sql)):
        if row[0] != last:
            yield row
        last = row[0]


def _is_same(row: Row, file: SourceFile, hash_of: Callable[[SourceFile], str]) -> bool:
    _, size, modified_at, etag, content_hash, _ = row
    if file.etag is not None:
        return file.etag == etag
    if size != file.bytes:
        return False
    return modified_at == file.modified_at or content_hash == hash_of(file)


def record(engine: Engine, models: Models, load: Load) -> None:
    """Write the load and its files; the last statements before the commit."""
    files = (
        (
            load.load_id,
            each.file.dataset,
            each.file.uri,
            each.file.revision,
            each.file.bytes,
            each.file.modified_at,
            each.file.etag,
            each.sha256,
            each.records,
            each.staged,
            each.rejected,
        )
        for each in load.files
    )
    engine.append(models.table("control.load_files"), files)
    engine.append(
        models.table("control.loads"),
        [
            (
                load.load_id,
                load.kind,
                load.revision,
                len(load.files),
                sum(each.file.bytes for each in load.files),
                sum(each.records for each in load.files),
                sum(each.staged for each in load.files),
                sum(each.rejected for each in load.files),
                load.started_at,
                utc_now(),
            )
        ],
    )


def record_attempt(
    engine: Engine, models: Models, load_id: int, error: SparkifyError
) -> None:
    """Write why a load was undone, with the offending rows where there are any."""
    samples = json.dumps(error.samples) if isinstance(error, CheckFailed) else None
    row = (load_id, utc_now(), type(error).__name__, str(error), samples)
    engine.append(models.table("control.attempts"), [row])


def rejected_by_uri(engine: Engine, models: Models, load_id: int) -> dict[str, int]:
    """How many records of each file this load has rejected."""
    sql = """
        select
            uri,
            count(*) as rejected
        from control.rejects
        where load_id = :load_id
        group by uri
    """
    rows = engine.query(models.in_schema(sql), {"load_id": load_id})
    return {str(uri): _integer(count) for uri, count in rows}


def _integer(value: object) -> int:
    assert isinstance(value, int)
    return value
