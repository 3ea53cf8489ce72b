"""The rules of Redshift as data: what is sent, what must come back, and which page
of AWS's guide says so.

Each step runs on a fresh connection, by both drivers, against the test server or
against the cluster of REDSHIFT_DSN. docs/rules.md is made from these tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

GUIDE = "https://docs.aws.amazon.com/redshift/latest/dg/"


@dataclass(frozen=True)
class Refusal:
    """An error that must come: its SQLSTATE and a part of its message."""

    sqlstate: str
    text: str = ""


@dataclass(frozen=True)
class Step:
    """One rule and the statements that show it."""

    name: str
    rule: str
    page: str
    sql: str
    expected: Sequence[Sequence[object]] | Refusal | None
    setup: tuple[str, ...] = ()
    # False where the guide is silent or unclear and the answer is an inference.
    documented: bool = True


def value(
    name: str, rule: str, page: str, sql: str, expected: object, *setup: str
) -> Step:
    """A query of one value."""
    return Step(name, rule, page, sql, [[expected]], setup)


def rows(
    name: str, rule: str, page: str, sql: str, expected: Sequence[Sequence[object]],
    *setup: str,
) -> Step:  # fmt: skip
    """A query of several rows."""
    return Step(name, rule, page, sql, expected, setup)


def runs(name: str, rule: str, page: str, sql: str, *setup: str) -> Step:
    """A statement that must pass."""
    return Step(name, rule, page, sql, None, setup)


def refused(
    name: str, rule: str, page: str, sql: str, sqlstate: str, text: str, *setup: str
) -> Step:
    """A statement that must fail."""
    return Step(name, rule, page, sql, Refusal(sqlstate, text), setup)


def inferred(step: Step) -> Step:
    """Mark a rule that the guide does not state in so many words."""
    return replace(step, documented=False)
