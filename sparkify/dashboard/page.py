"""A page made of a report's Document, its address, and its HTML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from sparkify import __version__
from sparkify.dashboard.cards import (
    Card,
    artist_cards,
    cards,
    count,
    shown,
    song_cards,
)
from sparkify.dashboard.figures import STATES
from sparkify.metrics import Filters
from sparkify.metrics.period import GENDERS, LEVELS, USUAL_DAYS, WEEK_STARTS
from sparkify.report.document import FIGURES, Document, Record, movement, whole

if TYPE_CHECKING:
    from jinja2 import Environment

METRICS = (
    "summary",
    "songs",
    "artists",
    "activity",
    "sessions",
    "growth",
    "retention",
    "week_hours",
    "demographics",
    "states",
    "metros",
    "platforms",
    "subscriptions",
    "funnels",
    "pages",
    "match_rate",
    "unmatched_songs",
    "deliveries",
)
SONG = ("summary", "song", "song_days")
ARTIST = ("summary", "artist_songs", "artist_days")
PERIODS = (7, 28, 90)


@dataclass(frozen=True)
class Page:
    """What a template shows. `notice` stands above all of it."""

    document: Document
    title: str
    cards: list[Card] = field(default_factory=list)
    notice: str = ""
    is_main: bool = False

    @property
    def figures(self) -> Iterator[tuple[str, str, str]]:
        """What to know first: a name, its value, and its change."""
        if not self.cards:
            return
        now = self.document.first("summary")
        for key, name in FIGURES.items():
            change = self.document.change(key)
            told = "" if change is None else f"{change:+.0f} %"
            yield name.capitalize(), shown(key, now[key]), told

    @property
    def quality(self) -> str:
        """The footer: how far the figures can be trusted."""
        if not self.is_main or not self.cards:
            return ""
        known, plays = self.document.known_plays
        load = self.document.first("deliveries")
        return (
            f"The catalogue knows {known:,} of {count(plays, 'play')}. "
            f"{count(load['records'], 'record')} of {count(load['files'], 'file')}: "
            f"{count(load['repeats'], 'repeat')} and "
            f"{count(load['conflicts'], 'conflict')} counted once, "
            f"{shown('', load['rejected'])} kept aside, "
            f"{count(load['refused_files'], 'file')} refused."
        )


def main_page(document: Document) -> Page:
    """The page of all questions."""
    notice = why_nothing(document)
    shown_cards = [] if notice else cards(document)
    return Page(document, "Sparkify", shown_cards, notice, is_main=True)


def song_page(document: Document) -> Page:
    """The page of one song."""
    song = document.first("song")
    if notice := why_nothing(document, song):
        return Page(document, "A song", notice=notice)
    title = f"{song['song'] or 'no title'}, {song['artist'] or 'no artist'}"
    return Page(document, title, song_cards(document))


def artist_page(document: Document, artist: str) -> Page:
    """The page of one artist, by the text of the log."""
    if notice := why_nothing(document, document.first("artist_songs")):
        return Page(document, artist, notice=notice)
    return Page(document, artist, artist_cards(document))


def why_nothing(document: Document, row: Record | None = None) -> str:
    """Why there is nothing to see, of all or of `row`; empty when there is.

    Whom a filter picks out must not be so few that they can be told apart.
    """
    if not document.period.data_through:
        return "There is no data yet: run `sparkify run` first."
    listeners = whole(document.first("summary").get("listeners"))
    if document.filters.chosen and listeners < document.filters.least_group:
        return (
            f"Fewer than {document.filters.least_group} listeners: too few to show. "
            "Choose a longer period, or fewer filters."
        )
    if not listeners or (row is not None and not row.get("plays")):
        return "There are no plays in this period."
    return ""


def render(page: Page, *, static: bool = False, **more: object) -> str:
    """The page as HTML. `static`: nothing on it leads anywhere.

    `more` is what only one of the two kinds has: scripts, or what a form keeps.
    """
    filters = page.document.filters
    return (
        _environment()
        .get_template("page.html")
        .render(
            page=page,
            filters=filters,
            period=page.document.period,
            query=query(filters),
            static=static,
            choices=_CHOICES,
            downloads=METRICS,
            version=__version__,
            **{"kept": {}, **more},
        )
    )


def render_error(title: str, message: str) -> str:
    """A page that says what went wrong."""
    template = _environment().get_template("error.html")
    return template.render(title=title, message=message, version=__version__)


def read_filters(asked: dict[str, str]) -> Filters:
    """The filters of a page's address. Raises BadQuestion, ValueError."""
    days: int | None = int(asked.get("last") or USUAL_DAYS)
    first, last = (
        date.fromisoformat(asked[name]) if asked.get(name) else None
        for name in ("from", "to")
    )
    return Filters(
        first_day=first,
        last_day=last,
        days=None if first else days,
        level=asked.get("level", ""),
        gender=asked.get("gender", ""),
        state=asked.get("state", ""),
        platform=asked.get("platform", ""),
        time_zone=asked.get("tz") or "UTC",
        week_start=asked.get("week_start") or "mon",
    )


def query(filters: Filters) -> str:
    """The filters as they stand in an address, those that leave nothing out not."""
    asked = {
        "from": filters.first_day,
        "to": filters.last_day,
        "last": "" if filters.first_day or filters.days == USUAL_DAYS else filters.days,
        **filters.chosen,
        "tz": "" if filters.time_zone == "UTC" else filters.time_zone,
        "week_start": "" if filters.week_start == "mon" else filters.week_start,
    }
    return urlencode({name: value for name, value in asked.items() if value})


_CHOICES = {
    "level": LEVELS,
    "gender": GENDERS,
    "state": STATES,
    "week_start": WEEK_STARTS,
    "last": PERIODS,
}


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("sparkify.dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "movement": lambda song: movement(song, "▲ ", "▼ ", "="),
        "shown": lambda value: shown("", value),
    }
    return environment
