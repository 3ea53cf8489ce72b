"""DuckDB, embedded: a file that one process at a time may open for writing."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from sparkify.config import Settings
from sparkify.engines.base import InputRefusedError, Parameters, Row, committing
from sparkify.engines.files import copy_statement
from sparkify.engines.reader import (
    MEANINGS,
    Reader,
    bad_text,
    explain,
    is_unreadable,
    limits,
    rows_of,
)
from sparkify.errors import (
    SparkifyError,
    TransientError,
    WarehouseBusy,
    WarehouseError,
)
from sparkify.models import Column, Table
from sparkify.sources.files import Input, SourceFile

if TYPE_CHECKING:
    from arro3.core import Array

_RETRY_SECONDS = 0.1
_SEALED = {"enable_external_access": False, "lock_configuration": True}
_APPEND_ROWS = 20_000
_WHOLE = "and run again. Every load is there as a whole or not at all."
_DAMAGED = (
    "is not a DuckDB database, or a damaged one; "
    "restore it, or set [WAREHOUSE] PATH to another file."
)
# The first sign that an error has tells what it means.
_MEANINGS = MEANINGS | {
    "database does not exist": "no warehouse is there; "
    "run `sparkify create-tables` first.",
    "newer version of DuckDB": "was written by a newer DuckDB; "
    "upgrade the package duckdb.",
    "storage version number": "was written by a DuckDB that is too old to be read; "
    "set [WAREHOUSE] PATH to a new file and load it anew.",
    "No space left": f"the disk is full; free some room {_WHOLE}",
    "Disk quota exceeded": f"your share of the disk is full; free some room {_WHOLE}",
    "File too large": "may not grow as the load needs, for the size of files is "
    f"limited; raise that limit (ulimit -f) {_WHOLE}",
    "not a valid DuckDB database file": _DAMAGED,
    "Could not read enough bytes": _DAMAGED,
    "Corrupt database file": _DAMAGED,
    "replaying WAL": _DAMAGED,
    "Could not fsync": "is no regular file; set [WAREHOUSE] PATH to one.",
    "Is a directory": "is a folder; set [WAREHOUSE] PATH to a file.",
    "No such file or directory": "its folder does not exist; "
    "make it, or set [WAREHOUSE] PATH.",
    "Permission denied": "may not be opened; grant the right to read and write it.",
    "Read-only file system": "lies on a read-only disk; set [WAREHOUSE] PATH.",
}
_HOLDER = re.compile(r"\(PID (\d+)\)")


class DuckDB:
    """The engine contract on DuckDB."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.path
        self._lock_wait = settings.lock_wait
        self._config = limits(settings)
        self._reader = Reader(self._run)
        self._connection: duckdb.DuckDBPyConnection | None = None

    @contextmanager
    def session(
        self, *, read_only: bool = False, sealed: bool = False
    ) -> Iterator[None]:
        """See Engine."""
        self._connection = self._connect(read_only, sealed)
        try:
            yield
        finally:
            connection, self._connection = self._connection, None
            connection.close()

    def transaction(self) -> AbstractContextManager[None]:
        """See Engine."""
        return committing(self.execute)

    def lock(self, table: Table) -> None:
        """See Engine: the file is the lock, and `session` has it."""

    def holders(self, table: Table) -> list[str]:  # noqa: ARG002  # of the contract
        """See Engine: nobody, as we have it open."""
        return []

    def execute(self, sql: str, parameters: Parameters | None = None) -> int:
        """See Engine."""
        return sum(int(str(rows)) for (rows,) in self._run(sql, parameters))

    def query(
        self,
        sql: str,
        parameters: Parameters | None = None,
        *,
        limit: int | None = None,
    ) -> list[Row]:
        """See Engine."""
        if limit is not None:
            sql = f"{sql}\nlimit {limit:d}"
        return self._run(sql, parameters)

    def columns(self, schemas: Sequence[str]) -> dict[str, list[str]]:
        """See Engine."""
        rows = self.query(
            """
            select
                schema_name || '.' || table_name,
                list(column_name order by column_index)
            from duckdb_columns()
            where list_contains(:schemas, schema_name)
            group by all
            """,
            {"schemas": list(schemas)},
        )
        return {str(name): list(columns) for name, columns in rows}  # type: ignore[call-overload]  # the driver's rows are untyped

    @staticmethod
    def ddl(table: Table) -> Iterator[str]:
        """See Engine; nothing physical is chosen."""
        yield from table.create

    def create_table(self, table: Table) -> None:
        """See Engine."""
        self.execute(f"create schema if not exists {table.schema}")
        for statement in self.ddl(table):
            self.execute(statement)

    def reads(self, file: SourceFile) -> bool:  # noqa: ARG002  # of the contract
        """See Engine: no object of a store."""
        return False

    def copy(
        self, table: Table, inputs: Sequence[Input], load_id: int, rejects: Table
    ) -> tuple[int, list[Input]]:
        """See Engine."""
        strict = inputs[0].strict
        try:
            self._reader.show(table, inputs, texts_are_judged=strict)
            accepted = self._insert(
                table, self._reader.accepted(table, load_id, trimmed=strict)
            )
        except WarehouseError as error:
            if not strict and is_unreadable(error):
                raise InputRefusedError from None
            raise
        if strict:
            self._insert(rejects, self._reader.rejected(table, load_id))
        elif accepted != sum(each.lines for each in inputs) or not self._takes_texts(
            table, load_id
        ):
            raise InputRefusedError
        return accepted, list(inputs)

    def suspects(self, table: Table, inputs: Sequence[Input]) -> list[Input]:
        """See Engine."""
        return self._reader.suspects(table, inputs)

    def unknown_keys(
        self, table: Table, inputs: Sequence[Input]
    ) -> list[tuple[str, int, str]]:
        """See Engine."""
        return self._reader.unknown_keys(table, inputs)

    def _takes_texts(self, table: Table, load_id: int) -> bool:
        """Whether no text of a load is a bad one; blanks at their ends are removed.

        DuckDB keeps columns as dictionaries: here it looks at a text once, not once a
        record, for an eighth of the price.
        """
        texts = [column.name for column in table.columns if column.width]
        blanks = " or ".join(f"{name} like '% '" for name in texts)
        rows = f"load_id = {load_id:d}"
        [(is_bad, has_blanks)] = self.query(
            f"select bool_or({bad_text(table.columns)}), bool_or({blanks}) "
            f"from {table.full_name} where {rows}"
        )
        if has_blanks and not is_bad:
            for name in texts:
                self.execute(
                    f"update {table.full_name} set {name} = rtrim({name}, ' ') "
                    f"where {rows} and {name} like '% '"
                )
        return not is_bad

    def filled(self, table: Table) -> None:
        """See Engine; nothing is made of the rows."""

    def append(self, table: Table, rows: Iterable[Sequence[object]]) -> int:
        """See Engine."""
        # Imported here: where nothing is new, nothing is appended.
        from arro3.core import Table as Arrow

        assert self._connection, "a statement outside a session"
        names = [column.name for column in table.columns]
        rest = iter(rows)
        appended = 0
        # As columns of Arrow; lists of values and executemany are far slower here.
        while chunk := list(islice(rest, _APPEND_ROWS)):
            arrays = map(_array, table.columns, zip(*chunk, strict=True))
            shown = Arrow.from_arrays(list(arrays), names=names)
            self._connection.register("appended", shown)
            try:
                appended += self._insert(table, "select * from appended")
            finally:
                with suppress(duckdb.Error):  # a transaction that failed takes nothing
                    self._connection.unregister("appended")
        return appended

    def save(self, select: str, path: Path, format_: str) -> int:
        """See Engine."""
        return self.execute(copy_statement(select, path, format_))

    def _insert(self, table: Table, select: str) -> int:
        """Insert the rows of a select that names the columns it has; their number."""
        names = ", ".join(column.name for column in table.columns)
        return self.execute(f"insert into {table.full_name} ({names}) {select}")

    def _connect(self, read_only: bool, sealed: bool) -> duckdb.DuckDBPyConnection:
        deadline = time.monotonic() + self._lock_wait
        config = self._config | (_SEALED if sealed else {})
        while True:
            try:
                return duckdb.connect(
                    str(self._path), read_only=read_only, config=config
                )
            except duckdb.Error as error:
                failure = self._translate(error)
                if (
                    not isinstance(failure, WarehouseBusy)
                    or time.monotonic() >= deadline
                ):
                    raise failure from None
            time.sleep(_RETRY_SECONDS)

    def _run(self, sql: str, parameters: Parameters | None) -> list[Row]:
        """Every statement passes here; a change returns its number of rows."""
        assert self._connection, "a statement outside a session"
        try:
            return rows_of(self._connection, sql, parameters)
        except duckdb.Error as error:
            raise self._translate(error) from error

    def _translate(self, error: duckdb.Error) -> SparkifyError:
        message = str(error).splitlines()[0]
        if "Could not set lock on file" in message:
            holder = _HOLDER.search(message)
            who = f"process {holder[1]}" if holder else "another process"
            return WarehouseBusy(
                f"{self._path}: {who} has it open; try again when it has ended."
            )
        if "different configuration" in message:
            return WarehouseBusy(
                f"{self._path}: this process has it open; try again when it has ended."
            )
        if isinstance(error, duckdb.ConnectionException):
            return TransientError(f"{self._path}: the connection is lost; run again.")
        return explain(error, self._path, _MEANINGS)


def _array(column: Column, values: Iterable[object]) -> Array:
    """The values of a column; what Arrow is not told here, DuckDB reads from text."""
    from arro3.core import Array, DataType

    types = {
        "bigint": DataType.int64(),
        "boolean": DataType.bool(),
        "double precision": DataType.float64(),
        "integer": DataType.int32(),
    }
    if type_ := types.get(column.type):
        return Array(list(values), type_)
    if not column.width:
        values = [None if value is None else str(value) for value in values]
    return Array(list(values), DataType.string())
