"""JSON as COPY reads it: documents between white space, mapped to columns."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from redshift_server.copy_values import Column, Values
from redshift_server.errors import RedshiftError
from redshift_server.names import lengthen

MAX_DOCUMENT_BYTES = 4 * 1024 * 1024
# Lines decoded by one call; small, so that one bad line spoils little.
_BATCH_LINES = 2000


class NumberText(str):
    """A number as it was written: COPY casts the text, not the value."""

    __slots__ = ()


@dataclass(frozen=True)
class Faulty:
    """Text that is no document."""

    line: int
    code: int
    message: str
    text: str


@dataclass
class Documents:
    """The documents of a file, the line each ends in, and what is no document."""

    values: list[Any]
    lines: list[int]
    faulty: list[Faulty]
    line_count: int


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    parse_float=NumberText, parse_int=NumberText, parse_constant=_refuse_constant
)
_SPACE = re.compile(r"[ \t\n\r]*")
_NEXT_OBJECT = re.compile(r"\n[ \t\r]*(?=\{)")


def decode_file(data: bytes) -> str:
    """Decode a file; invalid bytes stay visible as lone surrogates."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode(errors="surrogateescape")


def read_documents(text: str, *, arrays: bool) -> Documents:
    """Cut a file into documents; arrays are documents only for JSONPaths."""
    kind: type | tuple[type, ...] = (dict, list) if arrays else dict
    found = Documents([], [], [], text.count("\n") + (not text.endswith("\n")))
    lines = text.split("\n")
    for start in range(0, len(lines), _BATCH_LINES):
        batch = lines[start : start + _BATCH_LINES]
        if not _read_lines(batch, start, found, kind):
            # A document spans lines, or something is wrong: read the rest slowly.
            rest = "\n".join(lines[start:])
            _read_slowly(rest, start, found, kind)
            return found
    return found


def _read_lines(
    batch: list[str], start: int, found: Documents, kind: type | tuple[type, ...]
) -> bool:
    """Read one document per line, all lines in one call; say whether that is so."""
    numbers, texts = [], []
    for number, line in enumerate(batch, start + 1):
        stripped = line.strip(" \t\r")
        if stripped:
            if stripped[0] not in "{[" or stripped[-1] not in "}]":
                return False
            numbers.append(number)
            texts.append(stripped)
    if not texts:
        return True
    if max(map(len, texts)) * 4 > MAX_DOCUMENT_BYTES:
        return False
    try:
        documents = _DECODER.decode(f"[{','.join(texts)}]")
    except ValueError:
        return False
    if len(documents) != len(texts) or not all(
        isinstance(document, kind) for document in documents
    ):
        return False
    found.values += documents
    found.lines += numbers
    return True


def _read_slowly(
    text: str, line: int, found: Documents, kind: type | tuple[type, ...]
) -> None:
    counted = 0
    line += 1
    for start, end, value, problem in _scan(text):
        line += text.count("\n", counted, end)
        counted = end
        raw = text[start:end]
        if problem or not isinstance(value, kind):
            message = problem or "Invalid JSON: a document must be an object"
            found.faulty.append(Faulty(line, 1216, message, raw))
        elif _size(raw) > MAX_DOCUMENT_BYTES:
            message = "Line size exceeds the limit of 4194304 bytes"
            found.faulty.append(Faulty(line, 1216, message, raw[:1024]))
        else:
            found.values.append(value)
            found.lines.append(line)


def _size(raw: str) -> int:
    # The delimiter of the internal format counts twice.
    return len(raw.encode(errors="surrogateescape")) + raw.count("|")


def _scan(text: str) -> Iterator[tuple[int, int, Any, str]]:
    """Yield (start, end, value, problem) of each document or stretch of no document."""
    at = _skip_space(text, 0)
    while at < len(text):
        try:
            value, end = _DECODER.raw_decode(text, at)
            problem = ""
        except (ValueError, RecursionError) as error:
            following = _NEXT_OBJECT.search(text, at + 1)
            end = following.start() if following else len(text.rstrip())
            value, problem = None, f"Invalid JSON: {str(error).split(':')[0]}"
        yield at, end, value, problem
        at = _skip_space(text, max(end, at + 1))


def _skip_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


# -- mapping -------------------------------------------------------------------


class PathFaultError(Exception):
    """A JSONPath meets an array that has no such element."""


