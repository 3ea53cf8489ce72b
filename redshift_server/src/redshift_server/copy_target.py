"""The table that a COPY loads, and the columns it fills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from redshift_server.copy_options import CopyCommand
from redshift_server.copy_values import Column
from redshift_server.dml import WRITE_LOCK
from redshift_server.errors import RedshiftError
from redshift_server.stream import literal

if TYPE_CHECKING:
    from redshift_server.session import Session

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
    """A table, the transaction that loads it, and the columns that are loaded."""

    oid: int
    transaction: int
    columns: list[Column]
    # Has an IDENTITY column that numbers the rows.
    numbered: bool


async def inspect(session: Session, command: CopyCommand) -> Target:
    """Look the table up and refuse one that cannot be loaded."""
    backend, table = session.backend, command.table
    if session.context.translator.options.serializable:
        await backend.execute(WRITE_LOCK.format(table))
    try:
        rows = (await backend.execute(_COLUMNS.format(table=literal(table)))).rows
    except RedshiftError as problem:
        if problem.sqlstate != "42P01":
            raise
        raise RedshiftError(
            "42P01", f"Cannot COPY into nonexistent table {table.strip(chr(34))}"
        ) from problem
    if not rows or rows[0][8] not in ("r", "p"):
        raise RedshiftError("42809", f"cannot copy to non-table relation {table}")
    if rows[0][6] != "t":
        raise RedshiftError("42501", f"permission denied for relation {table}")
    if command.owner_needed and rows[0][7] != "t":
        raise RedshiftError("42501", f"must be owner of relation {table}")
    columns = [_column(row) for row in rows]
    chosen = _choose(columns, command)
    numbered = any(column.identity and column not in chosen for column in columns)
    return Target(int(rows[0][5] or 0), int(rows[0][9] or 0), chosen, numbered)


def _choose(columns: list[Column], command: CopyCommand) -> list[Column]:
    if command.columns is None:
        return [
            column for column in columns if not column.identity or command.explicit_ids
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
