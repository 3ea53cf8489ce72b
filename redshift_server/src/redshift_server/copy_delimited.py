"""CSV and delimited text as COPY reads them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from redshift_server.copy_options import CopyCommand
from redshift_server.copy_values import Column, Values
from redshift_server.errors import not_emulated

_DEFAULT_NULL = "\\N"
_MAX_FIELD = 16 * 1024 * 1024


@dataclass
class Rows:
    """Rows of text; faulty ones as (line, code, message, raw)."""

    values: list[Values] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    faulty: list[tuple[int, int, str, str]] = field(default_factory=list)
    line_count: int = 0


def read_delimited(text: str, columns: list[Column], command: CopyCommand) -> Rows:
    """Cut text into rows of the table's width."""
    if command.escape or command.remove_quotes:
        raise not_emulated("COPY ESCAPE and REMOVEQUOTES")
    rows = Rows()
    null = _DEFAULT_NULL if command.null_as is None else command.null_as
    for line, fields in _cut(text, command):
        rows.line_count = line
        if line <= command.ignore_header:
            continue
        if not fields and (command.ignore_blank_lines or command.format == "csv"):
            continue
        problem = _width_problem(len(fields), len(columns), command)
        if problem:
            rows.faulty.append((line, *problem, command.delimiter.join(fields)))
            continue
        padded = fields + [""] * (len(columns) - len(fields))
        rows.values.append(
            [
                _value(text_, column, null, missing=at >= len(fields))
                for at, (text_, column) in enumerate(zip(padded, columns, strict=True))
            ]
        )
        rows.lines.append(line)
    return rows


def _cut(text: str, command: CopyCommand) -> Iterator[tuple[int, list[str]]]:
    if command.format != "csv":
        for line, row in enumerate(text.splitlines(), 1):
            yield line, row.split(command.delimiter)
        return
    csv.field_size_limit(_MAX_FIELD)
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=command.delimiter,
        quotechar=command.quote,
        doublequote=True,
        strict=False,
    )
    for fields in reader:
        yield reader.line_num, fields


def _width_problem(
    width: int, wanted: int, command: CopyCommand
) -> tuple[int, str] | None:
    if width > wanted:
        return 1202, "Extra column(s) found"
    if width < wanted and not command.fill_record:
        return 1201, "Delimiter not found"
    return None


def _value(text: str, column: Column, null: str, *, missing: bool) -> str | None:
    if text == null:
        return None
    if missing and not column.is_text:
        return None
    return text
