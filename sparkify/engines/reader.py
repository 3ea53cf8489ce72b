"""Reads inputs by DuckDB, for every engine that takes rows from this machine.

What is accepted is then the same: one reader, and the verdict of the table's judge.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

import duckdb

from sparkify.config import Settings
from sparkify.engines.base import Parameters, Row, bind, kept
from sparkify.errors import WarehouseError
from sparkify.models import Column, Table
from sparkify.sources.files import MAX_RECORD_BYTES, Input

Run = Callable[[str, Parameters | None], list[Row]]

MEANINGS = {
    "Out of Memory": "the load needs more memory; raise [LOAD] MEMORY_LIMIT, "
    "or lower BATCH_BYTES.",
    "Memory value out of range": "no machine has as much memory; "
    "lower [LOAD] MEMORY_LIMIT.",
    "Too many open files": "too many files are open at once; "
    "raise that limit (ulimit -n) and run again.",
}
_KEY_CHARACTERS = 256  # in bytes no more than a column of 1,024 holds
_FOUND_TYPES = {
    "uri": "varchar",
    "position": "bigint",
    "line": "bigint",
    "raw_record": "varchar",
    "raw_bytes": "bigint",
}
_FOUND = ", ".join(_FOUND_TYPES)


class Reader:
    """The records of inputs, each judged. `run` runs a statement of DuckDB."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def show(
        self, table: Table, inputs: Sequence[Input], *, texts_are_judged: bool = True
    ) -> None:
        """Make `incoming`: the records of the inputs, each value as text.

        Without `texts_are_judged` whoever shows them looks for a `bad_text` later.
        """
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
        fault = "unread"
        if texts_are_judged:
            fault = f"coalesce(unread, {_bad_text(columns)})"
        self._run("set variable inputs = :paths", {"paths": [i.path for i in inputs]})
        self._run(
            "create or replace temp view incoming as "
            f"select *, {fault} as bad_text from ("
            f"select {values}, {found}, {unread} as unread "
            "from read_json(getvariable('inputs'), format = 'newline_delimited', "
            f"columns = {{{json_columns}}}, "
            f"maximum_object_size = {4 * MAX_RECORD_BYTES}))",
            None,
        )

    def accepted(self, table: Table, load_id: int, *, trimmed: bool = True) -> str:
        """The select of what `show` shows and can be accepted: rows of the table."""
        values = ", ".join(_value(column, trimmed) for column in table.columns[:-1])
        return (
            f"select {values}, {load_id:d} as load_id "
            f"from ({table.judge}) as judged where reason is null"
        )

    def rejected(self, table: Table, load_id: int) -> str:
        """The select of the others: rows of the quarantine, in its order of columns."""
        return (
            f"select {load_id:d} as load_id, '{table.name}' as dataset, "
            "uri, position, line, reason, raw_record, raw_bytes "
            f"from ({table.judge}) as judged where reason is not null"
        )

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
        full: dict[str, str] = {}
        for keys, records in self._run(
            f"select json_keys(line, '{record}'), count(*) from {lines} group by all",
            paths,
        ):
            for key in set(keys or ()) - set(table.json_keys):  # type: ignore[call-overload]  # the driver's rows are untyped
                name = key[:_KEY_CHARACTERS].replace("\0", "\ufffd")
                found[name] = found.get(name, 0) + int(str(records))
                full[name] = min(key, full.get(name, key))
        return [
            (name, records, self._example(record, full[name], lines, paths))
            for name, records in sorted(found.items())
        ]

    def _example(self, record: str, key: str, lines: str, paths: Parameters) -> str:
        """The least value of a key, as JSON."""
        rows = self._run(
            f"select min(left(json_extract(line, :key), 1024)) from {lines}",
            {**paths, "key": f"{record}.{json.dumps(key)}"},
        )
        return str(rows[0][0])

    def _is_suspect(self, table: Table, each: Input) -> bool:
        try:
            self.show(table, [each])
            rows = self._run(
                f"select count(*) from ({table.judge}) as judged where reason is null",
                None,
            )
        except WarehouseError as error:
            if is_unreadable(error):
                return True
            raise
        return rows != [(each.lines,)]


