"""The scripts and the style sheet that a page brings along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib.resources import files


@dataclass(frozen=True)
class Asset:
    """A file that browsers keep: its address changes with what it holds."""

    name: str
    media_type: str
    read: Callable[[], str]

    @cached_property
    def text(self) -> str:
        """What it holds."""
        return self.read()

    @cached_property
    def address(self) -> str:
        """Where the server has it."""
        return f"/static/{self.name}?{sha256(self.text.encode()).hexdigest()[:12]}"


def _ours(name: str) -> str:
    return (files("sparkify.dashboard") / "static" / name).read_text("utf-8")


def _plotly() -> str:
    """The script of the installed package."""
    return (files("plotly") / "package_data" / "plotly.min.js").read_text("utf-8")


ASSETS = {
    asset.name: asset
    for asset in (
        Asset("page.css", "text/css", lambda: _ours("page.css")),
        Asset("page.js", "text/javascript", lambda: _ours("page.js")),
        Asset("plotly.js", "text/javascript", _plotly),
    )
}
