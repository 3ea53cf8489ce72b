"""A command as users run it, and a server that keeps what is sent to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass
class Receiver:
    """A server of this process, and the requests that came to it."""

    port: int = 0
    status: int = 200
    bodies: list[Any] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A server that keeps the JSON that is posted to it."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.bodies.append(json.loads(body))
            found.headers.append(dict(self.headers))
            found.paths.append(self.path)
            self.send_response(found.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_port
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def sparkify(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, with some variables of [OBSERVE]."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("SPARKIFY_")}
    named = {f"SPARKIFY_OBSERVE_{name}": value for name, value in variables.items()}
    return subprocess.run(
        [sys.executable, "-m", "sparkify", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=clean | named,
        timeout=120,
    )
