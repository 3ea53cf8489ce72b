"""COPY: from the statement to rows in the client's own transaction."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from redshift_server import load_log, wire
from redshift_server.copy_json import parse_jsonpaths
from redshift_server.copy_options import CopyCommand
from redshift_server.copy_rows import Loaded, LoadError, Mapping, convert_object
from redshift_server.copy_source import Source, decompress, find_objects
from redshift_server.copy_values import Column
from redshift_server.dml import WRITE_LOCK
from redshift_server.errors import RedshiftError
from redshift_server.storage import S3Object, error_block
from redshift_server.stream import literal, quote

if TYPE_CHECKING:
    from redshift_server.session import Session

T = TypeVar("T")
_PIECE = 1 << 20
_COLUMNS = """
select
    a.attname, t.typname, a.atttypmod, a.attnotnull, a.attidentity, c.oid::int,
    has_table_privilege(c.oid, 'insert'),
    pg_has_role(c.relowner, 'member'), c.relkind, txid_current()
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_type t on t.oid = a.atttypid
where c.oid = {table}::regclass
order by a.attnum
"""


@dataclass(frozen=True)
class Target:
    """The table that is loaded."""

    oid: int
    transaction: int
    columns: list[Column]


@dataclass
class Tally:
    """What the COPY has done so far."""

    query: int
    start: str
    rows: int = 0
    bytes: int = 0
    errors: list[tuple[str, LoadError]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)


class Loader:
    """Runs one COPY for one session."""

    def __init__(self, session: Session, command: CopyCommand) -> None:
        self._session = session
        self._command = command
        self._log = session.context.log
        self._copying = False
        self._target: Target

    async def run(self) -> None:
        """Load, or raise Redshift's error; the views tell either way."""
        session, command = self._session, self._command
        self._target = await self._inspect()
        source = await self._in_thread(self._open_source)
        mapping = await self._in_thread(lambda: self._map(source))
        objects = await self._in_thread(lambda: find_objects(source, command))
        tally = Tally(self._log.next_query(), load_log.now())
        try:
            await self._load(source, mapping, objects, tally)
        except RedshiftError as problem:
            await self._stop_copying()
            self._report(tally, objects, problem.message)
            raise
        self._report(tally, objects, "")
        session.emit(wire.notice("INFO", self._success(tally)))

    # -- before ----------------------------------------------------------------

    async def _inspect(self) -> Target:
        backend, table = self._session.backend, self._command.table
        if self._session.context.translator.options.serializable:
            await backend.execute(WRITE_LOCK.format(table))
        try:
            result = await backend.execute(_COLUMNS.format(table=literal(table)))
        except RedshiftError as problem:
            if problem.sqlstate != "42P01":
                raise
            raise RedshiftError(
                "42P01", f"Cannot COPY into nonexistent table {table.strip(chr(34))}"
            ) from problem
        rows = result.rows
        if not rows or rows[0][8] not in ("r", "p"):
            raise RedshiftError("42809", f"cannot copy to non-table relation {table}")
        if rows[0][6] != "t":
            raise RedshiftError("42501", f"permission denied for relation {table}")
        if self._command.owner_needed and rows[0][7] != "t":
            raise RedshiftError("42501", f"must be owner of relation {table}")
        columns = [_column(row) for row in rows]
        chosen = self._choose(columns)
        return Target(int(rows[0][5] or 0), int(rows[0][9] or 0), chosen)

    def _choose(self, columns: list[Column]) -> list[Column]:
        command = self._command
        if command.columns is None:
            return [
                column
                for column in columns
                if not column.identity or command.explicit_ids
            ]
        known = {column.name: column for column in columns}
        for name in command.columns:
            if name not in known:
                raise RedshiftError(
                    "42703",
                    f'column "{name}" of relation {command.table} does not exist',
                )
            if known[name].identity == "a" and not command.explicit_ids:
                raise RedshiftError(
                    "0A000", f"cannot set an identity column to a value: {name}"
                )
        return [known[name] for name in command.columns]

    def _open_source(self) -> Source:
        storage, command = self._session.context.storage, self._command
        assert command.authorization is not None
        role = storage.role(command.authorization, self._session.user)
        return Source(storage, role, command.region)

    def _map(self, source: Source) -> Mapping:
        columns, command = self._target.columns, self._command
        if command.format != "json" or not command.json_option.startswith("s3://"):
            if command.json_option == "noshred":
                _check_noshred(columns)
            elif command.json_option not in ("auto", "auto ignorecase"):
                raise RedshiftError(
                    "XX000", f"Invalid JSON option: {command.json_option}"
                )
            return Mapping(columns)
        paths = parse_jsonpaths(source.read(command.json_option))
        if paths is not None and len(paths) != len(columns):
            text = (
                "Number of jsonpaths and the number of columns should match. JSONPath "
                f"size: {len(paths)}, Number of columns in table or column list: "
                f"{len(columns)}"
            )
            raise RedshiftError("XX000", text, detail=error_block(text, 8001))
        return Mapping(columns, paths)

    # -- during ----------------------------------------------------------------

    async def _load(
        self, source: Source, mapping: Mapping, objects: list[S3Object], tally: Tally
    ) -> None:
        for item in objects:
            start = load_log.now()
            convert = functools.partial(self._convert, source, item, mapping)
            size, loaded = await self._in_thread(convert)
            self._count(tally, item, loaded, size, start)
            if self._too_many(tally):
                raise self._failure()
            if loaded.text and not self._command.no_load:
                await self._send(loaded.text)
        if self._copying:
            self._session.backend.send(wire.encode(b"c"))
            self._copying = False
            await self._session.backend.collect()

    def _convert(
        self, source: Source, item: S3Object, mapping: Mapping
    ) -> tuple[int, Loaded]:
        stored = source.bucket(item.bucket).get(item.key)
        data = decompress(stored, self._command.compression)
        return len(stored), convert_object(data, mapping, self._command)

    def _count(
        self, tally: Tally, item: S3Object, loaded: Loaded, size: int, start: str
    ) -> None:
        tally.rows += loaded.row_count
        tally.bytes += size
        tally.errors += [(item.url, error) for error in loaded.errors]
        tally.files.append(
            {
                "user": self._session.user,
                "query": tally.query,
                "table": self._command.table.replace('"', ""),
                "file": item.url,
                "bytes": size,
                "lines": loaded.line_count,
                "errors": len(loaded.errors),
                "format": self._command.format,
                "start": start,
                "time": load_log.now(),
                "etag": item.etag,
                "modified": item.modified.replace(tzinfo=None).isoformat(sep=" "),
            }
        )

    def _too_many(self, tally: Tally) -> bool:
        if self._command.ignore_all_errors or not tally.errors:
            return False
        return len(tally.errors) >= max(1, self._command.max_errors)

    def _failure(self) -> RedshiftError:
        table = self._command.table.replace('"', "")
        return RedshiftError(
            "XX000",
            f"Load into table '{table}' failed.  Check 'stl_load_errors' system table "
            "for details.",
        )

    async def _send(self, text: str) -> None:
        backend = self._session.backend
        if not self._copying:
            await self._start_copying()
        data = text.encode()
        for at in range(0, len(data), _PIECE):
            backend.send(wire.encode(b"d", data[at : at + _PIECE]))
            await backend.drain()

    async def _start_copying(self) -> None:
        backend = self._session.backend
        names = ", ".join(quote(column.name) for column in self._target.columns)
        backend.send(wire.query(f"copy {self._command.table} ({names}) from stdin"))
        message = await backend.read()
        if message.kind != b"G":
            # An error: collect() raises it, with all that follows.
            backend.unread(message)
            await backend.collect()
        self._copying = True

    async def _stop_copying(self) -> None:
        if not self._copying:
            return
        self._copying = False
        self._session.backend.send(wire.encode(b"f", wire.cstring("load failed")))
        async for _ in self._session.backend.until_ready():
            pass

    # -- after -----------------------------------------------------------------

    def _report(self, tally: Tally, objects: list[S3Object], problem: str) -> None:
        session = self._session
        common = {
            "user": session.user,
            "query": tally.query,
            "transaction": self._target.transaction,
            "session": session.backend.pid,
            "database": session.database,
        }
        name = self._command.table.replace('"', "")
        load = {
            **common,
            "status": "aborted" if problem else "completed",
            "table": name,
            "source": self._command.source,
            "start": tally.start,
            "end": load_log.now(),
            "rows": 0 if problem else tally.rows,
            "bytes": tally.bytes,
            "files": len(objects),
            "scanned": len(tally.files),
            "errors": len(tally.errors),
            "message": problem,
        }
        self._log.append("loads", [load])
        self._log.append("files", tally.files)
        self._log.append(
            "errors",
            [
                {**common, **_error_entry(file, error), "table_id": self._target.oid}
                for file, error in tally.errors
            ],
        )
        self._log.set_session(
            session.backend.pid,
            {
                "copy_count": 0 if problem else tally.rows,
                "copy_id": tally.query,
                "query_id": tally.query,
            },
        )

    def _success(self, tally: Tally) -> str:
        table = self._command.table.replace('"', "")
        if self._command.no_load:
            return (
                f"Load into table '{table}' completed, 0 record(s) loaded successfully."
            )
        text = (
            f"Load into table '{table}' completed, {tally.rows} record(s) loaded "
            "successfully."
        )
        if tally.errors:
            text += (
                f"  {len(tally.errors)} record(s) could not be loaded.  Check "
                "'stl_load_errors' system table for details."
            )
        return text

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(None, call)


