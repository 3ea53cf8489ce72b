"""The report on one screen of a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from io import StringIO

from rich.box import SIMPLE_HEAD
from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from sparkify.metrics import Result
from sparkify.report.document import (
    FIGURES,
    WEEKDAYS,
    Document,
    Record,
    last_complete,
    movement,
    whole,
)
from sparkify.report.text import Glyphs, glyphs, number, print_rows, safe, width_of

# Which metrics a section of the screen shows.
METRICS: dict[str, tuple[str, ...]] = {
    "songs": ("songs",),
    "activity": ("activity", "week_hours"),
    "growth": ("growth",),
    "people": ("demographics", "states", "platforms"),
    "subscriptions": ("subscriptions", "funnels"),
    "quality": ("match_rate", "unmatched_songs", "deliveries"),
}
ALWAYS = ("summary",)

_GROUPS = 5
_WIDE = 96  # columns from which bars have room beside the songs
_LACKING = 3


def names(sections: Sequence[str]) -> list[str]:
    """The metrics that a screen with these sections asks for."""
    return [*ALWAYS, *(name for each in sections for name in METRICS[each])]


def show(document: Document, out: Console, top: int) -> None:
    """Print the sections that the document has metrics of, and so many songs."""
    for part in _Screen(document, glyphs(out.encoding), top, out.width).parts():
        out.print(part)


def show_tables(document: Document, out: Console, top: int) -> None:
    """Print a table a metric, and so many rows of each."""
    for result in document.results.values():
        # a key is a name, not a number
        rows = [
            [
                str(v) if n.endswith("_key") else v
                for n, v in zip(result.names, row, strict=True)
            ]
            for row in result.rows[:top]
        ]
        print_rows(out, result.metric.question, result.names, rows)
        if len(result.rows) > top:
            out.print(f"… {len(result.rows) - top:,} more: see --top, or --format.")


def as_text(
    document: Document,
    draw: Callable[[Document, Console, int], None],
    width: int,
    top: int,
) -> str:
    """What `draw` prints, as plain text."""
    out = Console(file=StringIO(), width=width, color_system=None, highlight=False)
    draw(document, out, top)
    assert isinstance(out.file, StringIO)
    return "\n".join(line.rstrip() for line in out.file.getvalue().splitlines()) + "\n"


class _Screen:
    """Draws a document with the signs that the terminal can show."""

    def __init__(self, document: Document, signs: Glyphs, top: int, width: int) -> None:
        self._document = document
        self._signs = signs
        self._top_songs = top
        self._width = width
        self._is_wide = width >= _WIDE

    def parts(self) -> Iterator[RenderableType]:
        """What stands on the screen, from top to bottom."""
        yield self._head()
        if not self._document.period.data_through:
            yield Text("No data yet.")
            return
        yield from self._figures()
        for name, draw in self._sections().items():
            if name in self._document.results:
                yield draw()

    def _sections(self) -> dict[str, Callable[[], RenderableType]]:
        return {
            "songs": self._songs,
            "activity": self._activity,
            "growth": self._growth,
            "demographics": self._people,
            "subscriptions": self._subscriptions,
            "match_rate": self._quality,
        }

    def _head(self) -> Text:
        period, filters = self._document.period, self._document.filters
        days = "1 day" if period.days == 1 else f"{period.days} days"
        text = Text.assemble(
            ("Sparkify", "bold"),
            f"  {period.first_day} to {period.last_day} ({days}, {filters.time_zone})",
        )
        if period.data_through:
            text.append(f", data through {period.data_through:%Y-%m-%d %H:%M} UTC")
        if not period.is_complete:
            text.append(f", complete through {period.complete_through}")
        if filters.chosen:
            told = ", ".join(
                f"{name} {safe(value)}" for name, value in filters.chosen.items()
            )
            text.append(f"; only {told}")
        return text

    def _figures(self) -> Iterator[Table]:
        """The figures of the period, each with its change against the one before."""
        current = self._document.first("summary")
        for keys in [list(FIGURES)] if self._is_wide else _halves(list(FIGURES)):
            grid = Table.grid(expand=True, padding=(0, 1))
            for _ in keys:
                grid.add_column(justify="left", ratio=1)
            grid.add_row(*(Text(FIGURES[key], style="dim") for key in keys))
            grid.add_row(
                *(
                    Text.assemble(
                        (number(current[key]), "bold"),
                        _change(self._document.change(key)),
                    )
                    for key in keys
                )
            )
            yield grid

    def _songs(self) -> RenderableType:
        songs = self._document.results["songs"]
        bar = ("",) if self._is_wide else ()
        table = _table(*(">", "", "song", "artist", ">plays", ">listeners", *bar))
        table.expand = True
        table.columns[2].ratio = table.columns[3].ratio = 1
        most = max((whole(row["plays"]) for row in songs.records), default=1)
        for row in songs.records[: self._top_songs]:
            length = max(1, round(10 * whole(row["plays"]) / most))
            table.add_row(
                number(row["chart_rank"]),
                Text(self._move(row)),
                _cell(row["song"]),
                _cell(row["artist"]),
                number(row["plays"]),
                number(row["listeners"]),
                *(self._signs.bar * length for _ in bar),
            )
        return _titled(songs, table)

    def _move(self, row: Record) -> str:
        return movement(row, self._signs.up, self._signs.down, self._signs.same)

    def _activity(self) -> RenderableType:
        activity = self._document.results["activity"]
        days = activity.records
        if not days:
            return _titled(activity, Table())
        last = last_complete(days)
        lines = [Text(activity.metric.question, style="bold")]
        for key in ("dau", "wau", "mau"):
            values = [whole(day[key]) for day in days][-min(56, self._width - 16) :]
            lines.append(
                Text(
                    f"{key.upper()} {self._signs.sparkline(values)} {number(last[key])}"
                )
            )
        lines.append(
            Text(
                f"on {last['day']}"
                + (", the last complete day" if last["is_complete"] else "")
            )
        )
        if isinstance(last["stickiness"], float):
            lines.append(
                Text(f"stickiness {100 * last['stickiness']:.0f} % of 28 days")
            )
        return Columns([Group(*lines), self._grid()], padding=(0, 4))

    def _grid(self) -> Group:
        """Plays by weekday and hour: the denser the more."""
        cells = {
            (row["weekday"], row["hour"]): float(str(row["plays_per_day"]))
            for row in self._document.results["week_hours"].records
        }
        most = max(cells.values(), default=0) or 1
        zone = self._document.filters.time_zone
        lines = [Text(f"    0     6     12    18     hour, {zone}", style="dim")]
        for weekday, name in enumerate(WEEKDAYS):
            shades = "".join(
                self._signs.shade(cells.get((weekday, hour), 0) / most)
                for hour in range(24)
            )
            lines.append(Text(f"{name} {shades}"))
        return Group(*lines)

    def _growth(self) -> RenderableType:
        weeks = self._document.results["growth"].records
        if not weeks:
            return Text("")
        week = last_complete(weeks)
        came = (
            f"{number(week[name])} {what}"
            for name, what in (
                ("new_listeners", "new"),
                ("retained", "retained"),
                ("resurrected", "back"),
            )
        )
        text = f"Week of {week['week_start']}: {number(week['active'])} active = "
        text += " + ".join(came)
        if week["churned"] is not None:
            text += f"; {number(week['churned'])} left"
        if week["quick_ratio"] is not None:
            text += f" (quick ratio {week['quick_ratio']:.2f})"
        return Text(text)

    def _people(self) -> RenderableType:
        groups = self._document.results["demographics"]
        names = ("gender", "level", ">listeners", ">plays", ">each", ">index")
        table = _table(*names)
        for row in groups.records:
            table.add_row(
                _cell(row["gender"]),
                _cell(row["level"]),
                number(row["listeners"]),
                number(row["plays"]),
                number(row["plays_per_listener"]),
                f"{row['activity_index']:.0f}",
            )
        tops = self._top("states", "state"), self._top("platforms", "platform")
        if groups.rows and width_of(_side_by_side(table, *tops)) <= self._width:
            return _titled(groups, _side_by_side(table, *tops))
        return Group(_titled(groups, table), _side_by_side(*tops))

    def _top(self, name: str, column: str) -> Table:
        table = _table(column, ">listeners")
        for row in self._document.results[name].records[:_GROUPS]:
            table.add_row(_cell(row[column]), number(row["listeners"]))
        return table

    def _subscriptions(self) -> RenderableType:
        now = self._document.first("subscriptions")
        changes = (
            f"{number(now[name])} {name}"
            for name in ("upgrades", "downgrades", "cancellations")
        )
        steps = (
            f"{number(row['users'])} {row['what']}"
            for row in self._document.results["funnels"].records
            if row["funnel"] == "upgrade"
        )
        then = f" {self._signs.then} "
        return Text(f"{', '.join(changes)}\n{then.join(steps)}")

    def _quality(self) -> RenderableType:
        known, plays = self._document.known_plays
        load = self._document.first("deliveries")
        delivered = (
            f"{number(load[name])} {name}"
            for name in ("files", "records", "repeats", "conflicts", "rejected")
        )
        lacks = (
            f"{_name(row)} ({number(row['plays'])})"
            for row in self._document.results["unmatched_songs"].records[:_LACKING]
        )
        return Text(
            f"The catalogue knows the song of {known:,} of {plays:,} plays. "
            f"The catalogue lacks most: {'; '.join(lacks) or 'nothing'}. "
            f"{', '.join(delivered)}.",
            style="dim",
        )


def _side_by_side(*tables: Table) -> Table:
    grid = Table.grid(padding=(0, 3))
    grid.add_row(*tables)
    return grid


def _halves(keys: list[str]) -> tuple[list[str], list[str]]:
    middle = len(keys) // 2
    return keys[:middle], keys[middle:]


def _name(song: Record) -> str:
    return f"{safe(song['song'] or 'no title')} by {safe(song['artist'] or 'nobody')}"


def _change(change: float | None) -> tuple[str, str]:
    """A change in per cent, and its colour."""
    if change is None:
        return "", ""
    return f" {change:+.0f} %", "green" if change > 0 else "red" if change < 0 else ""


def _table(*columns: str) -> Table:
    """A table; a column that begins with > stands to the right."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(
            name.lstrip(">"),
            justify="right" if name.startswith(">") else "left",
            no_wrap=True,
            overflow="ellipsis",
        )
    return table


def _titled(result: Result, drawn: RenderableType) -> RenderableType:
    """What is drawn of a metric below its question."""
    title = Text(result.metric.question, style="bold")
    if not result.rows:
        return Group(title, Text("Nothing to show: no plays, or too few listeners."))
    return Group(title, drawn)


def _cell(value: object) -> Text:
    return Text("" if value is None else safe(value))
