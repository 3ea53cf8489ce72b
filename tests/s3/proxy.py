"""An HTTP proxy that stands in front of an S3 server and makes it fail."""

from __future__ import annotations

import http.client
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

EVER = 10**6


@dataclass
class Answer:
    """What the server said; a fault may change it before it goes out."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    send: int | None = None
    pause: float = 0.0


Change = Callable[[Answer], Answer]
Act = Callable[["Handler"], Change | None]


@dataclass
class Fault:
    """What happens to requests for a key, so many times after so many good ones."""

    act: Act
    key: str
    times: int = EVER
    after: int = 0
    method: str = "GET"
    seen: int = 0

    def strikes(self, method: str, path: str) -> bool:
        """Whether it hits this request."""
        if method != self.method or not re.search(self.key, path):
            return False
        self.seen += 1
        return self.after < self.seen <= self.after + self.times


@dataclass
class Proxy:
    """A running proxy."""

    url: str
    upstream: str
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def clear(self) -> None:
        """Let all pass."""
        self.faults.clear()
        self.requests.clear()

    def strike(self, method: str, path: str, part: str | None) -> Fault | None:
        """The fault that hits a request, which is counted."""
        with self.lock:
            self.requests.append((method, path, part))
            return next((f for f in self.faults if f.strikes(method, path)), None)


class Handler(BaseHTTPRequestHandler):
    """Passes a request on as it came, signature and all."""

    protocol_version = "HTTP/1.1"
    proxy: Proxy
    is_dropped = False

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""

    def do_GET(self) -> None:
        """Pass it on, unless a fault hits it."""
        path = unquote(self.path)
        fault = self.proxy.strike(self.command, path, self.headers.get("range"))
        change = fault.act(self) if fault else None
        if self.is_dropped:
            return
        answer = self._ask()
        self._answer(change(answer) if change else answer)

    do_HEAD = do_GET  # noqa: N815  # the library's name

    def _ask(self) -> Answer:
        address = urlsplit(self.proxy.upstream)
        assert address.hostname
        upstream = http.client.HTTPConnection(address.hostname, address.port)
        try:
            # Host goes along unchanged: it was signed.
            upstream.request(self.command, self.path, headers=dict(self.headers))
            response = upstream.getresponse()
            return Answer(response.status, response.getheaders(), response.read())
        finally:
            upstream.close()

    def _answer(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            if name.lower() not in {"connection", "transfer-encoding", "date"}:
                self.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in answer.headers):
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        body = answer.body[: answer.send]
        try:
            for start in range(0, len(body), 256) if answer.pause else [0]:
                self.wfile.write(body[start : start + 256] if answer.pause else body)
                self.wfile.flush()
                time.sleep(answer.pause)
        except OSError:
            self.close_connection = True
            return
        if len(body) < len(answer.body):
            self.drop()

    def drop(self) -> None:
        """Close the connection, as a server that dies."""
        self.is_dropped = self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """Close the connection rudely."""
        self.is_dropped = self.close_connection = True
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that left is no news."""


@contextmanager
def proxy_of(upstream: str) -> Iterator[Proxy]:
    """A proxy in front of `upstream` for the block."""
    made = Proxy("", upstream)

    class Bound(Handler):
        proxy = made

    server = _Server(("127.0.0.1", 0), Bound)
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


def says(status: int, code: str, message: str = "No.") -> Act:
    """An error of S3 in place of the answer."""
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code>'
        f"<Message>{message}</Message></Error>"
    ).encode()
    return lambda _: lambda _: Answer(status, [("Content-Type", "text/xml")], body)


def resets(handler: Handler) -> None:
    """A connection that is reset before an answer."""
    handler.reset()


def drops(handler: Handler) -> None:
    """A connection that is closed before an answer."""
    handler.drop()


def hangs(seconds: float) -> Act:
    """No answer in time."""

    def act(handler: Handler) -> None:
        time.sleep(seconds)
        handler.drop()

    return act


def truncates(share: float) -> Act:
    """A body that ends too early, with the connection."""

    def change(answer: Answer) -> Answer:
        answer.send = int(len(answer.body) * share)
        return answer

    return lambda _: change


def trickles(pause: float) -> Act:
    """A body that comes so slowly that it never ends in time."""

    def change(answer: Answer) -> Answer:
        answer.pause = pause
        return answer

    return lambda _: change


def changes(change: Change) -> Act:
    """An answer of the server, changed."""
    return lambda _: change


def meanwhile(act: Callable[[], object]) -> Act:
    """Something that happens between the listing and this request."""

    def do(_: Handler) -> None:
        act()

    return do
