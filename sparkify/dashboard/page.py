"""A page made of a report's Document, its address, and its HTML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from sparkify.dashboard.assets import ASSETS
from sparkify.dashboard.cards import (
    Card,
    artist_cards,
    cards,
    count,
    shown,
    song_cards,
)
from sparkify.dashboard.figures import STATES
from sparkify.dashboard.shield import are_few
from sparkify.metrics import Filters, find_metric
from sparkify.metrics.period import GENDERS, LEVELS, USUAL_DAYS, WEEK_STARTS
from sparkify.report.document import FIGURES, Document, Record, movement

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
ARTIST = ("summary", "artist", "artist_songs", "artist_days")
PERIODS = (7, 28, 90)


@dataclass(frozen=True)
class Page:
    """What a template shows. `notice` stands above all of it.

    `which` song or artist it is of, as a download's address names it; empty for all.
    """

    document: Document
    title: str
    cards: list[Card] = field(default_factory=list)
    notice: str = ""
    which: dict[str, str] = field(default_factory=dict)

    @property
    def is_main(self) -> bool:
        """Whether it is the page of all questions."""
        return not self.which

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
    if notice := _why_nothing(document):
        return Page(document, "Sparkify", notice=notice)
    return Page(document, "Sparkify", cards(document))


def song_page(document: Document, key: int) -> Page:
    """The page of the song with this key."""
    song, which = document.first("song"), {"song": str(key)}
    if notice := _why_nothing(document, song):
        return Page(document, "A song", notice=notice, which=which)
    title = f"{song['song'] or 'no title'}, {song['artist'] or 'no artist'}"
    return Page(document, title, song_cards(document), which=which)


def artist_page(document: Document, artist: str) -> Page:
    """The page of one artist, by the text of the log."""
    which = {"artist": artist}
    if notice := _why_nothing(document, document.first("artist")):
        return Page(document, artist, notice=notice, which=which)
    return Page(document, artist, artist_cards(document), which=which)


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
            download_query=query(filters, **page.which),
            static=static,
            choices=_CHOICES,
            in_state=lambda state: query(replace(filters, state=state)),
            **{"kept": {}, **more},
        )
    )


def render_error(title: str, message: str) -> str:
    """A page that says what went wrong."""
    template = _environment().get_template("error.html")
    return template.render(title=title, message=message)


def render_definitions() -> str:
    """A page that says what every figure means."""
    shown_metrics = [find_metric(name) for name in (*METRICS, *SONG[1:], *ARTIST[1:])]
    template = _environment().get_template("definitions.html")
    return template.render(metrics=shown_metrics)


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


def query(filters: Filters, **which: str) -> str:
    """The filters as they stand in an address, those that leave nothing out not.

    `which` song or artist comes first.
    """
    asked = {
        **which,
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
    environment.globals["address"] = lambda name: ASSETS[name].address
    return environment


def _why_nothing(document: Document, row: Record | None = None) -> str:
    """Why there is nothing to see, of all or of `row`; empty when there is."""
    if not document.period.data_through:
        return "There is no data yet: run `sparkify run` first."
    if are_few(document, *([] if row is None else [row])):
        return (
            f"Fewer than {document.filters.least_group} listeners, or all but so few: "
            "too few to show. Choose a longer period, or fewer filters."
        )
    if not document.first("summary").get("listeners"):
        return "There are no plays in this period."
    if row is not None and not row.get("plays"):
        return "There are no plays in this period."
    return ""
