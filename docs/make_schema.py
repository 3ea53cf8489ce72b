"""Writes docs/schema.md: `make docs`.

The tables come from the comments in sparkify/sql/. What becomes of each JSON type is
not told but tried: records with one odd value each are loaded, and the page says where
they went. Prose stands in schema.template.md.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sparkify.config import load_settings
from sparkify.models import Column, Models, Table, load_models
from sparkify.pipeline import Pipeline

HERE = Path(__file__).parent
PAGE = HERE / "schema.md"
TEMPLATE = HERE / "schema.template.md"

TIME: Final = 1542000000000
EVENT: dict[str, object] = {
    "artist": "A",
    "auth": "Logged In",
    "firstName": "F",
    "gender": "F",
    "itemInSession": 0,
    "lastName": "L",
    "length": 200.5,
    "level": "free",
    "location": "P",
    "method": "PUT",
    "page": "Home",
    "registration": TIME,
    "sessionId": 1,
    "song": "S",
    "status": 200,
    "ts": TIME,
    "userAgent": "U",
    "userId": "1",
}
SONG: dict[str, object] = {
    "num_songs": 1,
    "artist_id": "AR1",
    "artist_latitude": 1.5,
    "artist_longitude": 1.5,
    "artist_location": "P",
    "artist_name": "A",
    "song_id": "SO1",
    "title": "T",
    "duration": 200.5,
    "year": 1999,
}
# Dataset: a sound record, its folder, and two keys either of which can hold a mark.
DATASETS = {
    "events": (EVENT, "log_data", ("method", "auth")),
    "songs": (SONG, "song_data", ("title", "artist_name")),
}
# Least and greatest accepted value; the next ones are tried, and have to be rejected.
INTEGER = (-(2**31), 2**31 - 1)
LIMITS: dict[str, tuple[int, int]] = {
    "session_id": (0, 2**53),
    "item_in_session": (0, 2**31 - 1),
    "ts": (946684800000, 4102444799999),
    "registration": (946684800000, 4102444799999),
    "status": INTEGER,
    "num_songs": INTEGER,
    "year": INTEGER,
    "user_id": (-(10**17) + 1, 10**18 - 1),
}
LIMIT_WORDS = {
    LIMITS["session_id"]: "0 to 2^53",
    LIMITS["item_in_session"]: "0 to 2^31 − 1",
    LIMITS["ts"]: "2000-01-01 to 2099-12-31",
    INTEGER: "−2^31 to 2^31 − 1",
    LIMITS["user_id"]: "18 characters",
}
TYPES = (
    *("missing or `null`", '`""`', "another text", "a text of a number"),
    *("a whole number", "a fraction", "`true`", "an object or array"),
)
BROKEN = (
    ("Text that is no JSON", b'{"ts": oops}'),
    ("A JSON value that is no object", b"[1, 2]"),
    ("A key that we read, twice", b'{"ts": 1, "ts": 2}'),
    ("Bytes that are not UTF-8", b'{"song": "\xff"}'),
    ("A lone surrogate", b'{"song": "\\ud800"}'),
    ("A record over 4 MiB", b'{"x": "' + b"x" * 4 * 1024 * 1024 + b'"}'),
    ("NUL in a text", json.dumps(EVENT | {"song": "\0"}).encode()),
    ("A text over its width", json.dumps(EVENT | {"song": "x" * 1025}).encode()),
)
RUNS = {
    "load": "in each load",
    "run": "in the last load of a run",
    "warehouse": "on demand",
}
_MISSING = object()
_MARK = re.compile(r"mark-(\w+)-(\d+)")


@dataclass(frozen=True)
class Outcome:
    """What became of a value: `reason` when rejected, else what staging holds."""

    reason: str
    stored: object = None

    def cell(self, delivered: object) -> str:
        """In a word, for the table."""
        if self.reason:
            return f"**rejected**: {self.reason}"
        if self.stored is None:
            return "null"
        if self.stored == delivered and type(delivered) is not bool:
            return "as it is"
        value = self.stored
        return f"`{json.dumps(value) if isinstance(value, str) else value}`"


def document() -> str:
    """The whole page."""
    models = load_models()
    page = TEMPLATE.read_text("utf-8")
    with tempfile.TemporaryDirectory(prefix="sparkify-") as folder:
        outcomes, broken = _try(Path(folder), models)
    parts = {
        "diagram": _diagram(models),
        "tables": _tables(models),
        "checks": _checks(models),
        "events": _types(models.table("staging.events"), outcomes),
        "songs": _types(models.table("staging.songs"), outcomes),
        "broken": broken,
    }
    for name, part in parts.items():
        page = page.replace(f"{{{{{name}}}}}", part.strip())
    return page


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |\n"


def _head(*names: str) -> str:
    return _row(*names) + "|---" * len(names) + "|\n"


def _diagram(models: Models) -> str:
    star = [t for t in models.tables if t.schema == "analytics"]
    keys = list(models.foreign_keys())
    foreign = {(table.name, column.name) for table, column, _ in keys}
    lines = ["```mermaid", "erDiagram"]
    lines += [
        f"    {to.name} "
        f"{'||' if column.required else '|o'}--o{{ {table.name} : {column.name}"
        for table, column, to in keys
    ]
    for table in star:
        lines.append(f"    {table.name} {{")
        own = [name.strip() for name in table.key.split(",")]
        for column in table.columns:
            marks = ["PK"] if column.name in own else []
            marks += ["FK"] if (table.name, column.name) in foreign else []
            type_ = column.type.replace(" ", "_")
            line = f"        {type_} {column.name} {', '.join(marks)}"
            lines.append(line.rstrip())
        lines.append("    }")
    return "\n".join([*lines, "```"])


def _tables(models: Models) -> str:
    text = ""
    for table in sorted(models.tables, key=lambda t: _ORDER.index(t.schema)):
        text += f"\n### {table.full_name}\n\n{table.comment}\n\n"
        text += f"- Grain: {table.grain}.\n- Key: {table.key}.\n\n"
        text += _head("column", "type", "null", "meaning")
        for column in table.columns:
            null = "" if column.required else "yes"
            text += _row(f"`{column.name}`", column.type, null, column.comment)
    return text


def _checks(models: Models) -> str:
    text = _head("table", "check", "severity", "runs", "proves")
    for table in models.tables:
        for check in table.checks:
            runs = RUNS[check.scope]
            name = f"`{check.name}`"
            text += _row(table.full_name, name, check.severity, runs, check.what)
    return text


def _types(table: Table, outcomes: dict[str, list[Outcome]]) -> str:
    text = _head("key", *TYPES, "rejected, too")
    for key, column in zip(table.json_keys, table.columns, strict=False):
        values = _values(column)
        cells = [
            outcome.cell(value)
            for value, outcome in zip(values, outcomes[column.name], strict=False)
        ]
        # missing and null, and object and array, stand in one cell each
        merged = ["; ".join(dict.fromkeys(cells[:2])), *cells[2:-2]]
        merged.append("; ".join(dict.fromkeys(cells[-2:])))
        text += _row(f"`{key}`", *merged, _also(column))
    return text


def _also(column: Column) -> str:
    parts = []
    if column.name in LIMITS:
        parts.append(f"outside {LIMIT_WORDS[LIMITS[column.name]]}")
    if column.name == "user_id":
        parts.append("leading zeros")
    if column.name == "level":
        parts.append("neither `free` nor `paid`")
    if column.width:
        parts.append(f"over {column.width:,} bytes")
    return "; ".join(parts)


def _values(column: Column) -> Sequence[object]:
    """A value of each JSON type, in the order of TYPES."""
    usual = {"ts": TIME, "registration": TIME, "status": 200, "year": 1999}
    number = usual.get(column.name, 12)
    odd: tuple[object, ...] = (_MISSING, None, "", "abc", str(number), number)
    return (*odd, number + 0.5, True, {"a": 1}, [1])


def _limits(column: Column) -> Iterator[tuple[object, bool]]:
    """Values at and over the limits, and whether they have to be accepted."""
    if column.name in LIMITS:
        least, greatest = LIMITS[column.name]
        yield from ((least, True), (greatest, True))
        yield from ((least - 1, False), (greatest + 1, False))


def _try(folder: Path, models: Models) -> tuple[dict[str, list[Outcome]], str]:
    """Load a record for each value of each column; what became of them."""
    config = folder / "dwh.cfg"
    config.write_text("[S3]\nLOG_DATA=log_data\nSONG_DATA=song_data\n", "utf-8")
    for name in DATASETS:
        _write_values(folder, models.table(f"staging.{name}"))
    for number, (_, record) in enumerate(BROKEN):
        path = folder / "log_data" / f"broken-{number}.json"
        path.write_bytes(record + b"\n")
    pipeline = Pipeline(load_settings(config, environment={}))
    pipeline.create_tables()
    pipeline.run()
    with pipeline.engine.session(read_only=True):
        outcomes = {
            column.name: list(_outcomes(pipeline, name, column))
            for name in DATASETS
            for column in models.table(f"staging.{name}").columns[:-1]
        }
        return outcomes, _broken(pipeline)


def _write_values(folder: Path, table: Table) -> None:
    sound, place, _ = DATASETS[table.name]
    for key, column in zip(table.json_keys, table.columns, strict=False):
        lines = []
        values = [*_values(column), *(value for value, _ in _limits(column))]
        for number, value in enumerate(values):
            record = sound | {_marked(table.name, key): f"mark-{column.name}-{number}"}
            record[key] = value
            if value is _MISSING:
                del record[key]
            lines.append(json.dumps(record) + "\n")
        path = folder / place / f"{column.name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(lines), "utf-8")


def _marked(dataset: str, key: str) -> str:
    """The key that holds the mark: not the one whose values are tried."""
    first, second = DATASETS[dataset][2]
    return second if key == first else first


def _outcomes(pipeline: Pipeline, dataset: str, column: Column) -> Iterator[Outcome]:
    mark = _marked(dataset, column.name)
    staged = pipeline.engine.query(
        f"select {mark}, {column.name} from staging.{dataset} "
        f"where {mark} like 'mark-{column.name}-%'"
    )
    rejected = pipeline.engine.query(
        f"select raw_record, reason from control.rejects where dataset = '{dataset}'"
    )
    found = {_number(mark, column): Outcome("", value) for mark, value in staged}
    for raw, reason in rejected:
        number = _number(raw, column)
        if number >= 0:
            found[number] = Outcome(str(reason).removeprefix(f"{column.name}: "))
    count = len(_values(column))
    for number, (value, accepted) in enumerate(_limits(column), count):
        if (not found[number].reason) is not accepted:
            raise AssertionError(f"{column.name}: {value}: {found[number]}")
    yield from (found[number] for number in range(count))


def _number(text: object, column: Column) -> int:
    """The number of the value that a record was marked with; -1 for other records."""
    found = _MARK.search(str(text))
    return int(found[2]) if found and found[1] == column.name else -1


def _broken(pipeline: Pipeline) -> str:
    rows = pipeline.engine.query("select uri, reason from control.rejects")
    reasons = {Path(str(uri)).name: str(reason) for uri, reason in rows}
    text = _head("what stands in the file", "reason")
    for number, (what, _) in enumerate(BROKEN):
        text += _row(what, reasons[f"broken-{number}.json"])
    return text


_ORDER = ("analytics", "staging", "control")

if __name__ == "__main__":
    PAGE.write_text(document(), "utf-8")
