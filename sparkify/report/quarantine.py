"""What is kept aside: the records that could not be accepted."""

from __future__ import annotations

import json

from sparkify import schema
from sparkify.config import Settings
from sparkify.engines import make_engine
from sparkify.engines.base import Row
from sparkify.models import load_models, metric
from sparkify.report.text import print_table

_GROUPS = ("dataset", "uri", "reason", "records")
_RECORDS = ("dataset", "uri", "line", "position", "reason", "raw_record", "raw_bytes")


def ask(settings: Settings, *, records: bool) -> list[dict[str, object]]:
    """The rejects of the newest version of each file, or their number by reason."""
    engine = make_engine(settings)
    models = load_models(settings.schema_prefix)
    name, columns = ("rejects", _RECORDS) if records else ("reject_groups", _GROUPS)
    with engine.session(read_only=True):
        schema.verify(engine, models)
        rows = engine.query(models.in_schema(metric(name)))
    return [_named(columns, row) for row in rows]


def _named(columns: tuple[str, ...], row: Row) -> dict[str, object]:
    return dict(zip(columns, row, strict=True))


def show(rejects: list[dict[str, object]], format_: str) -> None:
    """Print the rejects as a table or as JSON."""
    if format_ == "json":
        print(json.dumps(rejects, indent=2))
    elif not rejects:
        print("No rejects.")
    else:
        print_table("", list(rejects[0]), [list(each.values()) for each in rejects])
