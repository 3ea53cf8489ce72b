"""Every statement that the tests have sent to Redshift is one that it can read.

What stands in a file of `sql/` is read by `test_sql_lint.py`; what the engine makes, by
this one, which therefore runs last.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redshift
from conftest import make_warehouse
from sqlfluff.core import FluffConfig, Linter

from sparkify.models import statements, without_comments

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(str(files("sparkify"))) / "sql"

# Words that PostgreSQL would take, and Redshift would not, or with another meaning.
DENIED = re.compile(
    r"::|\b(truncate|merge|returning|qualify|lateral|ilike|savepoint|nextval|serial"
    r"|on\s+conflict|distinct\s+on|from\s+stdin|for\s+update|nulls\s+(first|last)"
    r"|string_agg|now|access_key_id|secret_access_key|session_token|credentials)\b",
    re.IGNORECASE,
)
# The driver writes a day that it binds as '2018-11-01'::date, which Redshift takes.
_TEXT = re.compile(r"'(?:[^'\\]|''|\\.)*'(?:::(?:date|timestamp)\b)?", re.DOTALL)
_VALUE = re.compile(r"\b\d+(?:\.\d+)?\b|(?<![:\w]):[a-z_]+\b")
_MADE_UP = re.compile(r"\b(sparkify_incoming|readers_ann|ann)_\w+")
_MORE_ROWS = re.compile(r"(values \([^()]*\)), .*", re.DOTALL)

pytestmark = pytest.mark.skipif(
    bool(redshift.DSN), reason="looks behind the test server"
)


def shape(sql: str) -> str:
    """A statement with one value for all, so that many are one."""
    bare = _VALUE.sub("1", _TEXT.sub("''", without_comments(sql)))
    bare = " ".join(_MADE_UP.sub(r"\1_n", bare).split())
    return _MORE_ROWS.sub(r"\1", bare).rstrip("; ")


@cache
def in_files() -> frozenset[str]:
    """The shapes of the statements in `sql/`."""
    texts = (path.read_text("utf-8") for path in ROOT.rglob("*.sql"))
    return frozenset(shape(sql) for text in texts for sql in statements(text))


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What was sent; run alone, that is what a load sends."""
    made = make_warehouse(tmp_path_factory.mktemp("sent"), "redshift")
    made.write("songs", "a.json", [{}])
    made.write_bytes("events", "a.json", b'{"cut": ')
    made.run()
    made.remove()
    return [each.sql for each in redshift.server().statements]


def test_statements_of_the_engine_are_those_of_redshift(sent: list[str]) -> None:
    """Sqlfluff's Redshift grammar leaves no part of them unread."""
    ours = {shape(sql) for sql in sent} - in_files()
    assert len(ours) >= 20
    assert not list(_unread(ours))


def _unread(shapes: set[str]) -> Iterator[str]:
    linter = Linter(config=FluffConfig(overrides={"dialect": "redshift"}))
    for sql in sorted(shapes):
        parsed = linter.parse_string(f"{sql};\n")
        yield from (f"{each.desc()}: {sql}" for each in parsed.violations)
        assert parsed.tree is not None
        for part in parsed.tree.recursive_crawl("unparsable"):
            yield f"{part.raw}: {sql}"


def test_no_statement_is_denied(sent: list[str]) -> None:
    """None has a word that Redshift does not know, or takes otherwise."""
    assert not [each for each in {shape(sql) for sql in sent} if DENIED.search(each)]


def test_no_key_is_in_any_statement(sent: list[str]) -> None:
    """A COPY names a role; what AWS keys are is never told to the warehouse."""
    copies = [sql for sql in sent if sql.startswith("copy ")]
    assert copies
    assert all("\niam_role " in sql for sql in copies)
    secrets = (redshift.store().key.secret, redshift.server().password)
    assert not [sql for sql in sent if any(secret in sql for secret in secrets)]


def test_redshift_commits_by_nobody_else(sent: list[str]) -> None:
    """A COPY into a table that stays is always within a transaction."""
    by_session: dict[int, bool] = {}
    for each in redshift.server().statements:
        if each.sql.startswith("begin "):
            by_session[each.pid] = True
        elif each.sql in {"commit", "rollback"}:
            by_session[each.pid] = False
        elif each.sql.startswith("copy "):
            assert by_session.get(each.pid), each.sql
    assert sent
