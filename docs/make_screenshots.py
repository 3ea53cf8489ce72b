"""Writes docs/images/: `make screenshots`. The page of simulated data, in Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from sparkify.config import load_settings
from sparkify.dashboard.static import as_html
from sparkify.metrics import Filters
from sparkify.pipeline import Pipeline
from sparkify.simulate import simulate

IMAGES = Path(__file__).parent / "images"
CONFIG = """
[WAREHOUSE]
PATH = shown.duckdb
[S3]
LOG_DATA = data/log_data
SONG_DATA = data/song_data
"""


def page(folder: Path) -> Path:
    """The dashboard of three simulated months, as one file."""
    simulate(folder / "data", users=2000, days=90, songs=3000, seed=7)
    config = folder / "dwh.cfg"
    config.write_text(CONFIG, "utf-8")
    settings = load_settings(config)
    pipeline = Pipeline(settings)
    pipeline.create_tables()
    pipeline.run()
    file = folder / "page.html"
    file.write_text(as_html(settings, Filters()), "utf-8")
    return file


def pictures(file: Path) -> Iterator[tuple[str, bytes]]:
    """Name and PNG of the top of the page, on light and on dark."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for scheme in ("light", "dark"):
            tab = browser.new_page(
                viewport={"width": 1360, "height": 1700}, color_scheme=scheme
            )
            tab.goto(file.as_uri())
            tab.wait_for_function(
                "document.querySelectorAll('.plot[data-drawn]').length >= 5"
            )
            tab.wait_for_timeout(2000)  # until the last chart has been painted
            yield f"dashboard-{scheme}.png", tab.screenshot()
        browser.close()


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    with TemporaryDirectory() as place:
        for name, picture in pictures(page(Path(place))):
            (IMAGES / name).write_bytes(picture)
