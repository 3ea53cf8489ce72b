"""What is kept aside: the records that could not be accepted."""

from __future__ import annotations

import json

from sparkify import schema
from sparkify.config import Settings
from sparkify.engines import make_engine
from sparkify.metrics import answer
from sparkify.models import load_models
from sparkify.report.text import print_table


def ask(settings: Settings, *, records: bool) -> list[dict[str, object]]:
    """The rejects of the newest version of each file, or their number by reason."""
    engine = make_engine(settings)
    models = load_models(settings.schema_prefix)
    with engine.session(read_only=True):
        schema.verify(engine, models)
        return answer(engine, models, "rejects" if records else "reject_groups").records


def show(rejects: list[dict[str, object]], format_: str) -> None:
    """Print the rejects as a table or as JSON."""
    if format_ == "json":
        print(json.dumps(rejects, indent=2))
    elif not rejects:
        print("No rejects.")
    else:
        print_table("", list(rejects[0]), [list(each.values()) for each in rejects])
