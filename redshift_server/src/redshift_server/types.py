"""Redshift's types and what stands in for them in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from redshift_server.errors import RedshiftError, not_emulated

MAX_VARCHAR = 65535
MAX_CHAR = 4096
MAX_VARBYTE = 16777216
MAX_PRECISION = 38
MAX_SCALE = 37

_PLAIN = {
    "smallint": "smallint",
    "int2": "smallint",
    "integer": "integer",
    "int": "integer",
    "int4": "integer",
    "bigint": "bigint",
    "int8": "bigint",
    "real": "real",
    "float4": "real",
    "double precision": "double precision",
    "double": "double precision",
    "float8": "double precision",
    "float": "double precision",
    "boolean": "boolean",
    "bool": "boolean",
    "date": "date",
    "time": "time",
    "time without time zone": "time",
    "timetz": "timetz",
    "time with time zone": "timetz",
    "timestamp": "timestamp",
    "timestamp without time zone": "timestamp",
    "timestamptz": "timestamptz",
    "timestamp with time zone": "timestamptz",
    "super": "jsonb",
    "hllsketch": "hllsketch",
    "interval": "interval",
    # For queries of the catalogue.
    "regclass": "regclass",
    "oid": "oid",
    "name": "name",
}
_VARCHAR = {"varchar", "character varying", "nvarchar", "text"}
_CHAR = {"char", "character", "nchar", "bpchar"}
_DECIMAL = {"decimal", "numeric"}
_VARBYTE = {"varbyte", "varbinary", "binary varying"}
_NOT_EMULATED = {
    "geometry",
    "geography",
}


def postgres_type(name: str, parameters: Sequence[str] = ()) -> str:
    """Return PostgreSQL's type for one of Redshift; refuse all others."""
    folded = name.lower()
    if folded in _VARCHAR:
        return f"varchar({_length(folded, parameters, 256, MAX_VARCHAR)})"
    if folded in _CHAR:
        default = 256 if folded == "bpchar" else 1
        return f"char({_length(folded, parameters, default, MAX_CHAR)})"
    if folded in _VARBYTE:
        return f"varbyte({_length(folded, parameters, 64000, MAX_VARBYTE)})"
    if folded in _DECIMAL:
        return _decimal(parameters)
    if folded in _NOT_EMULATED:
        raise not_emulated(f"type {folded}")
    if folded not in _PLAIN:
        raise RedshiftError(
            "0A000",
            f'Column "" has unsupported type "{folded}".',
            hint="redshift_server: this type is not in Redshift's list of types.",
        )
    if parameters:
        raise RedshiftError("42601", f'type "{folded}" takes no modifier')
    return _PLAIN[folded]


def _length(name: str, parameters: Sequence[str], default: int, most: int) -> int:
    if not parameters:
        return default
    text = parameters[0].lower()
    if text == "max":
        return most
    # TEXT(n) is VARCHAR(256) whatever n says.
    if name == "text":
        return default
    size = int(text) if text.isdigit() else 0
    if not 1 <= size <= most:
        raise RedshiftError(
            "22023", f"length for type {name} must be between 1 and {most}"
        )
    return size


def _decimal(parameters: Sequence[str]) -> str:
    precision = int(parameters[0]) if parameters else 18
    scale = int(parameters[1]) if len(parameters) > 1 else 0
    if not 1 <= precision <= MAX_PRECISION:
        raise RedshiftError(
            "22023", f"DECIMAL precision {precision} must be between 1 and 38"
        )
    if not 0 <= scale <= min(precision, MAX_SCALE):
        raise RedshiftError(
            "22023", f"DECIMAL scale {scale} must be between 0 and {precision}"
        )
    return f"numeric({precision},{scale})"
