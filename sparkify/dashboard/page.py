"""A page made of a report's Document: cards with a question, its answer and a chart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from sparkify import __version__
from sparkify.dashboard import figures
from sparkify.dashboard.figures import STATES, Figure, Record
from sparkify.metrics import Filters, Result
from sparkify.metrics.period import GENDERS, LEVELS, USUAL_DAYS, WEEK_STARTS
from sparkify.report.document import Document

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

_SHARES = {"share", "retention", "stickiness", "conversion", "churn", "play_share"}
_HIDDEN = {"song_key"}
_FIGURES = (
    ("plays", "Plays"),
    ("listeners", "Listeners"),
    ("hours", "Hours played"),
    ("songs_per_session", "Songs a session"),
    ("mean_dau", "Listeners a day"),
    ("new_listeners", "New listeners"),
)


@dataclass(frozen=True)
class Card:
    """A metric on a page: the answer in a sentence, and how it is drawn.

    A `chart` is a table that is drawn as one, with a bar for its plays.
    """

    result: Result
    sentence: str
    figure: Figure | None = None
    chart: str = ""

    @property
    def rows(self) -> Iterator[list[str]]:
        """The cells of the table."""
        names = self.names
        for record in self.result.records:
            yield [shown(name, record[name]) for name in names]

    @property
    def names(self) -> list[str]:
        """The columns of the table."""
        return [name for name in self.result.names if name not in _HIDDEN]

    @property
    def numeric(self) -> list[bool]:
        """Which of them hold numbers."""
        types = {column.name: column.type for column in self.result.metric.columns}
        return [types[name] in ("integer", "number") for name in self.names]


@dataclass(frozen=True)
class Page:
    """What a template shows. `notice` stands above all of it."""

    document: Document
    title: str
    cards: list[Card] = field(default_factory=list)
    notice: str = ""

    @property
    def figures(self) -> Iterator[tuple[str, str, str]]:
        """What to know first: a name, its value, and its change."""
        if not self.cards:
            return
        now, before = self.document.results["summary"].records
        for key, name in _FIGURES:
            yield name, shown(key, now[key]), _change(key, now, before)


def main_page(document: Document) -> Page:
    """The page of all questions."""
    title = "Sparkify"
    if notice := _nothing(document):
        return Page(document, title, notice=notice)
    cards = [
        Card(document.results[name], *draw(document)) for name, draw in _CARDS.items()
    ]
    return Page(document, title, cards)


def song_page(document: Document) -> Page:
    """The page of one song."""
    song = document.first("song")
    title = f"{song.get('song') or 'no title'}, {song.get('artist') or 'no artist'}"
    if notice := _nothing(document, song):
        return Page(document, "A song", notice=notice)
    days = document.results["song_days"]
    return Page(
        document,
        title,
        [
            Card(
                document.results["song"],
                f"{_count(song['plays'], 'play')} by "
                f"{_count(song['listeners'], 'listener')} in this period.",
            ),
            Card(days, _most_on(days.records), figures.days(days, "plays")),
        ],
    )


def artist_page(document: Document, artist: str) -> Page:
    """The page of one artist, by the text of the log."""
    songs, days = (document.results[name] for name in ("artist_songs", "artist_days"))
    if notice := _nothing(document, document.first("artist_songs")):
        return Page(document, artist, notice=notice)
    first = songs.records[0]
    return Page(
        document,
        artist,
        [
            Card(
                songs,
                f"{_count(len(songs.records), 'song')}, the first "
                f"“{first['song']}” with {_count(first['plays'], 'play')}.",
                chart="songs",
            ),
            Card(days, _most_on(days.records), figures.days(days, "plays")),
        ],
    )


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
            quality="" if page.notice or page.title != "Sparkify" else _quality(page),
            **{"kept": {}, **more},
        )
    )


def render_error(title: str, message: str) -> str:
    """A page that says what went wrong."""
    template = _environment().get_template("error.html")
    return template.render(title=title, message=message)


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


def shown(name: str, value: object) -> str:
    """A value as a person reads it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{100 * value:.1f} %" if name in _SHARES else f"{value:,.1f}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return str(value)


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
        "movement": _movement,
        "shown_number": lambda value: shown("", value),
        "shown_time": lambda value: shown("", value),
    }
    return environment


def _nothing(document: Document, row: Record | None = None) -> str:
    """Why there is nothing to see; empty when there is.

    Whom a filter picks out must not be so few that they can be told apart.
    """
    if not document.period.data_through:
        return "There is no data yet: run `sparkify run` first."
    listeners = _whole(document.first("summary").get("listeners"))
    if document.filters.chosen and listeners < document.filters.least_group:
        return (
            f"Fewer than {document.filters.least_group} listeners: too few to show. "
            "Choose a longer period, or fewer filters."
        )
    if not listeners or (row is not None and not row.get("plays")):
        return "There are no plays in this period."
    return ""