def to_text(value: Any) -> str | None:
    """Return a value as COPY casts it: scalars as text, structures as JSON."""
    if value is None or value.__class__ is str:
        return value
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return str(value)
    return dump(value)


def dump(value: Any) -> str:
    """Write JSON compactly, with numbers as they were."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{_quoted(k)}:{dump(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(dump, value)) + "]"
    if isinstance(value, NumberText):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def _quoted(key: str) -> str:
    return json.dumps(key, ensure_ascii=False)


def columns_by_name(
    documents: list[Any], columns: list[Column], *, ignore_case: bool
) -> list[Values]:
    """Map keys to columns of the same name; a missing key is NULL."""
    if not ignore_case:
        return [
            _column_values(
                [document.get(lengthen(column.name)) for document in documents], column
            )
            for column in columns
        ]
    keys: dict[tuple[str, ...], dict[str, str]] = {}
    rows = []
    for document in documents:
        shape = tuple(document)
        if shape not in keys:
            keys[shape] = {key.lower(): key for key in shape}
        rows.append((document, keys[shape]))
    return [
        _column_values(
            [
                document.get(names.get(lengthen(column.name)))
                for document, names in rows
            ],
            column,
        )
        for column in columns
    ]


def _column_values(values: list[Any], column: Column) -> Values:
    if column.type == "jsonb":
        return [None if value is None else dump(value) for value in values]
    return [
        value if value.__class__ is str or value is None else to_text(value)
        for value in values
    ]


Step = str | int
_PATH = re.compile(
    r"""\$(?P<bracket>(?:\[\s*(?:'[^']*'|"[^"]*"|[0-9]+)\s*\])+)
      |\$(?P<dot>(?:\.[^.\[\]'"]+(?:\[[0-9]+\])*)+|(?:\[[0-9]+\])+)?""",
    re.VERBOSE,
)
_STEP = re.compile(r"""\[\s*(?:'([^']*)'|"([^"]*)"|([0-9]+))\s*\]|\.([^.\[\]]+)""")


def parse_jsonpaths(data: bytes) -> list[list[Step]] | None:
    """Return the paths of a JSONPaths file; None if its key is not `jsonpaths`."""
    try:
        document = json.loads(data.decode())
    except (ValueError, UnicodeDecodeError) as problem:
        raise _bad_file("not a JSON document") from problem
    if not isinstance(document, dict):
        raise _bad_file("not a JSON object")
    if "jsonpaths" not in document:
        # Redshift falls back to 'auto' without a word.
        return None
    paths = document["jsonpaths"]
    if not isinstance(paths, list) or not paths:
        raise _bad_file("jsonpaths is not an array of paths")
    return [_parse_path(path) for path in paths]


def _parse_path(path: object) -> list[Step]:
    if not isinstance(path, str) or not _PATH.fullmatch(path):
        raise RedshiftError("XX000", f"Invalid JSONPath format: {path}")
    return [
        int(index) if index else single or double or dotted
        for single, double, index, dotted in _STEP.findall(path)
    ]


def _bad_file(why: str) -> RedshiftError:
    return RedshiftError("XX000", f"Invalid JSONPaths file: {why}")


def columns_by_path(
    documents: list[Any], columns: list[Column], paths: list[list[Step]]
) -> tuple[list[Values], dict[int, tuple[int, str]]]:
    """Map paths to columns by position; also return problems by row."""
    problems: dict[int, tuple[int, str]] = {}
    result = []
    for position, (column, path) in enumerate(zip(columns, paths, strict=True)):
        follow = _follower(path)
        values = []
        for row, document in enumerate(documents):
            try:
                values.append(follow(document))
            except PathFaultError as fault:
                values.append(None)
                problems.setdefault(row, (position, str(fault)))
        result.append(_column_values(values, column))
    return result, problems


def _follower(path: list[Step]) -> Callable[[Any], Any]:
    def follow(value: Any) -> Any:
        for step in path:
            if isinstance(step, str):
                if not isinstance(value, dict):
                    if value is None:
                        return None
                    raise PathFaultError(
                        "Invalid JSONPath format: Member is not an object."
                    )
                value = value.get(step)
            elif isinstance(value, list) and step < len(value):
                value = value[step]
            else:
                raise PathFaultError(
                    "Invalid JSONPath format: Not an array or index out of range."
                )
        return value

    return follow
