"""The metrics there are, and what each means: read from the head of its SQL file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256

from sparkify.errors import BadQuestion
from sparkify.models import metric, without_comments

# A metric is a file in sql/metrics/ and a line here.
SECTIONS: dict[str, tuple[str, ...]] = {
    "songs": (
        "songs",
        "artists",
    ),
    "activity": (
        "summary",
        "activity",
        "active_days",
        "sessions",
        "week_hours",
        "pages",
    ),
    "growth": (
        "growth",
        "retention",
        "day_retention",
    ),
    "people": (
        "demographics",
        "states",
        "metros",
        "platforms",
        "browsers",
        "devices",
    ),
    "subscriptions": (
        "levels",
        "subscriptions",
        "funnels",
    ),
    "quality": (
        "match_rate",
        "unmatched_songs",
        "deliveries",
    ),
    "details": (
        "song",
        "song_days",
        "artist",
        "artist_songs",
        "artist_days",
        "left_out",
        "span",
        "gap_sessions",
        "reject_groups",
        "rejects",
        "refused_files",
        "unknown_keys",
        "loads",
        "load_steps",
        "load_warnings",
        "failed_loads",
    ),
}
REPORT = tuple(section for section in SECTIONS if section != "details")
"""The sections of a report; details are asked for by name."""

# What metrics share: temporary tables, made when one of them is read, in this order.
SCOPE = (
    "hours",
    "days",
    "chosen_users",
    "chosen_places",
    "chosen_user_agents",
    "listening",
    "hour_totals",
    "free_users",
    "numbered_places",
    "numbered_user_agents",
    "audience",
    "song_counts",
    "song_history",
    "song_listeners",
    "song_titles",
)

_COLUMN = re.compile(
    r"^-- column: (?P<name>\w+) "
    r"(?P<type>integer|number|text|date|timestamp|boolean) (?P<what>.+)$",
    re.MULTILINE,
)
_HEADER = re.compile(
    r"-- (?P<question>[^\n]+\?)\n(?P<what>(?:-- [^\n]+\n)*?)"
    r"-- grain: (?P<grain>[^\n]+)\n-- kind: (?P<kind>exact|approximate)\n"
    r"(?:-- column: [^\n]+\n)+"
)
_READS = re.compile(r"\b(?:from|join) (\w+)\b(?!\.)")


@dataclass(frozen=True)
class MetricColumn:
    """A column of a metric: integer, number, text, date, timestamp or boolean."""

    name: str
    type: str
    what: str


@dataclass(frozen=True)
class Metric:
    """A metric: the question it answers, its definition, and the select.

    `kind` is exact, or approximate where an assumption stands in the definition.
    `version` changes with the file, so that a kept figure tells what it was made by.
    """

    name: str
    section: str
    question: str
    what: str
    grain: str
    kind: str
    columns: tuple[MetricColumn, ...]
    text: str

    @cached_property
    def sql(self) -> str:
        """The select."""
        return without_comments(self.text)

    @property
    def version(self) -> str:
        """The first digits of the file's SHA-256."""
        return sha256(self.text.encode()).hexdigest()[:12]

    @cached_property
    def scope(self) -> tuple[str, ...]:
        """The shared tables it reads, and those that these read, in order of making."""
        found = set(reads(self.sql))
        for name in reversed(SCOPE):
            if name in found:
                found |= set(reads(without_comments(metric(f"scope/{name}"))))
        return tuple(name for name in SCOPE if name in found)


def reads(sql: str) -> Iterator[str]:
    """The shared tables that a statement reads."""
    return (name for name in _READS.findall(sql) if name in SCOPE)


def find_metric(name: str) -> Metric:
    """The metric of a name. Raises BadQuestion."""
    for section, names in SECTIONS.items():
        if name in names:
            return _read(name, section)
    known = [each for names in SECTIONS.values() for each in names]
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0)
    raise BadQuestion(
        f"There is no metric {name}; the nearest is {nearest[0]}. "
        "See `sparkify metrics`."
    )


def all_metrics() -> list[Metric]:
    """All metrics, in the order of their sections."""
    return [find_metric(name) for names in SECTIONS.values() for name in names]


@cache
def _read(name: str, section: str) -> Metric:
    text = metric(name)
    header = _HEADER.match(text)
    assert header, f"sql/metrics/{name}.sql does not begin as a metric does"
    what = " ".join(line[3:] for line in header["what"].splitlines())
    columns = tuple(MetricColumn(*found) for found in _COLUMN.findall(header[0]))
    return Metric(
        name, section, header["question"], what, header["grain"], header["kind"],
        columns, text,
    )  # fmt: skip
