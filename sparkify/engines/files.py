"""Writes rows to files by an embedded DuckDB, whichever engine they come from."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from sparkify.engines.base import Row

_OPTIONS = {
    "parquet": "format parquet, compression zstd",
    "csv": "format csv, header true",
}


def copy_statement(select: str, path: Path, format_: str) -> str:
    """DuckDB's statement that writes the rows of a select to a file."""
    target = str(path).replace("'", "''")
    return f"copy ({select}) to '{target}' ({_OPTIONS[format_]})"


def write_rows(
    path: Path, format_: str, columns: Sequence[tuple[str, str]], rows: Iterable[Row]
) -> int:
    """Write rows as Parquet or CSV; columns are names and types. The number of rows."""
    names = [name for name, _ in columns]
    types = ", ".join(f"'{name}': '{type_}'" for name, type_ in columns)
    # Through a file, as values of a statement take a hundred times as long.
    with tempfile.NamedTemporaryFile(
        "w", prefix="sparkify-", suffix=".json", encoding="utf-8"
    ) as file:
        for row in rows:
            record = dict(zip(names, row, strict=True))
            file.write(json.dumps(record, default=str) + "\n")
        file.flush()
        quoted = ", ".join(f'"{name}"' for name in names)
        read = (
            f"select {quoted} from read_json('{file.name}', "
            f"format = 'newline_delimited', columns = {{{types}}})"
        )
        with duckdb.connect() as connection:
            result = connection.execute(copy_statement(read, path, format_)).fetchone()
    return int(result[0]) if result else 0
