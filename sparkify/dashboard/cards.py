"""The cards of a page: a question, the answer in a sentence, and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sparkify.dashboard import figures
from sparkify.dashboard.figures import Figure
from sparkify.metrics import Result
from sparkify.report.document import WEEKDAYS, Document, Record, last_complete, whole

_SHARES = {"share", "retention", "stickiness", "conversion", "churn", "play_share"}
_HIDDEN = {"song_key"}


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


def cards(document: Document) -> list[Card]:
    """The cards of the page of all questions."""
    return [_card(document, name, tell(document)) for name, tell in _ANSWERS.items()]


def song_cards(document: Document) -> list[Card]:
    """The cards of the page of one song."""
    song = document.first("song")
    played = (
        f"{count(song['plays'], 'play')} by "
        f"{count(song['listeners'], 'listener')} in this period."
    )
    return [
        _card(document, "song", played),
        _card(document, "song_days", _most_on(document, "song_days")),
    ]


def artist_cards(document: Document) -> list[Card]:
    """The cards of the page of one artist."""
    return [
        _card(document, "artist_songs", _songs_of_artist(document)),
        _card(document, "artist_days", _most_on(document, "artist_days")),
    ]


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


def count(value: object, what: str) -> str:
    """So many of what is counted, as in `1 play`."""
    return f"{shown('', value)} {what}{'' if value == 1 else 's'}"


def _card(document: Document, name: str, sentence: str) -> Card:
    result = document.results[name]
    draw = _DRAWN.get(name)
    figure = draw(result) if draw and result.rows else None
    return Card(result, sentence, figure, _CHARTS.get(name, ""))


def _songs(document: Document) -> str:
    songs = document.results["songs"].records
    if not songs:
        return _none(document, "No song has a title in this period.")
    first = songs[0]
    return (
        f"“{first['song'] or 'no title'}” by {first['artist'] or 'nobody known'} leads "
        f"with {count(first['plays'], 'play')} by "
        f"{count(first['listeners'], 'listener')}."
    )


def _artists(document: Document) -> str:
    artists = document.results["artists"].records
    if not artists:
        return _none(document, "No artist has a name in this period.")
    first = artists[0]
    return (
        f"{first['artist']} leads with {count(first['plays'], 'play')} of "
        f"{count(first['songs'], 'song')}."
    )


def _activity(document: Document) -> str:
    last = last_complete(document.results["activity"].records)
    sentence = (
        f"On {last['day']} {count(last['dau'], 'user')} listened, "
        f"{shown('', last['wau'])} in its week and {shown('', last['mau'])} in its 28 "
        "days"
    )
    if isinstance(last["stickiness"], float):
        sentence += f"; on a usual day {100 * last['stickiness']:.0f} % of these"
    return sentence + "."


def _sessions(document: Document) -> str:
    row = document.first("sessions")
    if not row["sessions"]:
        return "No session starts in this period."
    return (
        f"{count(row['sessions'], 'session')}, half of them shorter than "
        f"{shown('minutes', row['median_minutes'])} minutes; "
        f"{shown('songs', row['songs_per_session'])} songs in one with music."
    )


def _growth(document: Document) -> str:
    weeks = document.results["growth"].records
    if not weeks:
        return "There is no week in this period."
    week = last_complete(weeks)
    sentence = (
        f"In the week of {week['week_start']} {count(week['active'], 'user')} "
        f"listened: {shown('', week['new_listeners'])} new, "
        f"{shown('', week['retained'])} retained, "
        f"{shown('', week['resurrected'])} back"
    )
    if week["churned"] is not None:
        sentence += f"; {shown('', week['churned'])} left"
    return sentence + "."


def _retention(document: Document) -> str:
    weeks = document.results["retention"].records
    later = [row for row in weeks if row["week_number"] == 1]
    if not later:
        return _none(document, "No week after the first is complete yet.")
    came = sum(whole(row["listeners"]) for row in later)
    began = sum(whole(row["cohort"]) for row in later)
    return (
        f"{shown('', came)} of {count(began, 'listener')} came back the week after "
        "their first."
    )


def _week_hours(document: Document) -> str:
    hours = document.results["week_hours"].records
    busiest = max(hours, key=lambda row: float(str(row["plays_per_day"])))
    return (
        f"Most is played on {WEEKDAYS[whole(busiest['weekday'])]} at "
        f"{busiest['hour']}:00 ({document.filters.time_zone}): "
        f"{shown('', busiest['plays_per_day'])} plays."
    )


def _demographics(document: Document) -> str:
    rows = document.results["demographics"].records
    if not rows:
        return _too_few(document)
    by_listener = max(rows, key=lambda row: float(str(row["plays_per_listener"])))
    by_plays = max(rows, key=lambda row: whole(row["plays"]))
    sentence = (
        f"{_group(by_listener)} play most each, "
        f"{shown('', by_listener['plays_per_listener'])} songs; "
    )
    if by_plays is by_listener:
        sentence += "they also play most in all."
    else:
        sentence += f"{_group(by_plays)} play most in all."
    return sentence[0].upper() + sentence[1:]


def _most_listeners(document: Document, name: str, preposition: str) -> str:
    groups = document.results[name].records
    if not groups:
        return _too_few(document)
    first = max(groups, key=lambda row: whole(row["listeners"]))
    where = first[name.removesuffix("s")]
    return f"Most listeners are {preposition} {where}: {shown('', first['listeners'])}."


def _funnels(document: Document) -> str:
    changes = document.first("subscriptions")
    told = [
        count(changes[f"{what}s"], what)
        for what in ("upgrade", "downgrade", "cancellation")
        if changes[f"{what}s"] is not None
    ]
    return f"{', '.join(told)} in this period." if told else _too_few(document)


def _pages(document: Document) -> str:
    pages = document.results["pages"].records
    others = [row for row in pages if row["page"] != "NextSong"]
    if not others:
        return _none(document, "Nothing but listening.")
    first = max(others, key=lambda row: whole(row["events"]))
    return (
        f"Besides songs, {first['page']} is seen most: "
        f"{count(first['events'], 'time')}."
    )


def _match_rate(document: Document) -> str:
    known, plays = document.known_plays
    return f"The catalogue knows the song of {known:,} of {count(plays, 'play')}."


def _unmatched_songs(document: Document) -> str:
    songs = document.results["unmatched_songs"].records
    if not songs:
        return _none(document, "None that has a name.")
    first = songs[0]
    return (
        f"“{first['song'] or 'no title'}” by {first['artist'] or 'nobody known'}, with "
        f"{count(first['plays'], 'play')}."
    )


def _most_on(document: Document, name: str) -> str:
    days = document.results[name].records
    if not days:
        return "There are no plays in this period."
    most = max(days, key=lambda row: whole(row["plays"]))
    return f"Most on {most['day']}: {count(most['plays'], 'play')}."


def _songs_of_artist(document: Document) -> str:
    artist, songs = document.first("artist"), document.results["artist_songs"].records
    if not songs:
        return _none(document, "There are no plays in this period.")
    first = songs[0]
    return (
        f"{count(artist['songs'], 'song')}, the first “{first['song'] or 'no title'}” "
        f"with {count(first['plays'], 'play')}."
    )


def _none(document: Document, why: str) -> str:
    """Why a list is empty; with filters, that what few listen to is not shown."""
    least = document.filters.least_group
    few = f"Nothing that {least} listeners of those asked have in common."
    return few if document.filters.chosen else why


def _too_few(document: Document) -> str:
    least = document.filters.least_group
    return f"No group has {least} listeners, or its figures would tell of fewer."


def _group(row: Record) -> str:
    who = {"F": "women", "M": "men"}.get(str(row["gender"]), "users of unknown gender")
    return f"{who} on level {row['level']}"


_ANSWERS: dict[str, Callable[[Document], str]] = {
    "songs": _songs,
    "artists": _artists,
    "activity": _activity,
    "growth": _growth,
    "retention": _retention,
    "week_hours": _week_hours,
    "demographics": _demographics,
    "states": lambda document: _most_listeners(document, "states", "in"),
    "metros": lambda document: _most_listeners(document, "metros", "in"),
    "platforms": lambda document: _most_listeners(document, "platforms", "on"),
    "funnels": _funnels,
    "sessions": _sessions,
    "pages": _pages,
    "match_rate": _match_rate,
    "unmatched_songs": _unmatched_songs,
}
_DRAWN: dict[str, Callable[[Result], Figure | None]] = {
    "activity": figures.activity,
    "growth": figures.growth,
    "retention": figures.retention,
    "week_hours": figures.week_hours,
    "demographics": figures.groups,
    "states": figures.states,
    "metros": lambda result: figures.ranking(result, "metro"),
    "platforms": lambda result: figures.ranking(result, "platform"),
    "funnels": lambda result: figures.funnel(result, "upgrade"),
    "song_days": lambda result: figures.days(result, "plays"),
    "artist_days": lambda result: figures.days(result, "plays"),
}
# What is shown as a table with bars, and whose names stand in it.
_CHARTS = {"songs": "songs", "artists": "artists", "artist_songs": "songs"}
