"""Makes a report in the format that is asked for, and puts it there."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from sparkify.config import Settings
from sparkify.errors import BadQuestion, OutputError
from sparkify.metrics import REPORT, SECTIONS, Filters
from sparkify.report import formats, screen
from sparkify.report.document import Document, collect
from sparkify.report.output import replaced, write_text
from sparkify.report.text import WIDTH, console


def report(
    settings: Settings,
    filters: Filters,
    *,
    sections: Sequence[str] | None = None,
    metrics: Sequence[str] = (),
    format_: str = "table",
    output: Path | None = None,
    excel_safe: bool = False,
    width: int | None = None,
    top: int = 10,
) -> None:
    """Print the report, or write it to a file. Raises SparkifyError."""
    asked = _known(sections or REPORT)
    is_screen = format_ == "table" and not metrics
    every = [name for section in asked for name in SECTIONS[section]]
    names = screen.names(asked) if is_screen else list(dict.fromkeys(metrics)) or every
    document = collect(settings, filters, names)
    if format_ == "table":
        draw = screen.show if is_screen else screen.show_tables
        if output:
            write_text(output, screen.as_text(document, draw, width or WIDTH, top))
        else:
            draw(document, console(width), top)
    elif format_ == "parquet":
        _parquet(document, output)
    else:
        put(_text(document, format_, excel_safe=excel_safe), output)


def put(text: str, output: Path | None) -> None:
    """Write a file whole, or print as it is. Raises OutputError."""
    if output:
        write_text(output, text)
    elif sys.stdout is None:
        raise OutputError("Standard output is closed: name a file with -o.")
    else:
        # as bytes, so that no end of a line is turned into another
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()


def _known(sections: Sequence[str]) -> Sequence[str]:
    for section in sections:
        if section not in REPORT:
            raise BadQuestion(
                f"There is no section {section}; there are {', '.join(REPORT)}."
            )
    return sections


def _text(document: Document, format_: str, *, excel_safe: bool) -> str:
    match format_:
        case "json":
            return formats.as_json(document)
        case "jsonl":
            return formats.as_json_lines(document)
        case "csv":
            return formats.as_csv(document, excel_safe=excel_safe)
    return formats.as_markdown(document)


def _parquet(document: Document, output: Path | None) -> None:
    if output is None:
        raise BadQuestion("Parquet is no text: name a file with -o.")
    with replaced(output) as new:
        formats.write_parquet(document, new)
