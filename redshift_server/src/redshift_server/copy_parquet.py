"""Parquet as COPY reads it: columns by position, types that must agree."""

from __future__ import annotations

import io
from typing import Any

from redshift_server.copy_json import dump
from redshift_server.copy_values import Column, Values
from redshift_server.errors import RedshiftError, not_emulated

_KINDS = {
    "varchar": {"string", "large_string"},
    "bpchar": {"string", "large_string"},
    "text": {"string", "large_string"},
    "int2": {"int8", "int16", "int32"},
    "int4": {"int8", "int16", "int32"},
    "int8": {"int8", "int16", "int32", "int64"},
    "float4": {"float"},
    "float8": {"double"},
    "bool": {"bool"},
    "date": {"date32[day]"},
}


def read_parquet(data: bytes, columns: list[Column]) -> tuple[list[Values], int]:
    """Return the values by column, as text, and the number of rows."""
    try:
        import pyarrow.parquet
    except ImportError as problem:
        raise not_emulated("COPY PARQUET without the extra [parquet]") from problem
    table = pyarrow.parquet.read_table(io.BytesIO(data))
    if table.num_columns != len(columns):
        raise RedshiftError(
            "XX000",
            "Spectrum Scan Error",
            detail="Unmatched number of columns between table and file. Table "
            f"columns: {len(columns)}, Data columns: {table.num_columns}",
        )
    values = [
        _texts(column, table.schema.field(at).type, table.column(at).to_pylist())
        for at, column in enumerate(columns)
    ]
    return values, table.num_rows


def _texts(column: Column, kind: Any, values: list[Any]) -> Values:
    allowed = _KINDS.get(column.type)
    if allowed is not None and str(kind) not in allowed:
        raise RedshiftError(
            "XX000",
            "Spectrum Scan Error",
            detail=f"incompatible Parquet schema for column '{column.name}'. "
            f"Column type: {column.type}, Parquet schema: {kind}",
        )
    return [None if value is None else _text(value) for value in values]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return dump(value)
    return str(value)
