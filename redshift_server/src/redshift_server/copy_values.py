"""Conversion of a column's values, all rows at once, to PostgreSQL's COPY text.

A value comes as Redshift sees it: text, or None for NULL. It leaves as text that
PostgreSQL's input functions take without complaint, or as a load error.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation, localcontext

from redshift_server.copy_options import CopyCommand
from redshift_server.copy_times import convert_date, convert_timestamp

NULL = "\\N"
Values = list[str | None]


@dataclass(frozen=True)
class Column:
    """A column of the target table."""

    name: str
    type: str  # PostgreSQL's short name: varchar, int4, ...
    length: int = -1  # bytes of VARCHAR and CHAR, precision of DECIMAL
    scale: int = 0
    not_null: bool = False
    identity: str = ""

    @property
    def label(self) -> str:
        """The type as the load error views show it."""
        return self.type

    @property
    def is_text(self) -> bool:
        """Say whether the column holds characters."""
        return self.type in ("varchar", "bpchar", "text")


@dataclass(frozen=True)
class ValueProblem:
    """Why a value could not be loaded."""

    code: int
    message: str
    value: str = ""


class ValueFaultError(Exception):
    """A single value is refused."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


Problems = dict[int, ValueProblem]

_INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*")
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?")
_RANGES = {
    "int2": (-(2**15), 2**15 - 1, "Short"),
    "int4": (-(2**31), 2**31 - 1, "Integer"),
    "int8": (-(2**63), 2**63 - 1, "Long"),
}
_TRUE = frozenset("t true y yes 1".split())
_FALSE = frozenset("f false n no 0".split())
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def convert(
    column: Column, values: Values, command: CopyCommand
) -> tuple[Values, Problems]:
    """Convert a column; a value with a problem comes out as None."""
    problems: Problems = {}
    if column.is_text:
        result = _convert_text(column, values, command, problems)
    else:
        result = _convert_other(column, values, command, problems)
    if column.not_null:
        for row, value in enumerate(result):
            if value is None and row not in problems:
                problems[row] = ValueProblem(1213, "Missing data for not-null field")
    return result, problems


def copy_lines(columns: list[Values]) -> list[str]:
    """Write columns as lines of PostgreSQL's COPY text format."""
    escaped = [_escape_column(values) for values in columns]
    return list(map("\t".join, zip(*escaped, strict=True)))


def _escape_column(values: Values) -> list[str]:
    texts = [NULL if value is None else value for value in values]
    joined = "\0".join(value for value in values if value is not None)
    if not any(char in joined for char in "\\\t\n\r"):
        return texts
    return [NULL if value is None else value.translate(_ESCAPES) for value in values]


# -- text --------------------------------------------------------------------


def _convert_text(
    column: Column, values: Values, command: CopyCommand, problems: Problems
) -> Values:
    if command.empty_as_null:
        values = [value or None for value in values]
    if command.blanks_as_null:
        values = [None if value and not value.strip(" ") else value for value in values]
    if command.trim_blanks and command.format != "json":
        values = [value.rstrip(" ") if value else value for value in values]
    if _all_fit(column, values):
        return values
    fit = _fit_char if column.type == "bpchar" else _fit_varchar
    return _one_by_one(
        values, problems, lambda value: fit(value, column.length, command)
    )


def _all_fit(column: Column, values: Values) -> bool:
    """Decide for a whole column at once that every value is in order."""
    present = [value for value in values if value]
    if not present:
        return True
    joined = "".join(present)
    if "\0" in joined:
        return False
    if joined.isascii():
        return column.length < 0 or max(map(len, present)) <= column.length
    if column.type == "bpchar":
        return False
    try:
        joined.encode()
    except UnicodeEncodeError:
        return False
    # A character has at most four bytes.
    return column.length < 0 or max(map(len, present)) * 4 <= column.length


def _fit_varchar(value: str, length: int, command: CopyCommand) -> str:
    if "\0" in value or not _is_utf8(value):
        if command.replace_invalid is None:
            raise ValueFaultError(
                1220, "String contains invalid or unsupported UTF8 codepoints."
            )
        value = _INVALID.sub(command.replace_invalid, value)
    data = value.encode()
    if length < 0 or len(data) <= length:
        return value
    if command.truncate_columns or not data[length:].strip(b" "):
        return data[:length].decode(errors="ignore")
    raise ValueFaultError(1204, "String length exceeds DDL length")


def _fit_char(value: str, length: int, command: CopyCommand) -> str:
    if not value.isascii() or "\0" in value:
        raise ValueFaultError(
            1220,
            "Multibyte character not supported for CHAR (Hint: try using VARCHAR).",
        )
    return _fit_varchar(value, length, command)


_INVALID = re.compile("[\0\ud800-\udfff]")


def _is_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


# -- everything else ----------------------------------------------------------