_Drawn = tuple[str, Figure | None, str]


def _draw_songs(document: Document) -> _Drawn:
    songs = document.results["songs"].records
    if not songs:
        return "No song has a title in this period.", None, "songs"
    first = songs[0]
    return (
        f"“{first['song'] or 'no title'}” by {first['artist'] or 'nobody known'} leads "
        f"with {_count(first['plays'], 'play')} by "
        f"{_count(first['listeners'], 'listener')}.",
        None,
        "songs",
    )


def _draw_artists(document: Document) -> _Drawn:
    artists = document.results["artists"].records
    if not artists:
        return "No artist has a name in this period.", None, "artists"
    first = artists[0]
    return (
        f"{first['artist']} leads with {_count(first['plays'], 'play')} of "
        f"{_count(first['songs'], 'song')}.",
        None,
        "artists",
    )


def _draw_activity(document: Document) -> _Drawn:
    result = document.results["activity"]
    complete = [row for row in result.records if row["is_complete"]]
    last = (complete or result.records)[-1]
    sentence = (
        f"On {last['day']} {_count(last['dau'], 'user')} listened, "
        f"{shown('', last['wau'])} in its week and {shown('', last['mau'])} in its 28 "
        "days"
    )
    if isinstance(last["stickiness"], float):
        sentence += f"; on a usual day {100 * last['stickiness']:.0f} % of these"
    return sentence + ".", figures.activity(result), ""


def _draw_sessions(document: Document) -> _Drawn:
    row = document.first("sessions")
    return (
        f"{_count(row['sessions'], 'session')}, half of them shorter than "
        f"{shown('minutes', row['median_minutes'])} minutes; "
        f"{shown('songs', row['songs_per_session'])} songs in one with music.",
        None,
        "",
    )


def _draw_growth(document: Document) -> _Drawn:
    result = document.results["growth"]
    weeks = [week for week in result.records if week["is_complete"]] or result.records
    if not weeks:
        return "There is no week in this period.", None, ""
    week = weeks[-1]
    sentence = (
        f"In the week of {week['week_start']} {_count(week['active'], 'user')} "
        f"listened: {week['new_listeners']} new, {week['retained']} retained, "
        f"{week['resurrected']} back"
    )
    if week["churned"] is not None:
        sentence += f"; {week['churned']} left"
    return sentence + ".", figures.growth(result), ""


def _draw_retention(document: Document) -> _Drawn:
    result = document.results["retention"]
    later = [row for row in result.records if row["week_number"] == 1]
    if not later:
        return "No week after the first is complete yet.", None, ""
    came = sum(_whole(row["listeners"]) for row in later)
    began = sum(_whole(row["cohort"]) for row in later)
    return (
        f"{came} of {_count(began, 'listener')} came back the week after their first.",
        figures.retention(result),
        "",
    )


def _draw_week_hours(document: Document) -> _Drawn:
    result = document.results["week_hours"]
    busiest = max(result.records, key=lambda row: float(str(row["plays_per_day"])))
    return (
        f"Most is played on {figures.WEEKDAYS[_whole(busiest['weekday'])]} at "
        f"{busiest['hour']}:00 ({document.filters.time_zone}): "
        f"{shown('', busiest['plays_per_day'])} plays.",
        figures.week_hours(result),
        "",
    )


def _draw_demographics(document: Document) -> _Drawn:
    result = document.results["demographics"]
    if not result.rows:
        return _too_few(document), None, ""
    rows = result.records
    by_listener = max(rows, key=lambda row: float(str(row["plays_per_listener"])))
    by_plays = max(rows, key=lambda row: _whole(row["plays"]))
    sentence = (
        f"{_group(by_listener)} play most each, "
        f"{shown('', by_listener['plays_per_listener'])} songs; "
    )
    if by_plays is by_listener:
        sentence += "they also play most in all."
    else:
        sentence += f"{_group(by_plays)} play most in all."
    sentence = sentence[0].upper() + sentence[1:]
    return sentence, figures.groups(result), ""


def _draw_states(document: Document) -> _Drawn:
    return _places(document, "states", "state", figures.states)


def _draw_metros(document: Document) -> _Drawn:
    return _places(
        document, "metros", "metro", lambda result: figures.ranking(result, "metro")
    )


def _draw_platforms(document: Document) -> _Drawn:
    return _places(
        document,
        "platforms",
        "platform",
        lambda result: figures.ranking(result, "platform"),
    )


