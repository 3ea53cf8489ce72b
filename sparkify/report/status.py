"""How the warehouse stands: what is in it, how fresh it is, what deserves a look."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sparkify import plan, schema
from sparkify.checks import CheckResult, warnings
from sparkify.config import Settings
from sparkify.engines import make_engine
from sparkify.engines.base import Engine
from sparkify.errors import DataStale, WarehouseBusy
from sparkify.metrics import answer
from sparkify.models import Models, load_models
from sparkify.observe import live
from sparkify.report.text import console, duration, print_table, safe

_PATIENCE = 2.0

Record = dict[str, Any]


@dataclass(frozen=True)
class Status:
    """How the warehouse stands now.

    `running` are runs at work, of this machine on DuckDB, and `holders` those who hold
    the lock on a server. `age_seconds` is the time since the last load, `lag_seconds`
    the time from its newest event to the warehouse. `failed` is a load undone since.
    `refused` are files of which nothing is loaded, `pending` is the number of files to
    load, None unless asked; `unknown_keys` are those that no column takes, with an
    example. While a load holds a DuckDB file, `is_open` is false: the rest is empty
    but for what the run tells.
    """

    warehouse: str
    is_open: bool = False
    running: list[Record] = field(default_factory=list)
    holders: list[str] = field(default_factory=list)
    loads: int | None = None
    last_load: Record | None = None
    age_seconds: float | None = None
    data_through: datetime | None = None
    lag_seconds: float | None = None
    pending: int | None = None
    failed: Record | None = None
    rejects: int | None = None
    refused: list[str] = field(default_factory=list)
    warnings: dict[str, int] = field(default_factory=dict)
    unknown_keys: dict[str, str] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)


def ask(settings: Settings, *, pending: bool = False) -> Status:
    """The status; `pending` also lists the sources. Raises SparkifyError."""
    states = live.running(settings.path) if settings.engine == "duckdb" else []
    base = Status(settings.warehouse, running=[asdict(each) for each in states])
    # Who asks wants to know now; only a run that has not looked yet tells too little.
    wait = 0.0 if any(each.head is not None for each in states) else _PATIENCE
    impatient = replace(settings, lock_wait=min(wait, settings.lock_wait))
    engine = make_engine(impatient)
    try:
        with engine.session(read_only=True):
            found = _read(base, engine, load_models(settings.schema_prefix))
    except WarehouseBusy:
        heads = [each.head for each in states if each.head is not None]
        if not heads:
            raise
        newest = max(heads)
        return replace(base, age_seconds=_age(_time_of(newest)) if newest else None)
    if pending:
        waiting = plan.plan(impatient)
        found = replace(found, pending=sum(load.files for load in waiting.loads))
    return found


def _read(base: Status, engine: Engine, models: Models) -> Status:
    schema.verify(engine, models)
    deliveries: Record = answer(engine, models, "deliveries").records[0]
    span: Record = answer(engine, models, "span").records[0]
    last = _first(engine, models, "loads")
    failed = _first(engine, models, "failed_loads")
    through, loaded_at = span["data_through"], last["finished_at"] if last else None
    return replace(
        base,
        is_open=True,
        holders=engine.holders(models.table("control.lock")),
        loads=deliveries["loads"],
        last_load=last,
        age_seconds=_age(loaded_at) if loaded_at else None,
        data_through=through,
        lag_seconds=_seconds(loaded_at - through) if loaded_at and through else None,
        failed=failed if failed and _is_newer(failed, last) else None,
        rejects=deliveries["rejected"],
        refused=[str(uri) for (uri,) in answer(engine, models, "refused_files").rows],
        warnings={
            str(name): int(str(count))
            for name, count in answer(engine, models, "load_warnings").rows
        },
        unknown_keys={
            f"{dataset}.{name}": str(example)
            for dataset, name, example in answer(engine, models, "unknown_keys").rows
        },
        tables={
            table.full_name: int(
                str(engine.query(f"select count(*) from {table.full_name}")[0][0])
            )
            for table in models.tables
            if table.schema != f"{models.prefix}control"
        },
    )


def _first(engine: Engine, models: Models, name: str) -> Record | None:
    records = answer(engine, models, name, {"depth": 1}).records
    return records[0] if records else None


def _is_newer(failed: Record, last: Record | None) -> bool:
    return last is None or failed["load_id"] > last["load_id"]


def _time_of(load_id: int) -> datetime:
    """When a load was begun: its id is that in microseconds."""
    return datetime.fromtimestamp(load_id / 1e6, UTC).replace(tzinfo=None)


def _age(moment: datetime) -> float:
    return _seconds(datetime.now(UTC).replace(tzinfo=None) - moment)


def _seconds(time: timedelta) -> float:
    return round(time.total_seconds(), 3)


def require_fresh(status: Status, max_age: float) -> None:
    """Raise DataStale when the last load is older than `max_age` seconds, or none."""
    if status.age_seconds is None:
        raise DataStale(f"{status.warehouse}: nothing was loaded yet; run etl.py.")
    if status.age_seconds > max_age:
        raise DataStale(
            f"{status.warehouse}: the last load is {duration(status.age_seconds)} old, "
            f"more than {duration(max_age)}; see that runs are started, and "
            "`sparkify history` for what they did."
        )


def show(status: Status, format_: str) -> None:
    """Print the status as a table or as JSON."""
    if format_ == "json":
        print(json.dumps(asdict(status), default=str, indent=2))
        return
    out = console()
    for line in _lines(status):
        out.print(line, markup=False)
    if status.tables:
        print_table("", ["table", "rows"], list(status.tables.items()))


def _lines(status: Status) -> Iterator[str]:
    yield _headline(status)
    for run in status.running:
        which = f" (load {run['load']} of {run['of']})" if run["load"] else ""
        yield (
            f"Process {run['pid']} runs since {run['started_at']}: "
            f"{safe(run['step'])}{which}."
        )
    for holder in status.holders:
        yield f"The lock is held by {safe(holder)}."
    if status.data_through:
        yield (
            f"The newest event is of {status.data_through:%Y-%m-%d %H:%M:%S} UTC; it "
            f"was loaded {duration(status.lag_seconds or 0)} later."
        )
    if status.pending is not None:
        yield f"{status.pending:,} files are pending."
    if status.failed:
        yield f"Since then a load failed: {safe(status.failed['message'])}"
    if status.rejects:
        yield f"{status.rejects:,} records are kept aside: see `sparkify rejects`."
    for uri in status.refused:
        yield f"Refused as a whole: {safe(uri)}"
    for name, count in status.warnings.items():
        yield f"The last load was warned of by check {name}: {count} row(s)."
    for key, example in status.unknown_keys.items():
        yield f"Unknown key {safe(key)}, for example {safe(example)}: not loaded."


def _headline(status: Status) -> str:
    if not status.is_open:
        age = status.age_seconds
        last = f", the last one {duration(age)} ago" if age is not None else ""
        return f"{status.warehouse}: a load holds it{last}."
    last_load = status.last_load
    if not last_load:
        return f"{status.warehouse}: no load yet."
    loads = "1 load" if status.loads == 1 else f"{status.loads:,} loads"
    return (
        f"{status.warehouse}: {loads}, the last "
        f"{last_load['finished_at']:%Y-%m-%d %H:%M:%S} UTC "
        f"({duration(status.age_seconds or 0)} ago) with {last_load['records']:,} "
        f"records of {last_load['files']:,} files."
    )


def show_checks(results: list[CheckResult], format_: str) -> None:
    """Print what each check found."""
    rows = [(r.check.name, r.check.severity, len(r.offenders)) for r in results]
    if format_ == "json":
        names = ("check", "severity", "offenders")
        records = [dict(zip(names, row, strict=True)) for row in rows]
        print(json.dumps(records, indent=2))
        return
    print_table("", ["check", "severity", "offenders"], rows)
    for warning in warnings(results).values():
        console().print(safe(warning), markup=False)
