"""What the metrics are."""

from __future__ import annotations

import json

from sparkify.metrics import all_metrics, find_metric
from sparkify.metrics.model import semantic_model
from sparkify.models import load_models, metric
from sparkify.report.text import print_table


def show_all() -> None:
    """Print a line a metric."""
    rows = [(m.section, m.name, m.kind, m.question) for m in all_metrics()]
    print_table("", ["section", "metric", "kind", "question"], rows)


def show(name: str) -> None:
    """Print the definition of a metric and the statements that find it."""
    found = find_metric(name)
    for table in found.scope:
        print(metric(f"scope/{table}"))
    print(found.text, end="")


def show_model(prefix: str) -> None:
    """Print the semantic model as JSON."""
    print(json.dumps(semantic_model(load_models(prefix)), indent=2))