class MemoryReader(Reader):
    """A reader with a DuckDB of its own, in memory."""

    def __init__(self, settings: Settings) -> None:
        self._connection = duckdb.connect(
            config=limits(settings) | {"temp_directory": ""}
        )
        self._name = settings.warehouse
        super().__init__(self.run)

    def run(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        """Run one statement with `:name` parameters; its rows."""
        try:
            return rows_of(self._connection, sql, parameters)
        except duckdb.Error as error:
            raise explain(error, self._name, MEANINGS) from error

    def interrupt(self) -> None:
        """Stop the statement that another thread runs."""
        self._connection.interrupt()

    def close(self) -> None:
        """Give back the memory."""
        self._connection.close()


def rows_of(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    parameters: Parameters | None,
) -> list[Row]:
    """The rows of one statement with `:name` parameters; a change has their number."""
    text, used = bind(sql, parameters or {}, "$%s")
    try:
        # Rows are made while they are fetched, so that fails as well.
        return connection.execute(text, used or None).fetchall()
    except RuntimeError as error:
        if "interrupted" in str(error):  # so DuckDB tells that Ctrl-C came
            raise KeyboardInterrupt from None
        raise


def limits(settings: Settings) -> dict[str, str | bool | int | float | list[str]]:
    """How every DuckDB of ours is configured."""
    return {
        "memory_limit": f"{settings.memory_limit}B",
        "preserve_insertion_order": False,
        # What a statement frees goes back to the system at once: a large one would keep
        # up to 512 MiB above the limit.
        "allocator_bulk_deallocation_flush_threshold": "32MB",
        # Nothing is fetched from anywhere behind the user's back.
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }


def explain(
    error: duckdb.Error, place: object, meanings: Mapping[str, str]
) -> WarehouseError:
    """The error as a sentence: that of the sign in its text, or the text."""
    message = str(error)
    for sign, meaning in meanings.items():
        if sign in message:
            return WarehouseError(f"{place}: {meaning}")
    return WarehouseError(f"{place}: {message.splitlines()[0]}")


def is_unreadable(error: WarehouseError) -> bool:
    """Whether DuckDB failed since an input is not one JSON object a line."""
    return isinstance(error.__cause__, duckdb.InvalidInputException)


def bad_text(columns: Sequence[Column]) -> str:
    """The condition of a row with a text that no engine could hold."""
    faults = (condition for text in _texts(columns) for condition in _faults(text))
    return " or ".join(faults)


def _bad_text(columns: Sequence[Column]) -> str:
    """What is wrong with the first such text of a record."""
    cases = " ".join(
        f"when {condition} then '{text.name}: {fault}'"
        for text in _texts(columns)
        for condition, fault in _faults(text).items()
    )
    # One look at all texts together is cheaper, and nearly always enough.
    together = f"concat({', '.join(text.name for text in _texts(columns))})"
    narrow = min(text.width or 0 for text in _texts(columns))
    return (
        f"case when strlen({together}) <= {narrow} "
        f"and not contains({together}, chr(0)) then null {cases} end"
    )


def _value(column: Column, trimmed: bool) -> str:
    if not column.width:
        # An empty text is no number; what else is none was judged.
        return f"try_cast({column.name} as {column.type}) as {column.name}"
    return kept(column) if trimmed else column.name


def _texts(columns: Sequence[Column]) -> Iterator[Column]:
    return (column for column in columns if column.width)


def _faults(text: Column) -> dict[str, str]:
    """What PostgreSQL and Redshift can store neither, by condition."""
    return {
        f"strlen({text.name}) > {text.width}": "too long",
        f"contains({text.name}, chr(0))": "NUL",
    }
