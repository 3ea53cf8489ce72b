"""What is in the warehouse."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from sparkify import schema
from sparkify.checks import CheckResult
from sparkify.config import Settings
from sparkify.engines import make_engine
from sparkify.engines.base import Row
from sparkify.metrics import answer
from sparkify.models import load_models
from sparkify.report.text import console, print_table, safe

_LOAD = ("load_id", "finished_at", "files", "records", "rejected")
_ATTEMPT = ("load_id", "failed_at", "error", "message")


@dataclass(frozen=True)
class Status:
    """Rows by table, the latest load, and what deserves a look.

    `failed` is a failed attempt after that load; `refused` are files of which nothing
    is loaded; `unknown_keys` are those that no column takes, with an example.
    """

    warehouse: str
    tables: dict[str, int]
    loads: int
    last_load: dict[str, object] | None
    failed: dict[str, object] | None
    rejects: int
    refused: list[str]
    unknown_keys: dict[str, str]


def ask(settings: Settings) -> Status:
    """Read the status. Raises SparkifyError."""
    engine = make_engine(settings)
    models = load_models(settings.schema_prefix)
    with engine.session(read_only=True):
        schema.verify(engine, models)
        tables = {
            table.full_name: int(
                str(engine.query(f"select count(*) from {table.full_name}")[0][0])
            )
            for table in models.tables
            if not table.full_name.startswith(settings.schema_prefix + "control.")
        }
        loads = engine.query(
            models.in_schema(
                """
                select
                    load_id,
                    finished_at,
                    files,
                    records,
                    rejected
                from control.loads
                order by load_id desc
                """
            )
        )
        failed = engine.query(
            models.in_schema(
                """
                select
                    load_id,
                    failed_at,
                    error,
                    message
                from control.attempts
                order by load_id desc
                """
            ),
            limit=1,
        )
        deliveries = answer(engine, models, "deliveries").records[0]
        refused = answer(engine, models, "refused_files").rows
        keys = answer(engine, models, "unknown_keys").rows
    last = _named(_LOAD, loads[0]) if loads else None
    late = failed and (not loads or str(failed[0][0]) > str(loads[0][0]))
    return Status(
        settings.warehouse,
        tables,
        len(loads),
        last,
        _named(_ATTEMPT, failed[0]) if late else None,
        int(str(deliveries["rejected"])),
        [str(uri) for (uri,) in refused],
        {f"{dataset}.{name}": str(example) for dataset, name, example in keys},
    )


def _named(names: tuple[str, ...], row: Row) -> dict[str, object]:
    return dict(zip(names, row, strict=True))


def show(status: Status, format_: str) -> None:
    """Print the status as a table or as JSON."""
    if format_ == "json":
        print(json.dumps(asdict(status), default=str, indent=2))
        return
    out = console()
    last = status.last_load
    when = (
        f"the last {last['finished_at']:%Y-%m-%d %H:%M:%S} UTC "
        f"with {last['records']:,} records of {last['files']:,} files"
        if last
        else "none yet"
    )
    out.print(f"{status.warehouse}: {status.loads:,} loads, {when}.", highlight=False)
    if status.failed:
        out.print(f"Since then a load failed: {status.failed['message']}", markup=False)
    if status.rejects:
        out.print(f"{status.rejects:,} records are kept aside: see `sparkify rejects`.")
    for uri in status.refused:
        out.print(f"Refused as a whole: {safe(uri)}", markup=False)
    for key, example in status.unknown_keys.items():
        text = f"Unknown key {safe(key)}, for example {safe(example)}: not loaded."
        out.print(text, markup=False)
    print_table("", ["table", "rows"], list(status.tables.items()))


def show_checks(results: list[CheckResult], format_: str) -> None:
    """Print what each check found."""
    rows = [(r.check.name, r.check.severity, len(r.offenders)) for r in results]
    if format_ == "json":
        names = ("check", "severity", "offenders")
        print(json.dumps([_named(names, row) for row in rows], indent=2))
        return
    print_table("", ["check", "severity", "offenders"], rows)
