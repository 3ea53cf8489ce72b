"""One object of a COPY: from its bytes to lines for PostgreSQL and load errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from redshift_server.copy_delimited import read_delimited
from redshift_server.copy_json import (
    Step,
    columns_by_name,
    columns_by_path,
    decode_file,
    dump,
    read_documents,
    to_text,
)
from redshift_server.copy_options import CopyCommand
from redshift_server.copy_parquet import read_parquet
from redshift_server.copy_values import (
    Column,
    Problems,
    ValueProblem,
    Values,
    convert,
    copy_lines,
)


@dataclass(frozen=True)
class LoadError:
    """One row of the load error views."""

    line: int
    code: int
    message: str
    column: Column | None = None
    raw_line: str = ""
    raw_value: str = ""


@dataclass
class Table:
    """Rows read from a file, by column, before conversion."""

    columns: list[Values]
    lines: list[int]
    line_count: int
    errors: list[LoadError] = field(default_factory=list)
    # Problems of mapping: row -> (position of the column, message).
    unmapped: dict[int, tuple[int, str]] = field(default_factory=dict)
    raw_line: Callable[[int], str] = lambda _row: ""


@dataclass
class Loaded:
    """What one object contributes: rows for PostgreSQL's COPY, and errors."""

    rows: list[str]
    line_count: int
    errors: list[LoadError]


@dataclass(frozen=True)
class Mapping:
    """How values find their columns."""

    columns: list[Column]
    paths: list[list[Step]] | None = None


def convert_object(data: bytes, mapping: Mapping, command: CopyCommand) -> Loaded:
    """Read, map and convert one object."""
    table = _read(data, mapping, command)
    converted: list[Values] = []
    faults: list[Problems] = []
    for column, values in zip(mapping.columns, table.columns, strict=True):
        result, problems = convert(column, values, command)
        converted.append(result)
        faults.append(problems)
    bad = _row_errors(table, mapping.columns, faults)
    if bad:
        converted = [
            [value for row, value in enumerate(values) if row not in bad]
            for values in converted
        ]
    errors = sorted([*table.errors, *bad.values()], key=lambda error: error.line)
    return Loaded(copy_lines(converted), table.line_count, errors)


def _row_errors(
    table: Table, columns: list[Column], faults: list[Problems]
) -> dict[int, LoadError]:
    """Return one error per faulty row: that of its first faulty column."""
    first: dict[int, tuple[int, ValueProblem]] = {
        row: (position, ValueProblem(1216, message))
        for row, (position, message) in table.unmapped.items()
    }
    for position, problems in enumerate(faults):
        for row, problem in problems.items():
            if row not in first or first[row][0] > position:
                first[row] = (position, problem)
    return {
        row: LoadError(
            table.lines[row],
            problem.code,
            problem.message,
            columns[position],
            table.raw_line(row),
            problem.value,
        )
        for row, (position, problem) in first.items()
    }


def _read(data: bytes, mapping: Mapping, command: CopyCommand) -> Table:
    if command.format == "json":
        return _read_json(data, mapping, command)
    if command.format == "parquet":
        columns, count = read_parquet(data, mapping.columns)
        return Table(columns, list(range(1, count + 1)), count)
    rows = read_delimited(decode_file(data), mapping.columns, command)
    columns = [list(values) for values in zip(*rows.values, strict=True)] or [
        [] for _ in mapping.columns
    ]
    errors = [
        LoadError(line, code, message, raw_line=raw)
        for line, code, message, raw in rows.faulty
    ]
    return Table(
        columns,
        rows.lines,
        rows.line_count,
        errors,
        raw_line=lambda row: "|".join(value or "" for value in rows.values[row]),
    )


def _read_json(data: bytes, mapping: Mapping, command: CopyCommand) -> Table:
    documents = read_documents(decode_file(data), arrays=mapping.paths is not None)
    unmapped: dict[int, tuple[int, str]] = {}
    if command.json_option == "noshred":
        columns: list[Values] = [[dump(value) for value in documents.values]]
    elif mapping.paths is not None:
        columns, unmapped = columns_by_path(
            documents.values, mapping.columns, mapping.paths
        )
    else:
        columns = columns_by_name(
            documents.values,
            mapping.columns,
            ignore_case=command.json_option == "auto ignorecase",
        )
    errors = [
        LoadError(fault.line, fault.code, fault.message, raw_line=fault.text[:1024])
        for fault in documents.faulty
    ]
    return Table(
        columns,
        documents.lines,
        documents.line_count,
        errors,
        unmapped,
        lambda row: _raw(documents.values[row]),
    )


def _raw(document: Any) -> str:
    return (to_text(document) or "")[:1024]
