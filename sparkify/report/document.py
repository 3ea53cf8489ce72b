"""A report before it is drawn: the answers, and of what they are told.

Every format is made of a Document, and so is a page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sparkify.config import Settings
from sparkify.metrics import Filters, Period, Result, open_metrics

Record = Mapping[str, object]

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# What to know first of a period: columns of `summary`, and what they are called.
FIGURES = {
    "plays": "plays",
    "listeners": "listeners",
    "hours": "hours played",
    "songs_per_session": "songs a session",
    "mean_dau": "listeners a day",
    "new_listeners": "new listeners",
}


@dataclass(frozen=True)
class Document:
    """The results by the name of their metric, in order."""

    filters: Filters
    period: Period
    results: dict[str, Result]

    def first(self, name: str) -> dict[str, object]:
        """The first row of a metric, by column; empty without one."""
        return next(iter(self.results[name].records), {})

    def change(self, figure: str) -> float | None:
        """By how many per cent a figure differs from the period before, where known."""
        now, before = self.results["summary"].records
        current, previous = now[figure], before[figure]
        if not before["is_covered"] or not current or not previous:
            return None
        return 100 * (float(str(current)) / float(str(previous)) - 1)

    @property
    def known_plays(self) -> tuple[int, int]:
        """Of how many plays the catalogue knows the song, and of how many there are."""
        rows = self.results["match_rate"].records
        known = sum(whole(row["plays"]) for row in rows if row["finds_song"])
        return known, sum(whole(row["plays"]) for row in rows)


def collect(
    settings: Settings, filters: Filters, names: Sequence[str], **which: object
) -> Document:
    """Ask the warehouse, in one short session. Raises SparkifyError.

    `which` song or artist, where a metric is of one. How small a group may be, the
    settings say.
    """
    filters = replace(filters, least_group=settings.least_group)
    with open_metrics(settings, filters) as metrics:
        results = {name: metrics.ask(name, **which) for name in names}
    return Document(filters, metrics.period, results)


def movement(song: Record, up: str, down: str, same: str) -> str:
    """How a song moved on the chart: by how many ranks, or that it is new or back."""
    moved = abs(whole(song["previous_rank"]) - whole(song["chart_rank"]))
    signs = {"UP": f"{up}{moved}", "DOWN": f"{down}{moved}", "SAME": same}
    return signs.get(str(song["movement"]), str(song["movement"]).lower())


def last_complete(rows: Sequence[Record]) -> Record:
    """The last of some days or weeks that is complete, else the very last."""
    return next((row for row in reversed(rows) if row["is_complete"]), rows[-1])


def whole(value: object) -> int:
    """`value` as the integer that its column holds; 0 for none."""
    return value if isinstance(value, int) else 0