def _convert_other(
    column: Column, values: Values, command: CopyCommand, problems: Problems
) -> Values:
    # An empty field is NULL wherever it cannot be a value.
    values = [value if value and not value.isspace() else None for value in values]
    if column.type in _RANGES and _plain_integers(column.type, values):
        return values
    converter = _converter(column, command)
    return _one_by_one(values, problems, converter)


def _plain_integers(kind: str, values: Values) -> bool:
    low, high, _ = _RANGES[kind]
    try:
        present = [int(value) for value in values if value is not None]
    except ValueError:
        return False
    # int() also reads "1_000" and digits of other scripts.
    if not all(map(_INTEGER.fullmatch, filter(None, values))):
        return False
    return not present or (low <= min(present) and max(present) <= high)


def _one_by_one(
    values: Values, problems: Problems, convert_one: Callable[[str], str]
) -> Values:
    known: dict[str, str] = {}
    result: Values = []
    for row, value in enumerate(values):
        if value is None:
            result.append(None)
        elif value in known:
            result.append(known[value])
        else:
            try:
                known[value] = convert_one(value)
                result.append(known[value])
            except ValueFaultError as fault:
                problems[row] = ValueProblem(fault.code, fault.message, value)
                result.append(None)
    return result


def _converter(column: Column, command: CopyCommand) -> Callable[[str], str]:
    kind = column.type
    if kind in _RANGES:
        return lambda value: _integer(value, kind)
    if kind in ("float4", "float8"):
        return lambda value: _float(value, kind)
    if kind == "numeric":
        return lambda value: _decimal(value, column, command)
    if kind == "bool":
        return _boolean
    if kind == "date":
        return lambda value: _dated(convert_date, value, command.date_format, 1205)
    if kind in ("timestamp", "timestamptz"):
        return lambda value: _dated(convert_timestamp, value, command.time_format, 1206)
    if kind in ("time", "timetz"):
        return _time
    if kind == "jsonb":
        return _super
    return lambda value: value


def _integer(value: str, kind: str) -> str:
    low, high, name = _RANGES[kind]
    if not _INTEGER.fullmatch(value):
        position = next(
            (
                at
                for at, char in enumerate(value)
                if not ("0" <= char <= "9" or (at == 0 and char in "+-"))
            ),
            0,
        )
        raise ValueFaultError(
            1207,
            f"Invalid digit, Value '{value[position : position + 1]}', Pos {position}, "
            f"Type: {name}",
        )
    if not low <= int(value) <= high:
        raise ValueFaultError(1222, f"Overflow, Type: {name}")
    return value.strip()


def _float(value: str, kind: str) -> str:
    if not _NUMBER.fullmatch(value):
        raise ValueFaultError(1208, "Invalid floating point number")
    number = float(value)
    limit = 3.4028235e38 if kind == "float4" else 1.7976931348623157e308
    if abs(number) > limit:
        raise ValueFaultError(1204, "Floating point number out of range")
    return value.strip()


def _decimal(value: str, column: Column, command: CopyCommand) -> str:
    if not _NUMBER.fullmatch(value):
        raise ValueFaultError(1209, "Invalid decimal number")
    if column.length < 0:
        return value.strip()
    # COPY cuts surplus decimals unless told to round them.
    rounding = ROUND_HALF_UP if command.round_decimals else ROUND_DOWN
    try:
        with localcontext() as context:
            context.prec = 400
            number = Decimal(value.strip()).quantize(
                Decimal(1).scaleb(-column.scale), rounding=rounding
            )
    except InvalidOperation as problem:
        raise ValueFaultError(1204, "Numeric Overflow") from problem
    if number.adjusted() >= column.length - column.scale and number != 0:
        raise ValueFaultError(1204, "Numeric Overflow")
    return str(number)


def _boolean(value: str) -> str:
    folded = value.strip().lower()
    if folded in _TRUE:
        return "t"
    if folded in _FALSE:
        return "f"
    raise ValueFaultError(1210, "Unknown boolean format")


def _dated(read: Callable[[str, str], str], value: str, form: str, code: int) -> str:
    try:
        return read(value.strip(), form)
    except (ValueError, OverflowError) as problem:
        if code == 1205:
            raise ValueFaultError(
                1205, "Invalid Date Format - length must be 10 or more"
            ) from problem
        shown = form or "YYYY-MM-DD HH24:MI:SS"
        raise ValueFaultError(
            1206, f"Invalid timestamp format or value [{shown}]"
        ) from problem


def _time(value: str) -> str:
    if not _TIME.fullmatch(value.strip()):
        raise ValueFaultError(1206, "Invalid time format or value")
    datetime.time.fromisoformat(value.strip().zfill(5)[:5])
    return value.strip()


def _super(value: str) -> str:
    if len(value.encode(errors="replace")) > 16 * 1024 * 1024:
        raise ValueFaultError(1224, "SUPER value exceeds the maximum size")
    if "\\u0000" in value:
        raise ValueFaultError(1224, "SUPER value contains a NUL character")
    return value
