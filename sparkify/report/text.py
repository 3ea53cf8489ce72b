"""Text and tables that are safe in a terminal."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from shutil import get_terminal_size

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDTH = 100
"""Columns of what is no terminal."""
_UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@dataclass(frozen=True)
class Glyphs:
    """The signs that a drawing is made of; `steps` and `shades` rise."""

    steps: str
    shades: str
    bar: str
    up: str
    down: str
    same: str
    then: str

    def sparkline(self, values: Sequence[float]) -> str:
        """A sign a value, the highest for the most; 0 is the lowest, not empty."""
        most = max(values, default=0) or 1
        top = len(self.steps) - 1
        return "".join(self.steps[round(value / most * top)] for value in values)

    def shade(self, share: float) -> str:
        """The shade of a share of the most; only 0 is empty."""
        top = len(self.shades) - 1
        return self.shades[max(1, round(share * top)) if share else 0]


_UNICODE = Glyphs("▁▂▃▄▅▆▇█", " ░▒▓█", "█", "↑", "↓", "=", "→")
_ASCII = Glyphs("_.-:=+*#", " .:*#", "#", "+", "-", "=", ">")


def glyphs(encoding: str) -> Glyphs:
    """The signs that a stream of this encoding can show."""
    return _UNICODE if encoding.lower().startswith("utf") else _ASCII


def safe(value: object) -> str:
    """`value` as text without characters that a terminal would act on."""
    return "".join(
        "\ufffd" if unicodedata.category(character) in _UNSAFE else character
        for character in str(value)
    )


def number(value: object) -> str:
    """A number with separators and few digits; other values as safe text."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.1f}" if abs(value) >= 1 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else safe(value)


def duration(seconds: float) -> str:
    """A time in its two greatest units: `3 d 4 h`, `2 h 5 min`, `12 s`."""
    whole = round(seconds)
    for unit, size, less, part in (
        ("d", 86400, "h", 3600),
        ("h", 3600, "min", 60),
        ("min", 60, "s", 1),
    ):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size:,} {unit}" + (f" {rest} {less}" if rest else "")
    return f"{whole} s"


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    """Print rows; numbers stand to the right."""
    console().print(table(title, columns, rows))


def table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> Table:
    """Rows, drawn; numbers stand to the right."""
    drawn = Table(
        title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD
    )
    shown = list(rows)
    for place, name in enumerate(columns):
        first = next((row[place] for row in shown if row[place] is not None), None)
        numeric = isinstance(first, int | float)
        drawn.add_column(name.replace("_", " "), justify="right" if numeric else "left")
    for row in shown:
        drawn.add_row(*(Text(number(value)) for value in row))
    return drawn


def print_rows(
    out: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    """Print rows as a table, or below each other where it would be too wide."""
    drawn = table(title, columns, rows)
    if not rows or width_of(drawn) <= out.width:
        out.print(drawn)
        return
    out.print(Text(title, style="bold"))
    for row in rows:
        grid = Table.grid(padding=(0, 2))
        for name, value in zip(columns, row, strict=True):
            grid.add_row(Text(name.replace("_", " "), style="dim"), Text(number(value)))
        out.print(grid)
        out.print()


def width_of(drawn: Table) -> int:
    """How many columns it takes when none of its texts is cut or folded."""
    out = Console(width=sys.maxsize)
    return out.measure(drawn).maximum


def console(width: int | None = None) -> Console:
    """Standard output, as wide as its terminal; else as COLUMNS says, or `WIDTH`.

    What its encoding lacks is shown as a question mark.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    out = Console(width=width, highlight=False)
    if out.is_terminal or width:
        return out
    wide = get_terminal_size((WIDTH, 25)).columns
    return Console(width=wide, highlight=False)
