"""Keeps people from being told apart on a page: what is of few of them is not there.

Metrics leave small groups out themselves. Here is what a filter could pick out, or a
page of one song or artist.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sparkify.config import Settings
from sparkify.metrics import Filters, Result
from sparkify.report import document as report
from sparkify.report.document import Document, Record, whole

# What tells how many people a row is of.
_PEOPLE = {
    "songs": "listeners",
    "artists": "listeners",
    "artist_songs": "listeners",
    "unmatched_songs": "listeners",
    "retention": "cohort",
    "pages": "users",
}
_FILTERS = ("level", "gender", "state", "platform")
_OF_WEEK_BEFORE = ("retained", "resurrected", "churned", "quick_ratio")


def collect(
    settings: Settings, filters: Filters, names: Sequence[str], **which: object
) -> Document:
    """A document of these metrics that may be shown. Raises SparkifyError."""
    asked = [*names, "left_out"] if filters.chosen else names
    found = report.collect(settings, filters, asked, **which)
    if not filters.chosen or found.filters.least_group <= 1:
        return found
    _, before = found.results["summary"].records
    hides_before = _is_few(found, before) or _leaves_out_few(found, 1)
    results = {
        name: _shown(result, found.filters.least_group, hides_before)
        for name, result in found.results.items()
    }
    return replace(found, results=results)


def are_few(document: Document, *rows: Record) -> bool:
    """Whether a filter picks out so few that they could be told apart, or leaves out.

    `rows` are those of a song or an artist; nobody is few, too: else it would tell.
    """
    if not document.filters.chosen or document.filters.least_group <= 1:
        return False
    asked = (document.first("summary"), *rows)
    return any(_is_few(document, row) for row in asked) or _leaves_out_few(document, 0)


def _is_few(document: Document, row: Record) -> bool:
    return whole(row.get("listeners")) < document.filters.least_group


def _leaves_out_few(document: Document, period_number: int) -> bool:
    """Whether some of the filters, taken away, would let in few and nobody else.

    Each row is of those whom a set of filters leaves out together. Without these
    filters they are let in, and so is whom a part of the set leaves out.
    """
    left_out = {
        frozenset(name for name in _FILTERS if row[name]): whole(row["listeners"])
        for row in document.results["left_out"].records
        if row["period_number"] == period_number
    }
    return any(
        max(people for part, people in left_out.items() if part <= some)
        < document.filters.least_group
        for some in left_out
    )


def _shown(result: Result, least: int, hides_before: bool) -> Result:
    """A result of a filtered page, without what is of few."""
    name = result.metric.name
    if people := _PEOPLE.get(name):
        at = result.names.index(people)
        rows = [row for row in result.rows if not 0 < whole(row[at]) < least]
        return replace(result, rows=rows)
    if name in ("summary", "subscriptions") and hides_before:
        result = _blanked(result, lambda _, row: row["period"] == "previous")
    if name == "growth" and hides_before:
        first = result.records[:1]
        result = _blanked(
            result, lambda column, row: column in _OF_WEEK_BEFORE and row in first
        )
    if name in ("subscriptions", "funnels"):
        result = _blanked(result, lambda column, row: 0 < whole(row[column]) < least)
        result = _without_shares(result)
    return result


def _without_shares(result: Result) -> Result:
    """Without the parts of numbers that are not shown, which would tell them."""

    def hides(column: str, row: Record) -> bool:
        return column in ("conversion", "churn") and None in row.values()

    return _blanked(result, hides)


def _blanked(result: Result, is_few: Callable[[str, Record], bool]) -> Result:
    """The result without the numbers that are of few."""
    kept = {
        c.name for c in result.metric.columns if c.type not in ("integer", "number")
    }
    kept |= {"step"}
    rows = [
        tuple(
            None if name not in kept and is_few(name, row) else value
            for name, value in row.items()
        )
        for row in result.records
    ]
    return replace(result, rows=rows)
