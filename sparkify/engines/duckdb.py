"""DuckDB, embedded: a file that one process at a time may open for writing."""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice

import duckdb

from sparkify.config import Settings
from sparkify.engines.base import InputRefusedError, Parameters, Row, bind
from sparkify.errors import (
    SparkifyError,
    TransientError,
    WarehouseBusy,
    WarehouseError,
)
from sparkify.models import Column, Table
from sparkify.sources.files import MAX_RECORD_BYTES, Input

_RETRY_SECONDS = 0.1
_APPEND_ROWS = 10_000
_FOUND_TYPES = {
    "uri": "varchar",
    "position": "bigint",
    "line": "bigint",
    "raw_record": "varchar",
    "raw_bytes": "bigint",
}
_FOUND = ", ".join(_FOUND_TYPES)
_MEANINGS = {
    "database does not exist": "no warehouse is there; "
    "run `python create_tables.py` first.",
    "not a valid DuckDB database file": "is not a DuckDB database, or a damaged one; "
    "restore it, or set [WAREHOUSE] PATH to another file.",
    "was written with a storage version": "was written by a newer DuckDB; "
    "upgrade the package duckdb.",
    "No space left": "the disk is full; free some room and run again. "
    "The warehouse is as it was.",
    "Out of Memory": "the load needs more memory; raise [LOAD] MEMORY_LIMIT, "
    "or lower BATCH_BYTES.",
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
        self._config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{settings.memory_limit}B",
            "preserve_insertion_order": False,
            # Nothing is fetched from anywhere behind the user's back.
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        self._connection: duckdb.DuckDBPyConnection | None = None

    @contextmanager
    def session(self, *, read_only: bool = False) -> Iterator[None]:
        """See Engine."""
        self._connection = self._connect(read_only)
        try:
            yield
        finally:
            connection, self._connection = self._connection, None
            connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See Engine."""
        self.execute("begin transaction")
        try:
            yield
            self.execute("commit")
        except BaseException:
            # An error, or a commit that failed, may have ended the transaction.
            with suppress(SparkifyError):
                self.execute("rollback")
            raise

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
        return self._run(sql, parameters, limit)

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

    def create_table(self, table: Table) -> None:
        """See Engine."""
        self.execute(f"create schema if not exists {table.schema}")
        for statement in table.create:
            self.execute(statement)

    def copy(
        self, table: Table, inputs: Sequence[Input], load_id: int, rejects: Table
    ) -> int:
        """See Engine."""
        names = ", ".join(column.name for column in table.columns[:-1])
        values = ", ".join(_typed(column) for column in table.columns[:-1])
        strict = inputs[0].strict
        try:
            self._show_incoming(table, inputs)
            accepted = self.execute(
                f"insert into {table.full_name} ({names}, load_id) "
                f"select {values}, {load_id:d} from ({table.judge}) as judged "
                "where reason is null"
            )
        except WarehouseError as error:
            if not strict and _is_unreadable(error):
                raise InputRefusedError from None
            raise
        if strict:
            self.execute(
                f"insert into {rejects.full_name} (load_id, dataset, {_FOUND}, reason) "
                f"select {load_id:d}, '{table.name}', {_FOUND}, reason "
                f"from ({table.judge}) as judged where reason is not null"
            )
        elif accepted != sum(each.lines for each in inputs):
            raise InputRefusedError
        return accepted

    def suspects(self, table: Table, inputs: Sequence[Input]) -> list[Input]:
        """See Engine."""
        return [each for each in inputs if self._is_suspect(table, each)]

    def unknown_keys(
        self, table: Table, inputs: Sequence[Input]
    ) -> list[tuple[str, int, str]]:
        """See Engine."""
        record = "$.record" if inputs[0].strict else "$"
        lines = (
            "read_csv(:paths, header = false, delim = '\x01', quote = '', escape = '', "
            f"auto_detect = false, max_line_size = {4 * MAX_RECORD_BYTES}, "
            "columns = {'line': 'varchar'})"
        )
        paths = {"paths": [each.path for each in inputs]}
        found: dict[str, int] = {}
        for keys, records in self.query(
            f"select json_keys(line, '{record}'), count(*) from {lines} group by all",
            paths,
        ):
            for key in set(keys or ()) - set(table.json_keys):  # type: ignore[call-overload]  # the driver's rows are untyped
                found[key] = found.get(key, 0) + int(str(records))
        return [
            (key, records, self._example(f"{record}.{json.dumps(key)}", lines, paths))
            for key, records in sorted(found.items())
        ]

    def append(self, table: Table, rows: Iterable[Sequence[object]]) -> int:
        """See Engine."""
        names = [column.name for column in table.columns]
        columns = ", ".join(f"'{c.name}': '{c.type}'" for c in table.columns)
        objects = (dict(zip(names, row, strict=True)) for row in rows)
        # A list of values is 20 times slower here than a file, executemany 100 times.
        with tempfile.NamedTemporaryFile(
            "w", prefix="sparkify-", suffix=".json", encoding="utf-8"
        ) as file:
            begin = "["
            while chunk := list(islice(objects, _APPEND_ROWS)):
                file.write(begin + json.dumps(chunk, default=str)[1:-1])
                begin = ","
            if begin == "[":
                return 0
            file.write("]")
            file.flush()
            return self.execute(
                f"insert into {table.full_name} ({', '.join(names)}) "
                f"select {', '.join(names)} from read_json(:path, "
                f"format = 'array', columns = {{{columns}}})",
                {"path": file.name},
            )

    def _example(self, key: str, lines: str, paths: Parameters) -> str:
        """The least value at a JSON path, as JSON."""
        rows = self.query(
            f"select min(left(json_extract(line, :key), 1024)) from {lines}",
            {**paths, "key": key},
        )
        return str(rows[0][0])

    def _connect(self, read_only: bool) -> duckdb.DuckDBPyConnection:
        deadline = time.monotonic() + self._lock_wait
        while True:
            try:
                return duckdb.connect(
                    str(self._path), read_only=read_only, config=self._config
                )
            except duckdb.Error as error:
                failure = self._translate(error)
                if (
                    not isinstance(failure, WarehouseBusy)
                    or time.monotonic() >= deadline
                ):
                    raise failure from None
            time.sleep(_RETRY_SECONDS)

    def _run(
        self, sql: str, parameters: Parameters | None, limit: int | None = None
    ) -> list[Row]:
        """Every statement passes here; a change returns its number of rows."""
        assert self._connection, "a statement outside a session"
        text, used = bind(sql, parameters or {}, "$%s")
        try:
            # Rows are made while they are fetched, so that fails as well.
            result = self._connection.execute(text, used or None)
            return result.fetchall() if limit is None else result.fetchmany(limit)
        except duckdb.Error as error:
            raise self._translate(error) from error
        except RuntimeError as error:
            if "interrupted" in str(error):  # so DuckDB tells that Ctrl-C came
                raise KeyboardInterrupt from None
            raise

    def _translate(self, error: duckdb.Error) -> SparkifyError:
        message = str(error).splitlines()[0]
        if "Could not set lock on file" in message:
            holder = _HOLDER.search(message)
            who = f"process {holder[1]}" if holder else "another process"
            return WarehouseBusy(
                f"{self._path}: {who} has it open; try again when it has ended."
            )
        if isinstance(error, duckdb.ConnectionException):
            return TransientError(f"{self._path}: the connection is lost; run again.")
        for sign, meaning in _MEANINGS.items():
            if sign in message:
                return WarehouseError(f"{self._path}: {meaning}")
        return WarehouseError(f"{self._path}: {message}")

    def _is_suspect(self, table: Table, each: Input) -> bool:
        try:
            self._show_incoming(table, [each])
            rows = self.query(
                f"select count(*) from ({table.judge}) as judged where reason is null"
            )
        except WarehouseError as error:
            if _is_unreadable(error):
                return True
            raise
        return rows != [(each.lines,)]

    def _show_incoming(self, table: Table, inputs: Sequence[Input]) -> None:
        """Make `incoming`: the records of the inputs, each value as text."""
        columns = table.columns[:-1]
        keys = dict.fromkeys(table.json_keys, "varchar")
        if inputs[0].strict:
            fields = ", ".join(f'"{key}" {type_}' for key, type_ in keys.items())
            keys = {**_FOUND_TYPES, "reason": "varchar", "record": f"struct({fields})"}
            value, found, unread = 'record."%s" as %s', _FOUND, "reason"
        else:
            value, unread = '"%s" as %s', "cast(null as varchar)"
            found = ", ".join(
                f"cast(null as {t}) as {n}" for n, t in _FOUND_TYPES.items()
            )
        values = ", ".join(
            value % (key, column.name)
            for key, column in zip(table.json_keys, columns, strict=True)
        )
        json_columns = ", ".join(f"'{key}': '{type_}'" for key, type_ in keys.items())
        self.execute(
            "set variable inputs = :paths", {"paths": [i.path for i in inputs]}
        )
        self.execute(
            "create or replace temp view incoming as "
            f"select *, coalesce(unread, {_bad_text(columns)}) as bad_text from ("
            f"select {values}, {found}, {unread} as unread "
            "from read_json(getvariable('inputs'), format = 'newline_delimited', "
            f"columns = {{{json_columns}}}, "
            f"maximum_object_size = {4 * MAX_RECORD_BYTES}))"
        )


def _typed(column: Column) -> str:
    if column.width:
        return column.name
    return f"cast(nullif({column.name}, '') as {column.type})"


def _bad_text(columns: Sequence[Column]) -> str:
    """The first text of a record that is over its width or holds a NUL.

    PostgreSQL and Redshift can store neither.
    """
    texts = [column for column in columns if column.width]
    cases = " ".join(
        f"when strlen({column.name}) > {column.width} then '{column.name}: too long' "
        f"when contains({column.name}, chr(0)) then '{column.name}: NUL'"
        for column in texts
    )
    # One look at all texts together is cheaper, and nearly always enough.
    bytes_in_all = " + ".join(f"coalesce(strlen({c.name}), 0)" for c in texts)
    no_nul = " and ".join(
        f"({c.name} is null or not contains({c.name}, chr(0)))" for c in texts
    )
    narrow = min(column.width or 0 for column in texts)
    return f"case when {bytes_in_all} <= {narrow} and {no_nul} then null {cases} end"


def _is_unreadable(error: WarehouseError) -> bool:
    return isinstance(error.__cause__, duckdb.InvalidInputException)
