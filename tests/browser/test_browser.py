"""A person looks at the dashboard: it draws, filters, leads on, and reaches nobody."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from playwright.sync_api import Browser, Page, Request, ViewportSize

Scheme = Literal["light", "dark"]

WIDE: ViewportSize = {"width": 1360, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


class Watched:
    """A page, and all that a person would not want to happen on it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        page.on("console", lambda message: self.faults.append(message.text))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", self._asked)

    def _asked(self, request: Request) -> None:
        where = urlsplit(request.url)
        if where.scheme not in ("file", "data", "blob") and (
            where.hostname != "127.0.0.1"
        ):
            self.faults.append(request.url)

    def draw(self) -> None:
        """Go through the page until every chart is there."""
        plots = self.page.locator(".plot")
        for number in range(plots.count()):
            plots.nth(number).scroll_into_view_if_needed()
            plots.nth(number).locator("svg.main-svg").first.wait_for()


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    """A page of a wide screen."""
    context = browser.new_context(viewport=WIDE, accept_downloads=True)
    yield Watched(context.new_page())
    context.close()


def test_page_is_drawn(watched: Watched, address: str) -> None:
    """Every chart is drawn; no error, no request leaves; a title is no script."""
    watched.page.goto(f"{address}/?last=28")
    watched.draw()
    assert watched.page.locator(".plot").count() >= 8
    assert watched.page.title() == "Sparkify – Sparkify"
    assert watched.page.get_by_text("<script>document.title").count() > 0
    assert watched.faults == []


def test_filters_are_kept_in_the_address(watched: Watched, address: str) -> None:
    """A form that needs no script; what it asks can be shared as a link."""
    watched.page.goto(address)
    watched.page.locator("select[name=level]").select_option("paid")
    watched.page.get_by_role("button", name="Show").click()
    assert "level=paid" in watched.page.url
    assert "; level paid." in watched.page.locator(".period").inner_text()
    assert watched.faults == []


def test_a_song_can_be_looked_into(watched: Watched, address: str) -> None:
    """From the chart to a song, to its artist by way of the chart, and back."""
    watched.page.goto(address)
    watched.page.locator("#songs table.chart tbody a").first.click()
    watched.draw()
    assert "/song/" in watched.page.url
    watched.page.get_by_role("link", name="All questions").click()
    watched.page.locator("#artists table.chart tbody a").first.click()
    watched.draw()
    assert "/artist?" in watched.page.url
    assert watched.faults == []


def test_a_state_can_be_looked_into(watched: Watched, address: str) -> None:
    """The states of the table lead to their pages."""
    watched.page.goto(address)
    watched.page.locator("#states summary").click()
    links = watched.page.locator("#states p a", has_not_text="CSV").filter(
        has_not_text="JSON"
    )
    links.first.click()
    assert "state=" in watched.page.url


def test_figures_can_be_taken_away(watched: Watched, address: str) -> None:
    """The link of a table gives a file."""
    watched.page.goto(address)
    watched.page.locator("#songs summary").click()
    with watched.page.expect_download() as download:
        watched.page.locator("#songs").get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == "songs.csv"
    text = Path(download.value.path()).read_text("utf-8")
    assert text.startswith("chart_rank,")


def test_page_reads_without_scripts(browser: Browser, address: str) -> None:
    """The answers and the tables are there before any script."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    assert page.locator(".answer").count() >= 10
    assert page.locator("#songs table.chart tbody tr").count() == 10
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_page_is_accessible(
    browser: Browser, address: str, scheme: Scheme, size: ViewportSize
) -> None:
    """axe-core finds nothing with all tables open; nothing is wider than the screen."""
    context = browser.new_context(viewport=size, color_scheme=scheme)
    watched = Watched(context.new_page())
    watched.page.goto(address)
    song = watched.page.locator(".chart a").first.get_attribute("href")
    artist = watched.page.locator(".chart a.artist").first.get_attribute("href")
    long = "?platform=" + 60 * "x"
    for place in ("/", song, artist, "/definitions", f"/{long}"):
        watched.page.goto(f"{address}{place}")
        watched.draw()
        open_all = "all => all.forEach(e => e.open = 1)"
        watched.page.eval_on_selector_all("details", open_all)
        found = Axe().run(watched.page)
        assert found.violations_count == 0, found.generate_report()
        width = watched.page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"], place
    assert watched.faults == []
    context.close()


def test_file_needs_nobody(watched: Watched, sample: Path, tmp_path: Path) -> None:
    """The report as a file is drawn from the disk, by its own scripts alone."""
    file = tmp_path / "report.html"
    command = ["report", "--format", "html", "-o", str(file), "--config", str(sample)]
    subprocess.run([sys.executable, "-m", "sparkify", *command], check=True)
    watched.page.goto(file.as_uri())
    watched.draw()
    assert watched.page.locator(".plot svg.main-svg").count() >= 8
    assert watched.faults == []
