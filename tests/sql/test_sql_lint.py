"""The SQL is a portable core: DuckDB, PostgreSQL and Redshift run it word for word.

What the core may hold, and why, is in docs/decisions/0001-portable-sql.md.
A rule that a statement breaks is a text; a sound statement breaks none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
import sqlglot
from sqlfluff.core import FluffConfig, Linter
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sparkify.models import load_models, statements

ROOT = Path(str(files("sparkify"))) / "sql"
FILES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.sql"))
WITH_GRAIN = [
    name for name in FILES if re.search(r"table\.sql|judge|new|work/|met", name)
]
TABLES = [table.full_name for table in load_models().tables]
STAGING = [table.full_name for table in load_models().tables if table.judge]

DIALECTS = ("duckdb", "postgres", "redshift")
FUNCTIONS = frozenset(
    {
        *("abs", "avg", "cast", "char_length", "coalesce", "count", "date_trunc"),
        *("extract", "floor", "lag", "lead", "least", "left", "max", "min", "mod"),
        *("nullif", "percentile_cont", "rank", "row_number", "split_part", "sum"),
        *("trim",),
    }
)
NO_FUNCTIONS = frozenset(
    {
        *("all", "and", "any", "as", "between", "by", "case", "else", "except"),
        *("exists", "from", "group", "in", "intersect", "not", "on", "or", "over"),
        *("select", "then", "union", "using", "values", "varchar", "when", "where"),
        "with",
    }
)
TYPES = frozenset(
    {
        *(exp.DataType.Type.BIGINT, exp.DataType.Type.INT, exp.DataType.Type.DOUBLE),
        *(exp.DataType.Type.TIMESTAMP, exp.DataType.Type.DATE),
        exp.DataType.Type.BOOLEAN,
    }
)
# Window functions that take an order and no frame, everywhere.
NO_FRAME = (exp.RowNumber, exp.Rank, exp.Lag, exp.Lead)

# What the core must not hold, as words of a statement without comments and texts.
DENIED = {
    word: re.compile(pattern, re.IGNORECASE)
    for word, pattern in {
        "a cast by ::": r"::",
        "seconds since 1970, on Redshift an integer": r"\bepoch\b",
        # DuckDB's trims every kind of blank, the others' U+0020 alone.
        "trim without what to trim": r"\btrim\s*\((?!both '' from )",
        "truncate": r"\btruncate\b",
        "merge": r"\bmerge\b",
        "on conflict": r"\bon\s+conflict\b",
        "returning": r"\breturning\b",
        "distinct on": r"\bdistinct\s+on\b",
        "qualify": r"\bqualify\b",
        "filter (where)": r"\bfilter\s*\(",
        "lateral": r"\blateral\b",
        "an index": r"\bindex\b",
        "identity": r"\bidentity\b|\bgenerated\b|\bserial\b",
        "a sequence": r"\bnextval\b|\bsequence\b",
        "a key that no engine proves": r"\b(primary|foreign|unique)\b",
        "the time of the run": (
            r"\b(current_(timestamp|date|time)|localtime(stamp)?|now|getdate|sysdate)\b"
        ),
        "ilike or similar": r"\bilike\b|\bsimilar\s+to\b",
        "collate": r"\bcollate\b",
        "nulls first or last": r"\bnulls\s+(first|last)\b",
        "a range frame": r"\brange\s+(between|unbounded|current)\b",
        "a right, full or natural join": r"\b(right|full|natural)\s+(outer\s+)?join\b",
        "unnest, pivot or exclude": r"\b(unnest|pivot|unpivot|exclude)\b",
        "group or order by all": r"\b(group|order)\s+by\s+all\b",
        "group or order by number": r"\b(group|order)\s+by\s+\d",
        "a quoted name": r'"',
        "a statement of the session": r"\b(set\s+variable|search_path|pragma|attach)\b",
        "a copy, which is the engine's": r"\bcopy\b",
        "a type of another width elsewhere": r"\b(float\d*|real|text|json|super)\b",
    }.items()
}

_COMMENT = re.compile(r"--[^\n]*")
_TEXT = re.compile(r"'(?:[^']|'')*'")
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)\b")
_TARGET = re.compile(
    r"\b(insert\s+into|create\s+table\s+if\s+not\s+exists|create\s+temp\s+table)"
    r"\s+[\w.]+\s*\(",
    re.IGNORECASE,
)
_CALL = re.compile(r"([a-z_][a-z0-9_]*)\s*\(", re.IGNORECASE)


def faults(sql: str) -> Iterator[str]:
    """What a statement breaks of the rules of the core."""
    bare = _COMMENT.sub("", sql)
    words = _TEXT.sub("''", bare)
    yield from (word for word, pattern in DENIED.items() if pattern.search(words))
    if any("\\" in text for text in _TEXT.findall(bare)):
        yield "a backslash in a text"
    for call in _CALL.findall(_TARGET.sub("(", words)):
        if call.lower() not in FUNCTIONS | NO_FUNCTIONS:
            yield f"the function {call}"
    for dialect in DIALECTS:
        yield from _faults_of_trees(_PARAMETER.sub("1", sql), dialect)


def _faults_of_trees(sql: str, dialect: str) -> Iterator[str]:
    try:
        trees = sqlglot.parse(sql, read=dialect)
    except SqlglotError as error:
        yield f"{dialect}: {error}"
        return
    for tree in trees:
        if tree is None or tree.find(exp.Command):
            yield f"{dialect}: no statement it knows"
            continue
        yield from _faults_of_tree(tree)
        if dialect == "redshift":
            yield from _faults_of_types(tree)


def _faults_of_types(tree: exp.Expr) -> Iterator[str]:
    for type_ in tree.find_all(exp.DataType):
        is_text = type_.is_type(exp.DataType.Type.VARCHAR) and type_.expressions
        if type_.this not in TYPES and not is_text:
            yield f"the type {type_.sql()}"


def _faults_of_tree(tree: exp.Expr) -> Iterator[str]:
    yield from _untyped(tree)
    for star in tree.find_all(exp.Star):
        if not isinstance(star.parent, exp.Count):
            yield "select *"
    for division in tree.find_all(exp.Div):
        if not any(_is_fraction(side) for side in (division.left, division.right)):
            yield "a division of what may be integers"
    for window in tree.find_all(exp.Window):
        yield from _faults_of_window(window)
    for match in tree.find_all(exp.RegexpLike):
        if not re.fullmatch(r"\^.*\$", match.expression.name):
            yield "a pattern that is not anchored at both ends"
    for name in tree.find_all(exp.Anonymous):
        yield f"the function {name.name}"


def _untyped(tree: exp.Expr) -> Iterator[str]:
    """Texts and nulls of a subquery that nothing gives a type: Redshift fails on them.

    The arms of a union give each other theirs.
    """
    for select in tree.find_all(exp.Select):
        is_arm = isinstance(select.parent, exp.SetOperation)
        is_inner = isinstance(select.parent, exp.CTE | exp.Subquery)
        for each in select.expressions if is_inner and not is_arm else ():
            value = each.unalias()
            if isinstance(value, exp.Null) or (
                isinstance(value, exp.Literal) and value.is_string
            ):
                yield f"{each.alias} has no type"


def _faults_of_window(window: exp.Window) -> Iterator[str]:
    order = window.args.get("order")
    frame = window.args.get("spec")
    if isinstance(window.this, NO_FRAME):
        if not order or not order.find(exp.Column):
            yield "a row's place or neighbour without an order"
        elif frame:
            yield "a frame that has no meaning here"
    elif order and (frame is None or str(frame.args.get("kind")).upper() != "ROWS"):
        yield "an ordered window without a frame of rows"


def _is_fraction(side: exp.Expr) -> bool:
    side = side.unnest()
    if isinstance(side, exp.Cast):
        return side.to.is_type(exp.DataType.Type.DOUBLE)
    return isinstance(side, exp.Literal) and not side.is_string and "." in side.name


@cache
def _statements(name: str) -> tuple[str, ...]:
    return statements((ROOT / name).read_text("utf-8"))


@pytest.mark.parametrize("name", FILES)
def test_statements_keep_to_the_core(name: str) -> None:
    """Every statement is read by all three dialects, and holds the core alone."""
    assert _statements(name)
    found = {fault for sql in _statements(name) for fault in faults(sql)}
    assert not found


@pytest.mark.parametrize("name", FILES)
def test_redshift_reads_the_file(name: str) -> None:
    """The grammar of sqlfluff's Redshift dialect leaves no part of a file unread."""
    sql = _PARAMETER.sub("1", (ROOT / name).read_text("utf-8"))
    assert not list(_unread(sql))


