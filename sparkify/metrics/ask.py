"""Asks the warehouse for metrics, within one read-only session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from sparkify import schema
from sparkify.config import Settings
from sparkify.engines import make_engine
from sparkify.engines.base import Engine, Parameters, Row
from sparkify.errors import WarehouseError
from sparkify.metrics.catalogue import Metric, find_metric
from sparkify.metrics.period import (
    Filters,
    Period,
    earlier_periods,
    find_period,
    parameters,
    stretches,
)
from sparkify.models import Models, load_models, metric, statements


def _day(value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    assert isinstance(value, date)
    return value


# Engines differ in what they return for a sum or a mean: Decimal, int or float.
_TYPES: dict[str, Callable[[object], object]] = {
    "integer": lambda value: int(str(value)),
    "number": lambda value: float(str(value)),
    "text": str,
    "date": _day,
    "timestamp": lambda value: value,
    "boolean": bool,
}


# The inserts of these shared tables run part by part.
_PARTS = {"hours": stretches, "song_history": earlier_periods}


@dataclass(frozen=True)
class Result:
    """The rows of a metric; values have the types that its columns tell."""

    metric: Metric
    rows: list[Row]

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [column.name for column in self.metric.columns]

    def select(self, *names: str) -> list[Row]:
        """The rows, of some columns alone."""
        places = [self.names.index(name) for name in names]
        return [tuple(row[place] for place in places) for row in self.rows]

    @property
    def records(self) -> list[dict[str, object]]:
        """The rows by names."""
        names = self.names
        return [dict(zip(names, row, strict=True)) for row in self.rows]


class Metrics:
    """The metrics of one set of filters. Every method raises SparkifyError."""

    def __init__(self, engine: Engine, models: Models, filters: Filters) -> None:
        self.filters = filters
        self._engine = engine
        self._models = models
        self._made: set[str] = set()
        first, last = answer(engine, models, "span").rows[0]
        assert first is None or isinstance(first, datetime)
        assert last is None or isinstance(last, datetime)
        self.period: Period = find_period(filters, first, last)
        self._parameters = parameters(filters, self.period)

    def ask(self, name: str, **which: object) -> Result:
        """The rows of a metric; `which` song or artist, where it is of one."""
        for table in find_metric(name).scope:
            self._make(table)
        bound = {**self._parameters, **which}
        return answer(self._engine, self._models, name, bound)

    def _make(self, table: str) -> None:
        if table in self._made:
            return
        create, *insert = statements(metric(f"scope/{table}", self._models.prefix))
        self._engine.execute(create, self._parameters)
        for statement in insert:
            for part in _PARTS[table](self.filters.time_zone, self.period):
                self._engine.execute(statement, {**self._parameters, **part})
        self._made.add(table)


@contextmanager
def open_metrics(
    settings: Settings, filters: Filters | None = None
) -> Iterator[Metrics]:
    """The metrics of a warehouse, which is open for the block. Raises SparkifyError.

    Whether the tables are ours is asked only when a statement fails: to list all
    columns takes longer than many a metric.
    """
    engine = make_engine(settings)
    models = load_models(settings.schema_prefix)
    try:
        with engine.session(read_only=True, sealed=True):
            yield Metrics(engine, models, filters or Filters())
    except WarehouseError:
        with engine.session(read_only=True, sealed=True):
            schema.verify(engine, models)
        raise


def answer(
    engine: Engine, models: Models, name: str, bound: Parameters | None = None
) -> Result:
    """The rows of a metric that reads no shared table, within an open session."""
    asked = find_metric(name)
    rows = engine.query(models.in_schema(asked.sql.rstrip(";")), bound)
    types = [_TYPES[column.type] for column in asked.columns]
    return Result(asked, [_typed(types, row) for row in rows])


def _typed(types: list[Callable[[object], object]], row: Row) -> Row:
    return tuple(
        None if value is None else convert(value)
        for convert, value in zip(types, row, strict=True)
    )