def _places(
    document: Document, name: str, column: str, draw: Callable[[Result], Figure]
) -> _Drawn:
    result = document.results[name]
    if not result.rows:
        return _too_few(document), None, ""
    first = max(result.records, key=lambda row: _whole(row["listeners"]))
    return (
        f"Most listeners are on {first[column]}: {shown('', first['listeners'])}."
        if column == "platform"
        else f"Most listeners are in {first[column]}: {shown('', first['listeners'])}.",
        draw(result),
        "",
    )


def _draw_funnels(document: Document) -> _Drawn:
    steps = [
        row for row in document.results["funnels"].records if row["funnel"] == "upgrade"
    ]
    changes = document.first("subscriptions")
    return (
        f"{_count(changes['upgrades'], 'upgrade')}, "
        f"{_count(changes['downgrades'], 'downgrade')} and "
        f"{_count(changes['cancellations'], 'cancellation')} in this period.",
        figures.funnel(steps),
        "",
    )


def _draw_pages(document: Document) -> _Drawn:
    pages = document.results["pages"].records
    others = [row for row in pages if row["page"] != "NextSong"]
    if not others:
        return "Nothing but listening.", None, ""
    first = max(others, key=lambda row: _whole(row["events"]))
    return (
        f"Besides songs, {first['page']} is seen most: "
        f"{_count(first['events'], 'time')}.",
        None,
        "",
    )


def _draw_match_rate(document: Document) -> _Drawn:
    known, plays = _known(document)
    return (
        f"The catalogue knows the song of {known:,} of {_count(plays, 'play')}.",
        None,
        "",
    )


def _draw_unmatched_songs(document: Document) -> _Drawn:
    songs = document.results["unmatched_songs"].records
    if not songs:
        return "None that has a name.", None, ""
    first = songs[0]
    return (
        f"“{first['song'] or 'no title'}” by {first['artist'] or 'nobody known'}, with "
        f"{_count(first['plays'], 'play')}.",
        None,
        "",
    )


def _known(document: Document) -> tuple[int, int]:
    """Of how many plays the catalogue knows the song, and of how many there are."""
    rows = document.results["match_rate"].records
    known = sum(_whole(row["plays"]) for row in rows if row["finds_song"])
    return known, sum(_whole(row["plays"]) for row in rows)


_CARDS: dict[str, Callable[[Document], _Drawn]] = {
    "songs": _draw_songs,
    "artists": _draw_artists,
    "activity": _draw_activity,
    "growth": _draw_growth,
    "retention": _draw_retention,
    "week_hours": _draw_week_hours,
    "demographics": _draw_demographics,
    "states": _draw_states,
    "metros": _draw_metros,
    "platforms": _draw_platforms,
    "funnels": _draw_funnels,
    "sessions": _draw_sessions,
    "pages": _draw_pages,
    "match_rate": _draw_match_rate,
    "unmatched_songs": _draw_unmatched_songs,
}


def _quality(page: Page) -> str:
    """The footer: how far the figures can be trusted."""
    known, plays = _known(page.document)
    load = page.document.first("deliveries")
    return (
        f"The catalogue knows {known:,} of {_count(plays, 'play')}. "
        f"{_count(load['records'], 'record')} of {_count(load['files'], 'file')}: "
        f"{_count(load['repeats'], 'repeat')} and "
        f"{_count(load['conflicts'], 'conflict')} counted once, "
        f"{shown('', load['rejected'])} kept aside, "
        f"{_count(load['refused_files'], 'file')} refused."
    )


def _movement(song: Record) -> str:
    """How a song moved on the chart, in signs and words."""
    moved = abs(_whole(song["previous_rank"]) - _whole(song["chart_rank"]))
    return {"UP": f"▲ {moved}", "DOWN": f"▼ {moved}", "SAME": "="}.get(
        str(song["movement"]), str(song["movement"]).lower()
    )


def _change(key: str, now: Record, before: Record) -> str:
    """By how much a figure differs from that of the period before."""
    current, previous = now[key], before[key]
    if (
        not before["is_covered"]
        or not isinstance(current, int | float)
        or not isinstance(previous, int | float)
        or not previous
    ):
        return ""
    return f"{100 * (current / previous - 1):+.0f} %"


def _too_few(document: Document) -> str:
    return f"No group has {document.filters.least_group} listeners."


def _most_on(days: list[Record]) -> str:
    if not days:
        return "There are no plays in this period."
    most = max(days, key=lambda row: _whole(row["plays"]))
    return f"Most on {most['day']}: {_count(most['plays'], 'play')}."


def _group(row: Record) -> str:
    who = {"F": "women", "M": "men"}.get(str(row["gender"]), "users of unknown gender")
    return f"{who} on level {row['level']}"


def _count(value: object, what: str) -> str:
    return f"{shown('', value)} {what}{'' if value == 1 else 's'}"


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
