"""Reads `sql/` into ordered tables: one folder is one table, one file one step."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import takewhile

# The order of creation and of the transform: what a table reads stands before it.
CONTROL = (
    "lock",
    "loads",
    "load_files",
    "rejects",
    "unknown_keys",
    "check_results",
    "load_steps",
    "attempts",
)
STAGING = ("events", "songs")
TRANSFORM = (
    "work.repeated_events",
    "work.contested_events",
    "work.contested_contents",
    "work.tally",
    "work.settled_events",
    "work.touched_songs",
    "work.touched_users",
    "analytics.users",
    "work.settled_levels",
    "analytics.user_levels",
    "analytics.user_agents",
    "analytics.places",
    "analytics.artists",
    "analytics.songs",
    "work.played_texts",
    "analytics.song_texts",
    "analytics.song_names",
    "work.touched_texts",
    "work.touched_names",
    "work.text_matches",
    "work.rematched_plays",
    "work.replaced_plays",
    "analytics.songplays",
    "work.touched_hours",
    "analytics.time",
    "work.touched_plays",
    "analytics.page_views",
    "work.touched_sessions",
    "analytics.sessions",
    "analytics.user_hours",
)
# What the checks of scope `run` read; made when they are run.
JUDGED = ("work.usual_days",)
SCHEMAS = ("control", "staging", "analytics")
# What has the name of another table's key, and is not one: free text of the catalogue.
_NO_FOREIGN_KEYS = {("artists", "location")}
SEVERITIES = ("error", "warn")
SCOPES = ("load", "run", "warehouse")

_CREATE = re.compile(r"create table if not exists (\w+\.\w+) \((.*?)\n\);", re.DOTALL)
_COLUMN = re.compile(
    r"^    (?P<name>\w+) (?P<type>[a-z ]+?(?:\(\d+\))?)(?P<required> not null)?,?$",
    re.MULTILINE,
)
_COMMENT = re.compile(
    r"comment on (table|column) (?P<name>[\w.]+) is\s+'(?P<text>(?:[^']|'')*)';"
)
_CHECK = re.compile(r"^-- check:", re.MULTILINE)
_OPTION = re.compile(r"-- (severity|scope):(.*)")
_CHECK_NAME = re.compile(r"[a-z]\w{0,127}", re.ASCII)
# What is no statement of its own: comments, texts, quoted names.
_ASIDE = re.compile(r"--[^\n]*|/\*.*?\*/|'[^']*'|\"[^\"]*\"", re.DOTALL)
_HEADER = re.compile(r"^-- (\w+): (.*)$", re.MULTILINE)
_WIDTH = re.compile(r"varchar\((\d+)\)")


@dataclass(frozen=True)
class Column:
    """A column: SQL type, whether it may be null, and what it means."""

    name: str
    type: str
    required: bool
    comment: str

    @property
    def width(self) -> int | None:
        """Bytes that a text may have; None for what is not text."""
        found = _WIDTH.fullmatch(self.type)
        return int(found[1]) if found else None


@dataclass(frozen=True)
class Check:
    """A select of rows that must not exist; `what` says what it proves.

    One of scope `load` looks at what a load touched, and runs inside of it; one of
    scope `run` looks at the days that a run touched, and runs inside of its last load;
    one of scope `warehouse` looks at everything, and runs on demand. `file` is that of
    a user's own check.
    """

    name: str
    severity: str
    scope: str
    what: str
    sql: str
    file: str = ""


@dataclass(frozen=True)
class Physical:
    """How a table lies in a warehouse: `physical.json`, read by engines alone.

    `indexes` are columns to find rows by, apart by commas. `distribution` is the
    column by which rows are spread over a cluster, or `all` or `even`; `order` has the
    columns they are sorted by. Each comes with its reason.
    """

    indexes: Mapping[str, str] = field(default_factory=dict)
    distribution: Mapping[str, str] = field(default_factory=dict)
    order: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """A table: where it is, what a row is, how it is created, loaded and checked.

    `json_keys` are those of the JSON record, by column, for staging tables; `judge` is
    the select that types a record and says why it cannot be accepted. `physical` is how
    it lies in the warehouse; an engine takes from it what it has. `new` finds the
    values that a lookup lacks.
    """

    schema: str
    name: str
    comment: str
    grain: str
    key: str
    columns: tuple[Column, ...]
    create: tuple[str, ...]
    load: tuple[str, ...]
    checks: tuple[Check, ...]
    json_keys: tuple[str, ...]
    judge: str
    physical: Physical
    new: str

    @property
    def full_name(self) -> str:
        """schema.table, as statements write it."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Models:
    """All tables, and the steps of the transform in their order.

    `judged` is what the checks of scope `run` read. `own_checks` are the user's.
    """

    prefix: str
    tables: tuple[Table, ...]
    transform: tuple[Table, ...]
    judged: tuple[Table, ...]
    own_checks: tuple[Check, ...] = ()

    @property
    def schemas(self) -> tuple[str, ...]:
        """The schemas, as named in the warehouse."""
        return tuple(self.prefix + schema for schema in SCHEMAS)

    def table(self, name: str) -> Table:
        """The table that `sql/` calls `name`, such as `staging.events`."""
        return next(t for t in self.tables if t.full_name == self.prefix + name)

    def checks(self) -> Iterator[Check]:
        """All checks, in the order of their tables; the user's own come last."""
        for table in self.tables:
            yield from table.checks
        yield from self.own_checks

    def foreign_keys(self) -> Iterator[tuple[Table, Column, Table]]:
        """A table of the star, its column, and the table whose key that is.

        A key has one name everywhere, so that the name tells what it refers to.
        """
        star = [t for t in self.tables if t.schema == f"{self.prefix}analytics"]
        keys = {table.key: table for table in star}
        for table in star:
            for column in table.columns:
                to = keys.get(column.name, table)
                is_key = (table.name, column.name) not in _NO_FOREIGN_KEYS
                if to is not table and is_key:
                    yield table, column, to

    def in_schema(self, sql: str) -> str:
        """`sql` with its schemas as named in this warehouse."""
        return _prefixed(sql, self.prefix)


