"""Writes a report for programs: JSON, JSON lines, CSV, Markdown, Parquet.

docs/metrics.md describes what stands in each.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from sparkify.engines.files import write_rows
from sparkify.errors import BadQuestion
from sparkify.metrics import Result
from sparkify.report.document import Document
from sparkify.report.text import safe

SCHEMA = "sparkify.report/1"
_SQL_TYPES = {
    "integer": "bigint",
    "number": "double",
    "text": "varchar",
    "date": "date",
    "timestamp": "timestamp",
    "boolean": "boolean",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_json(document: Document) -> str:
    """The whole document as one object."""
    metrics = {
        name: {
            "question": result.metric.question,
            "definition": result.metric.what,
            "grain": result.metric.grain,
            "kind": result.metric.kind,
            "version": result.metric.version,
            "columns": result.names,
            "rows": [_plain(record) for record in result.records],
        }
        for name, result in document.results.items()
    }
    return json.dumps(_head(document) | {"metrics": metrics}, indent=2) + "\n"


def as_json_lines(document: Document) -> str:
    """A row a line, each with the name of its metric."""
    lines = (
        json.dumps({"metric": name} | _plain(record)) + "\n"
        for name, result in document.results.items()
        for record in result.records
    )
    return "".join(lines)


def as_csv(document: Document, *, excel_safe: bool = False) -> str:
    """One metric by RFC 4180: lossless, or with cells safe for a spreadsheet."""
    result = _only(document, "CSV")
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(result.names)
    for row in result.rows:
        writer.writerow(_cell(value, excel_safe) for value in row)
    return out.getvalue()


def as_markdown(document: Document) -> str:
    """A table a metric."""
    period = document.period
    parts = [f"# Sparkify, {period.first_day} to {period.last_day}\n"]
    if chosen := document.filters.chosen:
        told = ", ".join(f"{name} {_escaped(value)}" for name, value in chosen.items())
        parts.append(f"Only {told}.\n")
    for result in document.results.values():
        parts.append(f"## {result.metric.question}\n\n{result.metric.what}\n")
        parts.append("".join(_markdown_lines(result)))
    return "\n".join(parts)


def write_parquet(document: Document, path: Path) -> None:
    """One metric as Parquet."""
    result = _only(document, "Parquet")
    columns = [(c.name, _SQL_TYPES[c.type]) for c in result.metric.columns]
    write_rows(path, "parquet", columns, result.rows)


def _head(document: Document) -> dict[str, object]:
    period, filters = document.period, document.filters
    return {
        "schema": SCHEMA,
        "period": {
            "first_day": _value(period.first_day),
            "last_day": _value(period.last_day),
            "days": period.days,
            "is_complete": period.is_complete,
        },
        "filters": {
            "level": filters.level or None,
            "gender": filters.gender or None,
            "state": filters.state or None,
            "platform": filters.platform or None,
            "time_zone": filters.time_zone,
            "week_start": filters.week_start,
            "depth": filters.depth,
            "least_group": filters.least_group,
        },
        "first_event_at": _value(period.first_event_at),
        "data_through": _value(period.data_through),
        "complete_through": _value(period.complete_through),
    }


def _only(document: Document, what: str) -> Result:
    if len(document.results) != 1:
        raise BadQuestion(f"{what} holds one metric: name it, as with --metric songs.")
    return next(iter(document.results.values()))


def _plain(record: dict[str, object]) -> dict[str, object]:
    return {name: _value(value) for name, value in record.items()}


def _value(value: object) -> object:
    """Dates and times as ISO texts, times without a zone: they are UTC."""
    return value.isoformat() if isinstance(value, date | datetime) else value


def _cell(value: object, excel_safe: bool) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    text = _value(value)
    if excel_safe and isinstance(text, str) and text.startswith(_FORMULA):
        return "'" + text
    return text


def _markdown_lines(result: Result) -> Iterator[str]:
    numeric = [column.type in ("integer", "number") for column in result.metric.columns]
    yield "| " + " | ".join(name.replace("_", " ") for name in result.names) + " |\n"
    yield "|" + "|".join("---:" if each else "---" for each in numeric) + "|\n"
    for row in result.rows:
        yield "| " + " | ".join(map(_shown, row)) + " |\n"


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.4g}"
    return _escaped(str(value))


def _escaped(text: str) -> str:
    """`text` without what Markdown and HTML would act on."""
    shown = safe(text)
    for sign in "\\`*_{}[]()#+!|~":
        shown = shown.replace(sign, "\\" + sign)
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
