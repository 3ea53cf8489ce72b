"""The ledger says which versions of source files are in the warehouse."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby, islice
from operator import attrgetter
from typing import NamedTuple

from sparkify.engines.base import Engine, Row
from sparkify.errors import DataRefused, LedgerMoved, SparkifyError
from sparkify.models import Models, Table
from sparkify.sources.files import SourceFile

# What the columns of control.attempts hold, of four bytes a character.
_MESSAGE_CHARACTERS = 4096
_SAMPLE_CHARACTERS = 1024
_SAMPLES_BYTES = 65535

# So many files are compared at a time, with so many rows of the ledger at most.
_PAGE = 100_000
_ROWS = 400_000
# No file has as many versions.
_ALL = 2**31 - 1


def utc_now() -> datetime:
    """Now in UTC, without a zone, as the warehouse keeps times."""
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class Load:
    """A load to be recorded. Counts are of records and events."""

    load_id: int
    run_id: int
    kind: str
    revision: int = 0
    files: tuple[ReadFile, ...] = ()
    repeats: int = 0
    conflicts: int = 0
    unknown_keys: tuple[UnknownKey, ...] = ()
    started_at: datetime = field(default_factory=utc_now)


class ReadFile(NamedTuple):
    """What became of the records of a file; none of a refused one is staged.

    `damage` is why a refused file cannot be read at all.
    """

    file: SourceFile
    sha256: str | None
    records: int = 0
    rejected: int = 0
    refused: bool = False
    damage: str = ""

    @property
    def staged(self) -> int:
        """Records in staging."""
        return 0 if self.refused else self.records - self.rejected


class UnknownKey(NamedTuple):
    """A key that no column takes: where, in how many records, one value as JSON."""

    dataset: str
    name: str
    records: int
    example: str


@dataclass
class Pending:
    """What the source has and the ledger has not, and the reverse.

    `discovered` is the number of files there are, `known` that of those of which some
    version was loaded. `refused` are those that were refused, and are as they were.
    """

    files: list[SourceFile] = field(default_factory=list)
    discovered: int = 0
    known: int = 0
    refused: list[str] = field(default_factory=list)


def new_id(head: int = 0) -> int:
    """The id of a new load or run, above `head`: microseconds since 1970."""
    return max(time.time_ns() // 1000, head + 1)


def head(engine: Engine, models: Models) -> int:
    """The newest load in the warehouse; 0 before the first."""
    sql = "select coalesce(max(load_id), 0) from control.loads"
    return _integer(engine.query(models.in_schema(sql))[0][0])


def shrunk(engine: Engine, models: Models, load: Load) -> int:
    """How many files of a recorded load have fewer records than the version before."""
    if not load.revision:
        return 0
    sql = models.in_schema(
        """
        select count(*)
        from control.load_files as newer
        inner join control.load_files as older
            on newer.uri = older.uri
            and newer.dataset = older.dataset
            and newer.revision = older.revision + 1
        where
            newer.load_id = :load_id
            and newer.status = 'loaded'
            and older.status = 'loaded'
            and newer.records < older.records
        """
    )
    return _integer(engine.query(sql, {"load_id": load.load_id})[0][0])


def lock(engine: Engine, models: Models) -> None:
    """Hold off other runs until the transaction ends; its first statement."""
    engine.lock(models.table("control.lock"))


def has(engine: Engine, models: Models, load_id: int) -> bool:
    """Whether a load is in the warehouse."""
    sql = models.in_schema("select 1 from control.loads where load_id = :load_id")
    return bool(engine.query(sql, {"load_id": load_id}))


def hold(engine: Engine, models: Models, expected: int) -> None:
    """Lock, and raise LedgerMoved when another run has loaded since `expected`."""
    lock(engine, models)
    if head(engine, models) != expected:
        raise LedgerMoved("Another run has loaded files in the meantime; run again.")


def pending(
    engine: Engine,
    models: Models,
    discovered: Iterable[SourceFile],
    hash_of: Callable[[SourceFile], str],
    *,
    retry_refused: bool = False,
) -> Pending:
    """Compare the discovered files with the ledger.

    `discovered` comes in the order of URIs: a page of it is held at a time, with what
    the ledger knows from its first file to its last. `hash_of` is asked where nothing
    but the modification time differs. A refused version is pending again with
    `retry_refused` only.
    """
    result = Pending()
    # From one dataset to the next, the ledger may know many files of other places.
    for _, files in groupby(discovered, key=attrgetter("dataset")):
        while page := list(islice(files, _PAGE)):
            unlike = _unlike(engine, models, page)
            known = _known(engine, models, unlike) if unlike else {}
            result.discovered += len(page)
            result.known += len(page) - len(unlike)
            if not known:
                result.files += unlike
                continue
            for file in unlike:
                row = known.get(file.uri)
                result.known += row is not None and row.loaded > 0
                if row is None:
                    result.files.append(file)
                elif not _is_same(row, file, hash_of) or (
                    row.refused and retry_refused
                ):
                    result.files.append(file._replace(revision=row.loaded))
                elif row.refused:
                    result.refused.append(file.uri)
    return result


def loaded_below(engine: Engine, models: Models, folder: str) -> int:
    """How many files below a folder or prefix were loaded."""
    sql = """
        select count(*)
        from control.load_files
        where
            revision = 0
            and status = 'loaded'
            and uri >= :first
            and uri < :end
    """
    # `0` is the sign after `/`.
    ends = {"first": folder.rstrip("/") + "/", "end": folder.rstrip("/") + "0"}
    return _integer(engine.query(models.in_schema(sql), ends)[0][0])


def _unlike(
    engine: Engine, models: Models, page: Sequence[SourceFile]
) -> list[SourceFile]:
    """The files that are not just as they were loaded."""
    # One text tells a version: a million rows of few columns are read twice as fast.
    version = (
        "case when status = 'refused' then null else coalesce(etag, "
        "cast(bytes as varchar(20)) || ' ' || cast(modified_at as varchar(20))) end"
    )
    loaded: dict[object, object] = {}
    loaded.update(_newest(engine, models, version, page))  # type: ignore[arg-type]  # rows of two values
    if not loaded:
        return list(page)
    as_loaded = map(loaded.get, map(attrgetter("uri"), page))
    return [
        file
        for file, version in zip(page, as_loaded, strict=True)
        if version != (file.etag or f"{file.bytes} {file.modified_at}")
    ]


class _Known(NamedTuple):
    """The newest version that was read of a file."""

    uri: str
    bytes: int
    modified_at: int
    etag: str | None
    content_hash: str | None
    status: str
    revision: int

    @property
    def refused(self) -> bool:
        """Whether it was refused as a whole."""
        return self.status == "refused"

    @property
    def loaded(self) -> int:
        """How many versions were loaded."""
        return self.revision + (not self.refused)


def _known(
    engine: Engine, models: Models, files: Sequence[SourceFile]
) -> dict[str, _Known]:
    """What the ledger knows of the files, by URI."""
    columns = "bytes, modified_at, etag, content_hash, status, revision"
    rows = map(_Known._make, _newest(engine, models, columns, files))
    return {row.uri: row for row in rows}


def _newest(
    engine: Engine, models: Models, columns: str, files: Sequence[SourceFile]
) -> list[Row]:
    """URI and columns of each version from the first file to the last, as its dataset.

    The newest of a file comes last. Where there are far more rows than files, those
    between the files are left out.
    """
    sql = f"""
        select
            uri,
            {columns}
        from control.load_files
        where
            uri between :first and :last
            and dataset = :dataset
        order by load_id
        limit :most
    """
    most = _ROWS if len(files) > 1 else _ALL
    asked = {
        "first": files[0].uri,
        "last": files[-1].uri,
        "dataset": files[0].dataset,
        "most": most,
    }
    rows = engine.query(models.in_schema(sql), asked)
    if len(rows) < most:
        return rows
    middle = len(files) // 2
    rows = []
    for half in files[:middle], files[middle:]:
        wanted = {file.uri for file in half}
        found = _newest(engine, models, columns, half)
        rows += (row for row in found if row[0] in wanted)
    return rows


def _is_same(
    known: _Known, file: SourceFile, hash_of: Callable[[SourceFile], str]
) -> bool:
    if file.etag is not None:
        return file.etag == known.etag
    if known.bytes != file.bytes:
        return False
    return known.modified_at == file.modified_at or known.content_hash == hash_of(file)


def record(engine: Engine, models: Models, load: Load) -> None:
    """Write the load and its files."""
    files = (
        (
            load.load_id,
            file.dataset,
            file.uri,
            file.revision,
            file.bytes,
            file.modified_at,
            file.etag,
            sha256,
            records,
            0 if refused else records - rejected,
            rejected,
            0,
            "refused" if refused else "loaded",
        )
        for file, sha256, records, rejected, refused, _ in load.files
    )
    engine.append(models.table("control.load_files"), files)
    keys = ((load.load_id, *key) for key in load.unknown_keys)
    engine.append(models.table("control.unknown_keys"), keys)
    loaded = [each for each in load.files if not each.refused]
    engine.append(
        models.table("control.loads"),
        [
            (
                load.load_id,
                load.run_id,
                load.kind,
                load.revision,
                len(loaded),
                sum(each.file.bytes for each in loaded),
                sum(each.records for each in loaded),
                sum(each.staged for each in loaded),
                sum(each.rejected for each in loaded),
                load.repeats,
                load.conflicts,
                load.started_at,
                utc_now(),
            )
        ],
    )


def record_attempt(
    engine: Engine, models: Models, load: Load, error: SparkifyError
) -> None:
    """Write why a load, or a file of it, was refused, with rows that show it."""
    samples = _fitting(error.samples) if isinstance(error, DataRefused) else None
    message = str(error)[:_MESSAGE_CHARACTERS]
    row = (
        load.load_id,
        load.run_id,
        utc_now(),
        type(error).__name__,
        message,
        samples,
    )
    engine.append(models.table("control.attempts"), [row])


def _fitting(samples: Sequence[Sequence[str]]) -> str:
    """As many of the samples as their column holds, as JSON."""
    short = [[value[:_SAMPLE_CHARACTERS] for value in row] for row in samples]
    while len(text := json.dumps(short)) > _SAMPLES_BYTES:
        short = short[: len(short) // 2]
    return text


def tally(engine: Engine) -> tuple[int, int]:
    """Repeats and conflicts of the load that the work tables describe."""
    [(repeats, conflicts)] = engine.query("select repeats, conflicts from tally")
    return _integer(repeats), _integer(conflicts)


def values(engine: Engine, table: Table, load_id: int) -> int:
    """How many values that are not null a load has brought into a staging table."""
    counts = " + ".join(f"count({column.name})" for column in table.columns[:-1])
    sql = f"select {counts} from {table.full_name} where load_id = :load_id"
    return _integer(engine.query(sql, {"load_id": load_id})[0][0])


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