@cache
def load_models(prefix: str = "") -> Models:
    """Read `sql/`; `prefix` goes before each schema's name (several environments)."""
    names = [f"control.{name}" for name in CONTROL]
    names += [f"staging.{name}" for name in STAGING]
    names += TRANSFORM
    tables = tuple(_read_table(*name.split("."), prefix=prefix) for name in names)
    return Models(
        prefix=prefix,
        tables=tuple(t for t in tables if t.create),
        transform=tables[-len(TRANSFORM) :],
        judged=tuple(_read_table(*name.split("."), prefix=prefix) for name in JUDGED),
    )


def metric(name: str, prefix: str = "") -> str:
    """The select of `sql/metrics/NAME.sql`."""
    return _prefixed((_root() / "metrics" / f"{name}.sql").read_text("utf-8"), prefix)


def statements(sql: str) -> tuple[str, ...]:
    """Split a file at each `;` that ends a line; comments stay with what follows."""
    return tuple(part.strip() for part in re.split(r";\n", sql) if part.strip())


def without_comments(sql: str) -> str:
    """`sql` without its comment lines."""
    lines = (line for line in sql.splitlines() if not line.lstrip().startswith("--"))
    return "\n".join(lines).strip()


def read_checks(text: str) -> Iterator[Check]:
    """The checks of a file. Raises ValueError, with what it lacks, when one is none."""
    before, *parts = _CHECK.split(text)
    if without_comments(before):
        raise ValueError("a statement stands before the first `-- check:`")
    yield from map(_read_check, parts)


def _read_check(text: str) -> Check:
    """What follows `-- check:`: its name, options, sentence, and select."""
    name, *lines = text.strip().splitlines()
    head = list(takewhile(lambda line: line.startswith("--"), lines))
    options = {
        found[1]: found[2].strip()
        for line in head
        if (found := _OPTION.fullmatch(line))
    }
    check = Check(
        name=name.strip(),
        severity=options.get("severity", ""),
        scope=options.get("scope", "load"),
        what=" ".join(
            line.removeprefix("--").strip()
            for line in head
            if not _OPTION.fullmatch(line)
        ),
        sql="\n".join(lines[len(head) :]).strip().rstrip(";"),
    )
    if problem := _problem(check):
        raise ValueError(f"check {check.name}: {problem}")
    return check


def _problem(check: Check) -> str:
    """What makes it no check; empty when it is one."""
    if not _CHECK_NAME.fullmatch(check.name):
        return "a name has small letters, digits and _, a letter first"
    if check.severity not in SEVERITIES:
        return f"its severity is {check.severity or 'missing'}; give error or warn"
    if check.scope not in SCOPES:
        return f"its scope is {check.scope}; give load, run or warehouse"
    if not check.what:
        return "a sentence on what it proves is missing from its head"
    bare = _ASIDE.sub("", check.sql).strip()
    if ";" in bare or not re.match(r"(select|with)\b", bare, re.IGNORECASE):
        return "it is not one select"
    return ""


def _root() -> Traversable:
    return files("sparkify") / "sql"


def _prefixed(sql: str, prefix: str) -> str:
    names = "|".join(SCHEMAS)
    return re.sub(rf"\b({names})\.(?=\w)", rf"{prefix}\1.", sql) if prefix else sql


def _read_table(schema: str, name: str, *, prefix: str) -> Table:
    folder = _root() / schema / name
    create = _prefixed(_optional(folder / "table.sql"), prefix)
    load = _prefixed(_optional(folder / "load.sql"), prefix)
    paths = _optional(folder / "jsonpaths.json")
    headers = dict(_HEADER.findall(create or load))
    return Table(
        schema=schema if schema == "work" else prefix + schema,
        name=name,
        comment=_comments(create).get(f"{prefix}{schema}.{name}", ""),
        grain=headers.get("grain", ""),
        key=headers.get("key", ""),
        columns=tuple(_columns(create)),
        create=statements(create),
        load=statements(load),
        checks=tuple(read_checks(_prefixed(_optional(folder / "checks.sql"), prefix))),
        json_keys=tuple(
            path.removeprefix("$['").removesuffix("']")
            for path in (json.loads(paths)["jsonpaths"] if paths else ())
        ),
        judge=_prefixed(_optional(folder / "judge.sql"), prefix).rstrip("\n;"),
        physical=Physical(**json.loads(_optional(folder / "physical.json") or "{}")),
        new=_prefixed(_optional(folder / "new.sql"), prefix).rstrip("\n;"),
    )


def _optional(path: Traversable) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


def _comments(create: str) -> dict[str, str]:
    return {
        found["name"]: found["text"].replace("''", "'")
        for found in _COMMENT.finditer(create)
    }


def _columns(create: str) -> Iterator[Column]:
    found = _CREATE.search(create)
    if not found:
        return
    comments = _comments(create)
    for column in _COLUMN.finditer(found[2]):
        yield Column(
            name=column["name"],
            type=column["type"],
            required=column["required"] is not None,
            comment=comments[f"{found[1]}.{column['name']}"],
        )
