"""Text and tables that are safe in a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

_UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def safe(value: object) -> str:
    """`value` as text without characters that a terminal would act on."""
    return "".join(
        "\ufffd" if unicodedata.category(character) in _UNSAFE else character
        for character in str(value)
    )


def number(value: object) -> str:
    """A count with separators."""
    return f"{value:,}" if isinstance(value, int) else safe(value)


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    """Print rows; numbers stand to the right."""
    table = Table(
        title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD
    )
    shown = list(rows)
    for place, name in enumerate(columns):
        numeric = bool(shown) and isinstance(shown[0][place], int | float)
        table.add_column(name, justify="right" if numeric else "left")
    for row in shown:
        table.add_row(*(Text(number(value)) for value in row))
    console().print(table)


def console() -> Console:
    """Standard output; as wide as a terminal has to be when it is none."""
    out = Console()
    return out if out.is_terminal else Console(width=100)
