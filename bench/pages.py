"""Times pages of the dashboard, each asked once of a server that has just started."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

# None was asked before, but for the last: that one is kept.
ASKED = (
    *("last=90", "last=89", "last=88", "last=7", "last=8", "last=14"),
    *("level=paid", "level=free", "gender=F", "state=CA", "platform=S1", "last=28"),
)


def timings(config: Path) -> Iterator[tuple[str, float]]:
    """What is asked, and the seconds until all of its page is there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    command = ["dashboard", "--config", str(config), "--port", str(port)]
    with subprocess.Popen(
        [sys.executable, "-m", "sparkify", *command], stdout=subprocess.DEVNULL
    ) as server:
        try:
            _wait(f"{url}health")
            _seconds(url)  # the page that a server reads when it starts
            for asked in ASKED:
                yield asked, _seconds(f"{url}?{asked}")
        finally:
            server.terminate()


def _seconds(url: str) -> float:
    began = time.monotonic()
    with urlopen(url) as page:  # noqa: S310  # of our own server
        page.read()
    return time.monotonic() - began


def _wait(url: str) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            _seconds(url)
        except URLError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return
