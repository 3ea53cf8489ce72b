"""A browser, and the dashboard served to it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium of this machine."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        reason = "there is no Chromium on this machine"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}, and CI must not skip")
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration of a warehouse that has the sample, one title made hostile."""
    folder = tmp_path_factory.mktemp("dashboard")
    shutil.copytree(ROOT / "sample", folder / "sample")
    logs = sorted((folder / "sample" / "log_data").rglob("*.json"))
    hostile = (
        r"<script>document.title='owned'<\/script><a href='https:\/\/evil.example'>x"
    )
    for log in logs:
        text = log.read_text("utf-8")
        log.write_text(text.replace("One More Kinder Bannister?", hostile), "utf-8")
    config = folder / "dwh.cfg"
    config.write_text(
        "[WAREHOUSE]\nPATH=w.duckdb\n"
        "[S3]\nLOG_DATA=sample/log_data\nSONG_DATA=sample/song_data\n",
        "utf-8",
    )
    for command in (["create-tables"], ["run", "--quiet"]):
        subprocess.run(_sparkify(*command, config=config), check=True, cwd=ROOT)
    return config


@pytest.fixture(scope="session")
def address(sample: Path) -> Iterator[str]:
    """Where the dashboard of the sample is."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = _sparkify("dashboard", "--port", str(port), config=sample)
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as server:
        where = f"http://127.0.0.1:{port}"
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{where}/health", timeout=5).close()  # noqa: S310  # our own address
                break
            except OSError:
                time.sleep(0.1)
        yield where
        server.terminate()


def _sparkify(*arguments: str, config: Path) -> list[str]:
    return [sys.executable, "-m", "sparkify", *arguments, "--config", str(config)]