def _unread(sql: str) -> Iterator[str]:
    parsed = _redshift().parse_string(sql)
    yield from (violation.desc() for violation in parsed.violations)
    assert parsed.tree is not None
    yield from (part.raw for part in parsed.tree.recursive_crawl("unparsable"))


@cache
def _redshift() -> Linter:
    return Linter(config=FluffConfig(overrides={"dialect": "redshift"}))


@pytest.mark.parametrize("name", WITH_GRAIN)
def test_file_says_its_grain(name: str) -> None:
    """A file that makes rows begins with a sentence on them and says what a row is."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    assert re.fullmatch(r"-- [A-Z].*", lines[0])
    grains = [line for line in lines if line.startswith("-- grain: ")]
    assert len(grains) == 1
    assert re.match(r"-- grain: one row (per|for) \w+", grains[0])


@pytest.mark.parametrize("name", FILES)
def test_file_begins_with_a_sentence(name: str) -> None:
    """A file says what it is for; a file of checks, what each proves."""
    text = (ROOT / name).read_text("utf-8")
    header = re.match(r"(?:--[^\n]*\n)+", text)
    assert header
    assert re.search(r"^-- [A-Z]", header[0], re.MULTILINE)


@pytest.mark.parametrize("name", TABLES)
def test_every_column_has_a_comment(name: str) -> None:
    """A table and each of its columns says in a sentence what it holds."""
    table = load_models().table(name)
    assert table.grain.startswith("one row per ")
    assert table.key
    texts = [table.comment, *(column.comment for column in table.columns)]
    assert all(re.fullmatch(r"\S.*[.]", text) for text in texts)
    assert len(table.columns) == len(list(_declared(name)))


def _declared(name: str) -> Iterator[str]:
    """The columns of a table as sqlglot reads them."""
    sql = (ROOT / name.replace(".", "/") / "table.sql").read_text("utf-8")
    for tree in sqlglot.parse(sql, read="redshift"):
        if isinstance(tree, exp.Create):
            yield from (column.name for column in tree.find_all(exp.ColumnDef))


@pytest.mark.parametrize("name", STAGING)
def test_jsonpaths_fit_the_columns(name: str) -> None:
    """COPY goes by position: a path per column but load_id, in order, none twice."""
    table = load_models().table(name)
    text = (ROOT / name.replace(".", "/") / "jsonpaths.json").read_text("utf-8")
    paths = json.loads(text)["jsonpaths"]
    columns = [column.name for column in table.columns]
    assert columns.pop() == "load_id"
    assert len(set(paths)) == len(paths) == len(columns)
    keys = [re.sub(r"^\$\['(\w+)'\]$", r"\1", path) for path in paths]
    assert [re.sub(r"(?=[A-Z])", "_", key).lower() for key in keys] == columns


def test_every_file_is_read_by_the_models() -> None:
    """No statement lies in a file that the program does not know."""
    known = {f"{t.schema}/{t.name}" for t in load_models().tables}
    known |= {f"{t.schema}/{t.name}" for t in load_models().transform}
    known |= {f"{t.schema}/{t.name}" for t in load_models().judged}
    names = {"table.sql", "new.sql", "load.sql", "checks.sql", "judge.sql"}
    for name in FILES:
        path = Path(name)
        if path.parts[0] != "metrics":
            assert path.parent.as_posix() in known
            assert path.name in names


def test_every_check_is_read() -> None:
    """No check is lost because its header is not as the others."""
    marks = sum(
        (ROOT / name).read_text("utf-8").count("-- check: ")
        for name in FILES
        if name.endswith("checks.sql")
    )
    checks = list(load_models().checks())
    assert len(checks) == marks
    assert len({check.name for check in checks}) == marks
    statements_of_checks = [n for n in FILES if n.endswith("checks.sql")]
    assert sum(len(_statements(name)) for name in statements_of_checks) == marks


BAD = (
    "select ts::bigint from staging.events",
    "truncate staging.events",
    "truncate table staging.events",
    "merge into analytics.users using s on a = b when matched then delete",
    "insert into analytics.users (user_id) select 1 on conflict do nothing",
    "delete from analytics.users where user_id = 1 returning user_id",
    "select distinct on (user_id) user_id from staging.events",
    "select a from t qualify row_number() over (partition by a order by b) = 1",
    "select count(*) filter (where page = 'NextSong') from staging.events",
    "select t.a from t, lateral (select 1) as u",
    "create index i on analytics.users (user_id)",
    "create unique index i on analytics.users (user_id)",
    "create table if not exists a.b (c bigint identity(1, 1))",
    "create table if not exists a.b (c bigint primary key)",
    "create table if not exists a.b (c text)",
    "create table if not exists a.b (c float)",
    "create table if not exists a.b (c varchar)",
    "create table if not exists a.b (c json)",
    "select current_timestamp",
    "select now()",
    "select getdate()",
    "select sysdate",
    "select current_date",
    "select a from t where a ilike 'x'",
    "select a from t order by a collate 'C'",
    "select * from t",
    "select t.* from t",
    "select a from t order by a nulls last",
    "select sum(a) over (order by b range between unbounded preceding and current row)"
    " from t",
    "select sum(a) over (order by b) from t",
    "select row_number() over () from t",
    "select row_number() over (order by (select null)) from t",
    "with p as (select 'NextSong' as page from t) select page from p",
    "select p.a from (select null as a from t) as p",
    "select extract(epoch from start_time) from analytics.time",
    "select 7 / 2",
    "select ts / 1000 from staging.events",
    "select dateadd(day, 1, start_time) from analytics.time",
    "select nvl(a, 1) from t",
    "select lower(a) from t",
    "select trim(a) from t",
    "select list(a) from t",
    "select to_char(a, 'YYYY') from t",
    "select regexp_replace(a, 'b', 'c') from t",
    "select concat(a, b) from t",
    "select try_cast(a as bigint) from t",
    "select a from t where a ~ '^[0-9]+'",
    "select a from t where a ~ '^\\d+$'",
    "select a from t group by 1",
    "select a from t group by all",
    'select "A" from t',
    "select a from t right join u on t.a = u.a",
    "copy staging.events from 's3://bucket'",
    "vacuum",
    "select a from",
)


@pytest.mark.parametrize("sql", BAD)
def test_lint_refuses(sql: str) -> None:
    """The rules catch what they are there for."""
    assert list(faults(sql))


GOOD = (
    "select sum(a) over (order by b rows between 6 preceding and current row) as c"
    " from t",
    "select rank() over (order by a) as place, lag(a) over (order by b) as c from t",
    "select count(*) as plays from analytics.songplays where level = :level",
    "select timestamp '1970-01-01 00:00:00' + (ts / 1000.0) * interval '1 second' as t"
    " from staging.events",
    "select a from t where a <> 'select * from x::y' -- truncate, \"quoted\"",
    "select row_number() over (partition by a order by b desc, c) as place from t",
    "select max(a) over (partition by b) as most from t",
    "with p as (select 'a' as a from t union all select b as a from t) select a from p",
    "with p as (select cast('a' as varchar(8)) as a from t) select a from p",
    "select cast(nullif(a, '') as double precision) / 2.0 as half from t",
)


@pytest.mark.parametrize("sql", GOOD)
def test_lint_accepts(sql: str) -> None:
    """The rules leave the core alone, and what stands in comments and texts."""
    assert not list(faults(sql))


def test_redshift_grammar_refuses() -> None:
    """A word that Redshift reserves, used as a name, is left unread."""
    assert list(_unread("create table if not exists a.b (raw bigint);\n"))
