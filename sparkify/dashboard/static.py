"""The page as one file that needs no server: to mail, to keep, to print."""

from __future__ import annotations

import base64
from hashlib import sha256
from importlib.resources import files

from sparkify.config import Settings
from sparkify.dashboard.page import METRICS, main_page, render
from sparkify.metrics import Filters
from sparkify.report.document import collect


def as_html(settings: Settings, filters: Filters) -> str:
    """The report as a file of HTML. Raises SparkifyError."""
    page = main_page(collect(settings, filters, METRICS))
    scripts = [plotly_script(), asset("page.js")]
    return render(
        page,
        static=True,
        scripts=scripts,
        style=asset("page.css"),
        policy="default-src 'none'; "
        f"script-src {' '.join(map(_source, scripts))}; "
        "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'",
    )


def plotly_script() -> str:
    """The script of the installed package plotly."""
    return (files("plotly") / "package_data" / "plotly.min.js").read_text("utf-8")


def asset(name: str) -> str:
    """A script or style sheet of ours."""
    return (files("sparkify.dashboard") / "static" / name).read_text("utf-8")


def _source(script: str) -> str:
    """The script as a content security policy names it."""
    digest = sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
