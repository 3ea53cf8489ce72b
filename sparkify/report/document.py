"""A report before it is drawn: the answers, and of what they are told.

Every format is made of a Document, and so is a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sparkify.config import Settings
from sparkify.metrics import Filters, Period, Result, open_metrics


@dataclass(frozen=True)
class Document:
    """The results by the name of their metric, in order."""

    filters: Filters
    period: Period
    results: dict[str, Result]

    def first(self, name: str) -> dict[str, object]:
        """The first row of a metric, by column; empty without one."""
        return next(iter(self.results[name].records), {})


def collect(
    settings: Settings, filters: Filters, names: Sequence[str], **which: object
) -> Document:
    """Ask the warehouse, in one short session. Raises SparkifyError.

    `which` song or artist, where a metric is of one.
    """
    with open_metrics(settings, filters) as metrics:
        results = {name: metrics.ask(name, **which) for name in names}
    return Document(filters, metrics.period, results)