def _column(row: tuple[str | None, ...]) -> Column:
    name, kind, typmod = row[0] or "", row[1] or "", int(row[2] or -1)
    length, scale = -1, 0
    if typmod >= 0 and kind in ("varchar", "bpchar"):
        length = typmod - 4
    elif typmod >= 0 and kind == "numeric":
        length, scale = (typmod - 4) >> 16 & 0xFFFF, (typmod - 4) & 0x7FF
    elif kind == "text":
        kind, length = "varchar", 65535
    return Column(name, kind, length, scale, row[3] == "t", row[4] or "")


def _check_noshred(columns: list[Column]) -> None:
    if len(columns) != 1 or columns[0].type != "jsonb":
        raise RedshiftError(
            "XX000", "JSON 'noshred' needs a table with a single SUPER column"
        )


_LABELS = {"bpchar": "char", "jsonb": "super"}


def _error_entry(file: str, error: LoadError) -> dict[str, Any]:
    column = error.column
    return {
        "time": load_log.now(),
        "file": file,
        "line": error.line,
        "column": column.name if column else "",
        "type": _LABELS.get(column.type, column.type) if column else "",
        "length": _length(column) if column else "",
        "position": 0,
        "code": error.code,
        "message": error.message,
        "raw_line": _printable(error.raw_line),
        "raw_value": _printable(error.raw_value),
    }


def _length(column: Column) -> str:
    if column.length < 0:
        return "0"
    if column.type == "numeric":
        return f"{column.length}, {column.scale}"
    return str(column.length)


def _printable(text: str) -> str:
    cleaned = text.replace("\0", "?").encode(errors="replace").decode()
    return cleaned[:1024]
