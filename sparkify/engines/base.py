"""What every engine does, on one screen. An engine knows no table of the star."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Protocol

from sparkify.config import Settings
from sparkify.errors import SparkifyError
from sparkify.models import Column, Table
from sparkify.sources.files import Input, SourceFile

Parameters = Mapping[str, object]
Row = tuple[object, ...]

_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)\b")


class InputRefusedError(Exception):
    """The engine's own reader cannot take an input whole; the strict reader has to."""


class Engine(Protocol):
    """A warehouse. Every verb raises SparkifyError for what can be expected."""

    def __init__(self, settings: Settings) -> None: ...

    def session(
        self, *, read_only: bool = False, sealed: bool = False
    ) -> AbstractContextManager[None]:
        """Open the warehouse for the block; `read_only`, as it is at one moment.

        `sealed`: whatever a statement says, no file but the warehouse's is touched.
        """

    def transaction(self) -> AbstractContextManager[None]:
        """Commit at the end of the block; roll back on every other way out of it."""

    def lock(self, table: Table) -> None:
        """Hold off others that lock it until the transaction ends; its first statement.

        Raises WarehouseBusy when they have not ended within LOCK_WAIT.
        """

    def holders(self, table: Table) -> list[str]:
        """Who has locked it: each a session of the server, in words."""

    def execute(self, sql: str, parameters: Parameters | None = None) -> int:
        """Run one statement with `:name` parameters; the number of rows it changed."""

    def query(
        self,
        sql: str,
        parameters: Parameters | None = None,
        *,
        limit: int | None = None,
    ) -> list[Row]:
        """The rows of a select, at most `limit` of them, whichever these are."""

    def columns(self, schemas: Sequence[str]) -> dict[str, list[str]]:
        """By schema.table, the names of the columns there are in the warehouse."""

    @staticmethod
    def ddl(table: Table) -> Iterator[str]:
        """The statements that create a table, with its physical attributes."""

    def create_table(self, table: Table) -> None:
        """Create the table, its comments and its physical attributes, if missing."""

    def reads(self, file: SourceFile) -> bool:
        """Whether it reads a file of a store where that lies; else it is given bytes.

        Asked before anything is read: raises ConfigError for what it can never copy.
        """

    def copy(
        self, table: Table, inputs: Sequence[Input], load_id: int, rejects: Table
    ) -> tuple[int, list[Input]]:
        """Load inputs, all plain or all strict, into a staging table.

        Returns the number of accepted records, and the inputs with their records
        counted. The others of strict inputs go to `rejects`; raises InputRefusedError
        when a plain input has anything but one acceptable record a line.
        """

    def suspects(self, table: Table, inputs: Sequence[Input]) -> list[Input]:
        """The plain inputs that `copy` refuses. Call it outside a transaction."""

    def unknown_keys(
        self, table: Table, inputs: Sequence[Input]
    ) -> list[tuple[str, int, str]]:
        """Keys that no column takes: name, number of records, one value as JSON."""

    def filled(self, table: Table) -> None:
        """Told after statements that add rows; `copy` and `append` know themselves."""

    def append(self, table: Table, rows: Iterable[Sequence[object]]) -> int:
        """Add rows of the client, in the table's order of columns; their number."""

    def save(self, select: str, path: Path, format_: str) -> int:
        """Write the rows of a select to a file, as parquet or csv; their number."""


def bind(sql: str, parameters: Parameters, style: str) -> tuple[str, dict[str, object]]:
    """`sql` with `:name` in the driver's style, such as `$%s`, and what it uses."""
    names = parameters_of(sql)
    bound = _PARAMETER.sub(lambda found: style.replace("%s", found[1]), sql)
    return bound, {name: parameters[name] for name in names}


def kept(column: Column) -> str:
    """What a column keeps of a value that is text still: an expression of its name.

    To Redshift `Ana ` equals `Ana`: which of them a query finds would be chance. So no
    engine keeps blanks at the end of a text.
    """
    name = column.name
    if column.width:
        # Looked for first: to trim every text costs DuckDB far more.
        value = f"case when {name} like '% ' then rtrim({name}, ' ') else {name} end"
    else:
        value = f"cast(nullif({name}, '') as {column.type})"
    return f"{value} as {name}"


def parameters_of(sql: str) -> set[str]:
    """The names of the `:name` parameters of a statement."""
    return set(_PARAMETER.findall(sql))


@contextmanager
def committing(execute: Callable[[str], object]) -> Iterator[None]:
    """Commit at the end of the block; roll back on every other way out of it."""
    execute("begin transaction")
    try:
        yield
        execute("commit")
    except BaseException:
        # An error, or a commit that failed, may have ended the transaction.
        with suppress(SparkifyError):
            execute("rollback")
        raise
