"""PostgreSQL: rows are streamed through COPY FROM STDIN, read by DuckDB."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from sparkify.engines.base import InputRefusedError, Parameters, Row
from sparkify.engines.libpq import Libpq
from sparkify.engines.reader import MemoryReader, is_unreadable
from sparkify.engines.streams import Csv, Lines, Stream
from sparkify.errors import WarehouseError
from sparkify.models import Table
from sparkify.sources.files import Input, SourceFile

OLDEST = 15
# What the server takes for its buffers of temporary tables, in kB: the least there may
# be, and more than a load of the usual size fills.
_LEAST_HELD = 800
_MOST_HELD = 1024 * 1024
# Fewer rows than this cannot lead the planner far astray.
_MANY = 1000

_TEXT = re.compile(r"varchar\(\d+\)")
_WORK_TABLE = re.compile(r"create temp table (\w+) as\b")
_FILLED = re.compile(r"insert into ([\w.]+)")


class Postgres(Libpq):
    """The engine contract on PostgreSQL."""

    # Whoever only reads, such as a dump, neither waits for it nor holds it off.
    lock_mode = " in exclusive mode"

    def _set_up(self) -> None:
        assert self._connection
        if self._connection.server_version < OLDEST * 10_000:
            raise self._error((WarehouseError, f"is older than {OLDEST}."), "")
        if self._connection.get_parameter_status("server_encoding") != "UTF8":
            raise self._error(
                (WarehouseError, "cannot hold all text; make it with encoding UTF8."),
                "",
            )
        wait = max(round(self._settings.lock_wait * 1000), 1)
        limit = round(self._settings.statement_timeout * 1000)
        # Work tables are read again and again; beyond 8 MB, as built in, from files.
        held = min(max(self._settings.memory_limit // 1024, _LEAST_HELD), _MOST_HELD)
        self._run(
            "set timezone to 'UTC'; "
            f"set lock_timeout to {wait}; set statement_timeout to {limit}; "
            f"set temp_buffers to '{held}kB'; "
            # A machine that vanishes must not hold the lock for hours.
            "set tcp_keepalives_idle to 30; set tcp_keepalives_interval to 10; "
            "set tcp_keepalives_count to 6; "
            "select set_config('client_connection_check_interval', '5s', false) "
            "where version() !~ 'Visual C|msvc|mingw'"  # which cannot tell
        )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See Engine."""
        with super().transaction():
            # Half a million plays are looked up one by one, and what is remembered of
            # each is of no use, where a hash join costs half as much. What a parallel
            # plan needs whole, every worker makes for itself: thrice the price. To
            # compile a statement takes longer than its machine code saves.
            self._run(
                "set local enable_memoize to off; set local jit to off; "
                "set local max_parallel_workers_per_gather to 0"
            )
            yield

    @staticmethod
    def ddl(table: Table) -> Iterator[str]:
        """The statements that create a table: text is compared by its bytes.

        Indexes are made by the load that brings the first rows.
        """
        create, *comments = table.create
        yield _TEXT.sub(r'\g<0> collate "C"', create)
        yield from comments

    def _lockers(self, relation: int) -> list[Row]:
        return self.query(
            """
            select
                pg_locks.pid,
                coalesce(pg_stat_activity.usename, 'another user') as username,
                coalesce(pg_stat_activity.xact_start, now()) as began
            from pg_locks
            left join pg_stat_activity
                on pg_locks.pid = pg_stat_activity.pid
            where
                pg_locks.relation = :relation
                and pg_locks.granted
                and pg_locks.mode = 'ExclusiveLock'
            """,
            {"relation": relation},
        )

    def execute(self, sql: str, parameters: Parameters | None = None) -> int:
        """See Engine."""
        rows = super().execute(sql, parameters)
        made = _WORK_TABLE.search(sql)
        if made:
            # Nobody else looks at a temporary table: the planner would guess its size.
            # Told that one is empty, it plans to look so again for each row of another.
            if rows:
                self._run(f"analyze {made[1]}")
        else:
            filled = _FILLED.search(sql)
            if filled:
                self._analyze(filled[1], rows)
        return rows

    @staticmethod
    def _limited(sql: str, limit: int) -> str:
        # The planner would choose what finds the first rows soonest, such as a scan for
        # each row of another table; and a check that finds none has to look at all.
        return (
            f"with found as materialized (\n{sql}\n)\n"
            f"select * from found limit {limit:d}"
        )

    def reads(self, file: SourceFile) -> bool:  # noqa: ARG002  # of the contract
        """See Engine: no object of a store."""
        return False

    def copy(
        self, table: Table, inputs: Sequence[Input], load_id: int, rejects: Table
    ) -> tuple[int, list[Input]]:
        """See Engine."""
        strict = inputs[0].strict
        with self._reader() as reader:
            try:
                reader.show(table, inputs)
                select = reader.accepted(table, load_id)
                accepted = self._copy_in(table, Csv(reader, select))
            except WarehouseError as error:
                if not strict and is_unreadable(error):
                    raise InputRefusedError from None
                raise
            if strict:
                select = reader.rejected(table, load_id)
                self._copy_in(rejects, Csv(reader, select))
        if not strict and accepted != sum(each.lines for each in inputs):
            raise InputRefusedError
        return accepted, list(inputs)

    def suspects(self, table: Table, inputs: Sequence[Input]) -> list[Input]:
        """See Engine."""
        with self._reader() as reader:
            return reader.suspects(table, inputs)

    def unknown_keys(
        self, table: Table, inputs: Sequence[Input]
    ) -> list[tuple[str, int, str]]:
        """See Engine."""
        with self._reader() as reader:
            return reader.unknown_keys(table, inputs)

    def filled(self, table: Table) -> None:
        """See Engine: make its indexes, if missing.

        Made of the rows of a first load they cost a fifth of what they do when they are
        kept row by row. Nobody who reads waits for it.
        """
        if not table.physical.indexes:
            return
        there = self.query(
            "select indexname from pg_indexes "
            "where schemaname = :schema and tablename = :name",
            {"schema": table.schema, "name": table.name},
        )
        for columns in table.physical.indexes:
            name = f"{table.name}_{re.sub(r'[^a-z_]+', '_', columns)}"
            if (name,) not in there:
                self._run(f"create index {name} on {table.full_name} ({columns})")

    def append(self, table: Table, rows: Iterable[Sequence[object]]) -> int:
        """See Engine."""
        return self._copy_in(table, Lines(rows))

    @contextmanager
    def _reader(self) -> Iterator[MemoryReader]:
        reader = MemoryReader(self._settings)
        try:
            yield reader
        finally:
            reader.close()

    def _copy_in(self, table: Table, source: Stream) -> int:
        """Copy what a stream gives into a table; the number of rows."""
        names = ", ".join(column.name for column in table.columns)
        copy = f"copy {table.full_name} ({names}) from stdin (format {source.format})"
        with source:
            rows = self._run(copy, source=source).rowcount
        self._analyze(table.full_name, rows)
        if rows:
            self.filled(table)
        return rows

    def _analyze(self, table: str, rows: int) -> None:
        """Tell the planner of new rows: their load_id is beyond all it knows."""
        if rows >= _MANY:
            self._run(f"analyze {table}")
