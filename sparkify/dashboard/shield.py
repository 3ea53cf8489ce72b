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
    "funnels": "users",
}
_ALWAYS = {"period", "first_day", "last_day", "funnel", "step", "what"}


def collect(
    settings: Settings, filters: Filters, names: Sequence[str], **which: object
) -> Document:
    """A document of these metrics that may be shown. Raises SparkifyError."""
    asked = [*names, "left_out"] if filters.chosen else names
    found = report.collect(settings, filters, asked, **which)
    if not filters.chosen:
        return found
    least = found.filters.least_group
    return replace(
        found,
        results={name: _shown(result, least) for name, result in found.results.items()},
    )


def are_few(document: Document, *rows: Record) -> bool:
    """Whether a filter picks out so few that they could be told apart, or leaves out.

    `rows` are those of a song or an artist; nobody is few, too: else it would tell.
    """
    if not document.filters.chosen:
        return False
    least = document.filters.least_group
    asked = (document.first("summary"), *rows)
    return any(whole(row.get("listeners")) < least for row in asked) or any(
        0 < whole(others) < least for others in document.first("left_out").values()
    )


def _shown(result: Result, least: int) -> Result:
    """A result of a filtered page, without what is of few."""
    name = result.metric.name
    if name == "summary":
        return _blanked(
            result,
            lambda row: row["period"] == "previous" and whole(row["listeners"]) < least,
        )
    people = _PEOPLE.get(name, "")
    if not people:
        return result
    if name == "funnels":
        return _blanked(result, lambda row: 0 < whole(row[people]) < least)
    place = result.names.index(people)
    return replace(
        result, rows=[row for row in result.rows if not 0 < whole(row[place]) < least]
    )


def _blanked(result: Result, is_few: Callable[[Record], bool]) -> Result:
    """The result with nothing but names in the rows that are of few."""
    rows = [
        tuple(value if name in _ALWAYS else None for name, value in row.items())
        if is_few(row)
        else tuple(row.values())
        for row in result.records
    ]
    return replace(result, rows=rows)
