"""Writes docs/metrics.md: `make docs`. Definitions come from sparkify/sql/metrics/."""

from __future__ import annotations

from pathlib import Path

from sparkify.metrics import SECTIONS, Metric, find_metric

HERE = Path(__file__).parent
PAGE = HERE / "metrics.md"
TEMPLATE = HERE / "metrics.template.md"


def document() -> str:
    """The whole page."""
    page = TEMPLATE.read_text("utf-8")
    return page.replace("{{metrics}}", _metrics().strip())


def _metrics() -> str:
    text = ""
    for section, names in SECTIONS.items():
        text += f"\n## {section.capitalize()}\n"
        for name in names:
            text += _metric(find_metric(name))
    return text


def _metric(metric: Metric) -> str:
    text = f"\n### {metric.name}\n\n**{metric.question}**\n{metric.what}\n\n"
    text += f"{metric.grain.capitalize()}; {metric.kind}.\n\n"
    text += "| column | type | meaning |\n|---|---|---|\n"
    for column in metric.columns:
        text += f"| `{column.name}` | {column.type} | {column.what} |\n"
    return text


if __name__ == "__main__":
    PAGE.write_text(document(), "utf-8")
