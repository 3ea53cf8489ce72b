"""Creates the tables, and compares them with what is in the warehouse."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sparkify.engines.base import Engine
from sparkify.errors import SchemaDiffers
from sparkify.models import Models, Table

Ddl = Callable[[Table], Iterator[str]]


def create(
    engine: Engine, models: Models, *, readers: str = "", reset: bool = False
) -> list[str]:
    """Create what is missing; the names of the new tables.

    `readers` may read the star from then on. `reset` drops everything first. Raises
    SchemaDiffers for a table of ours that has other columns, as an older pipeline's
    would have.
    """
    lock = models.table("control.lock")
    missing = models.tables
    if not reset:
        missing = _missing(engine, models)
        if not missing and not readers:
            return []
    if lock in missing:
        # First and on its own: it holds off others that create.
        engine.create_table(lock)
    with engine.transaction():
        engine.lock(lock)
        if reset:
            drop(engine, models)
        for table in _missing(engine, models):
            engine.create_table(table)
        for statement in grants(models, readers):
            engine.execute(statement)
    return [table.full_name for table in missing]


def statements(models: Models, ddl: Ddl, readers: str) -> Iterator[str]:
    """All that creates an empty warehouse; `ddl` gives what creates a table."""
    for schema in models.schemas:
        yield f"create schema if not exists {schema}"
    for table in models.tables:
        yield from ddl(table)
    yield from grants(models, readers)


def grants(models: Models, readers: str) -> Iterator[str]:
    """The statements that let `readers` read star and report; none for nobody."""
    if readers:
        star = f"{models.prefix}analytics"
        yield f"grant usage on schema {star} to {readers}"
        yield f"grant select on all tables in schema {star} to {readers}"
        # what a report tells of loads: their files and counts, no record of them
        yield f"grant usage on schema {models.prefix}control to {readers}"
        for name in ("loads", "load_files"):
            yield f"grant select on {models.prefix}control.{name} to {readers}"


def drop(engine: Engine, models: Models) -> None:
    """Drop all tables of ours."""
    for table in reversed(models.tables):
        engine.execute(f"drop table if exists {table.full_name}")


def empty_star(engine: Engine, models: Models) -> None:
    """Delete every row of the star."""
    for table in reversed(models.tables):
        if table.schema == models.prefix + "analytics":
            engine.execute(f"delete from {table.full_name}")


def verify(engine: Engine, models: Models) -> None:
    """Raise SchemaDiffers when a table is missing or has other columns."""
    missing = _missing(engine, models)
    if missing:
        raise SchemaDiffers(
            f"Table {missing[0].full_name} is missing; "
            "run `sparkify create-tables` first."
        )


def _missing(engine: Engine, models: Models) -> tuple[Table, ...]:
    """The tables that are not there; raises SchemaDiffers for one that is another."""
    existing = engine.columns(models.schemas)
    for table in models.tables:
        wanted = [column.name for column in table.columns]
        found = existing.get(table.full_name, wanted)
        if sorted(found) != sorted(wanted):
            raise SchemaDiffers(
                f"Table {table.full_name} is not ours: "
                f"{'; '.join(_differ(wanted, found))}. "
                "Rename or drop it, or set [WAREHOUSE] SCHEMA_PREFIX to keep both."
            )
    return tuple(t for t in models.tables if t.full_name not in existing)


def _differ(wanted: list[str], found: list[str]) -> Iterator[str]:
    if missing := [name for name in wanted if name not in found]:
        yield f"it lacks {', '.join(missing)}"
    if extra := [name for name in found if name not in wanted]:
        yield f"it has {', '.join(extra)}"
