"""COPY: from the statement to rows in the client's own transaction."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from redshift_server import load_log, wire
from redshift_server.copy_json import parse_jsonpaths
from redshift_server.copy_options import CopyCommand
from redshift_server.copy_report import Report
from redshift_server.copy_rows import Loaded, Mapping, convert_object
from redshift_server.copy_source import Source, decompress, find_objects
from redshift_server.copy_target import Target, inspect
from redshift_server.copy_values import Column
from redshift_server.dml import skip_identity
from redshift_server.errors import RedshiftError
from redshift_server.storage import S3Object, error_block
from redshift_server.stream import quote

if TYPE_CHECKING:
    from redshift_server.session import Session

_PIECE = 1 << 20


class Loader:
    """Runs one COPY for one session."""

    def __init__(self, session: Session, command: CopyCommand) -> None:
        self._session = session
        self._command = command
        self._shuffle = session.context.translator.options.shuffle
        self._copying = False
        self._target: Target

    async def run(self) -> None:
        """Load, or raise Redshift's error; the views tell either way."""
        session, command = self._session, self._command
        self._target = target = await inspect(session, command)
        source = await asyncio.to_thread(self._open_source)
        mapping = await asyncio.to_thread(self._map, source)
        objects = await asyncio.to_thread(find_objects, source, command)
        query = session.context.log.next_query()
        report = Report(session, command, target, objects, query)
        try:
            await self._load(source, mapping, report)
        except RedshiftError as problem:
            await self._stop_copying()
            report.close(problem.message)
            raise
        report.close()
        session.emit(wire.notice("INFO", report.success()))

    # -- before ----------------------------------------------------------------

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

    async def _load(self, source: Source, mapping: Mapping, report: Report) -> None:
        for item in report.objects:
            start = load_log.now()
            size, loaded = await asyncio.to_thread(self._convert, source, item, mapping)
            report.add(item, loaded, size, start)
            if report.too_many_errors:
                raise RedshiftError(
                    "XX000",
                    f"Load into table '{report.table}' failed.  Check "
                    "'stl_load_errors' system table for details.",
                )
            if loaded.rows and not self._command.no_load:
                await self._send(loaded.rows)
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

    async def _send(self, rows: list[str]) -> None:
        backend = self._session.backend
        if not self._copying:
            await self._start_copying()
        if self._target.numbered and self._shuffle:
            # The slices number their rows as they come to them.
            random.shuffle(rows)
        data = ("\n".join(rows) + "\n").encode()
        for at in range(0, len(data), _PIECE):
            backend.send(wire.encode(b"d", data[at : at + _PIECE]))
            await backend.drain()

    async def _start_copying(self) -> None:
        backend, table = self._session.backend, self._command.table
        if self._target.numbered and self._shuffle:
            await backend.execute(skip_identity(table))
        names = ", ".join(quote(column.name) for column in self._target.columns)
        backend.send(wire.query(f"copy {table} ({names}) from stdin"))
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


def _check_noshred(columns: list[Column]) -> None:
    if len(columns) != 1 or columns[0].type != "jsonb":
        raise RedshiftError(
            "XX000", "JSON 'noshred' needs a table with a single SUPER column"
        )
