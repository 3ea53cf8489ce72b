"""Writes the star and the marts as files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from sparkify import ledger, schema
from sparkify.config import Settings
from sparkify.engines import make_engine
from sparkify.errors import BadQuestion, OutputError
from sparkify.metrics.model import semantic_model
from sparkify.models import Models, Table, load_models
from sparkify.report.output import replaced, write_text
from sparkify.report.text import print_table


def export(
    settings: Settings, folder: Path, format_: str, names: Sequence[str]
) -> None:
    """Write a file a table, then what they hold. Raises SparkifyError.

    All are written before the first takes its place; `export.json` is the last.
    """
    engine, models = make_engine(settings), load_models(settings.schema_prefix)
    tables = _tables(models, names)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made: {error.strerror}.") from None
    told_of = folder / "export.json"
    rows: dict[str, int] = {}
    with ExitStack() as files:
        new = {
            table.name: files.enter_context(
                replaced(folder / f"{table.name}.{format_}")
            )
            for table in reversed(tables)
        }
        with engine.session(read_only=True):
            schema.verify(engine, models)
            load_id = ledger.head(engine, models)
            for table in tables:
                columns = ", ".join(column.name for column in table.columns)
                rows[table.name] = engine.save(
                    f"select {columns} from {table.full_name}", new[table.name], format_
                )
        # while files are replaced nothing says that they belong together
        told_of.unlink(missing_ok=True)
    model = json.dumps(semantic_model(models), indent=2) + "\n"
    write_text(folder / "sparkify.osi.json", model)
    told = {"load_id": load_id, "format": format_, "rows": rows}
    write_text(told_of, json.dumps(told, indent=2) + "\n")
    print_table("", ["table", "rows"], list(rows.items()))


def _tables(models: Models, names: Sequence[str]) -> list[Table]:
    every = [t for t in models.tables if t.schema == f"{models.prefix}analytics"]
    known = {table.name: table for table in every}
    for name in names:
        if name not in known:
            raise BadQuestion(
                f"There is no table {name}; there are {', '.join(known)}."
            )
    return [known[name] for name in dict.fromkeys(names)] or every
