"""The page as one file that needs no server: to mail, to keep, to print."""

from __future__ import annotations

import base64
from hashlib import sha256

from sparkify.config import Settings
from sparkify.dashboard.assets import ASSETS
from sparkify.dashboard.page import METRICS, main_page, render
from sparkify.dashboard.shield import collect
from sparkify.metrics import Filters


def as_html(settings: Settings, filters: Filters) -> str:
    """The report as a file of HTML. Raises SparkifyError."""
    page = main_page(collect(settings, filters, METRICS))
    scripts = [ASSETS[name].text for name in ("plotly.js", "page.js")]
    return render(
        page,
        static=True,
        scripts=scripts,
        style=ASSETS["page.css"].text,
        policy="default-src 'none'; "
        f"script-src {' '.join(map(_source, scripts))}; "
        "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'",
    )


def _source(script: str) -> str:
    """The script as a content security policy names it."""
    digest = sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
