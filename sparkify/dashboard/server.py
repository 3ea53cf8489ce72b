"""Serves the page: reads the warehouse in short sessions, and keeps what it read.

A session on a DuckDB file keeps a load waiting, and a load keeps a session waiting: so
a page is kept until another load is there, and the kept one is served while one runs.
"""

from __future__ import annotations

import asyncio
import hmac
import threading
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sparkify.config import Settings
from sparkify.dashboard.page import (
    ARTIST,
    METRICS,
    SONG,
    Page,
    artist_page,
    main_page,
    read_filters,
    render,
    render_error,
    song_page,
    why_nothing,
)
from sparkify.dashboard.static import asset, plotly_script
from sparkify.errors import BadQuestion, ConfigError, SparkifyError, TransientError
from sparkify.lookups.texts import credit_key
from sparkify.metrics import Filters
from sparkify.report import formats
from sparkify.report.document import Document, collect

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_KEPT = 256
_SERVER_SECONDS = 60.0
_PATIENCE = 2.0
_COOKIE = "sparkify"


@dataclass(frozen=True)
class _Answer:
    """What was read, and the state of the warehouse then."""

    document: Document
    state: object


class Reader:
    """Reads documents, one at a time, and keeps them until the warehouse changes."""

    def __init__(self, settings: Settings) -> None:
        # A viewer does not wait as long for a load as a load waits for a viewer.
        self._settings = replace(settings, lock_wait=min(settings.lock_wait, _PATIENCE))
        self._kept: OrderedDict[object, _Answer] = OrderedDict()
        self._lock = threading.Lock()

    def read(
        self, filters: Filters, names: Sequence[str], **bound: object
    ) -> tuple[Document, bool]:
        """The document, and whether a load keeps us from a newer one.

        Raises SparkifyError when there is none.
        """
        key = (filters, tuple(names), tuple(sorted(bound.items())))
        with self._lock:
            kept = self._kept.get(key)
            state = self._state()
            if kept and kept.state == state:
                self._kept.move_to_end(key)
                return kept.document, False
            try:
                document = collect(self._settings, filters, names, **bound)
            except TransientError:
                if kept is None:
                    raise
                return kept.document, True
            self._kept[key] = _Answer(document, state)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return document, False

    def _state(self) -> object:
        """What differs after a load: of the file, or of the minute on a server."""
        if self._settings.engine != "duckdb":
            return time.monotonic() // _SERVER_SECONDS
        try:
            found = self._settings.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size


class Dashboard:
    """Answers requests for one configuration."""

    def __init__(self, settings: Settings) -> None:
        self._reader = Reader(settings)

    def routes(self) -> list[Route]:
        """What can be asked for; all of it by GET alone."""
        return [
            Route("/", self._answer(self.index)),
            Route("/song/{key:int}", self._answer(self.song)),
            # negative keys are none of Starlette's integers
            Route("/song/-{key:int}", self._answer(self.negative_song)),
            Route("/artist", self._answer(self.artist)),
            Route("/download/{metric}.{kind}", self._answer(self.download)),
            Route("/static/{name}", static_file),
            Route("/health", health),
        ]

    @asynccontextmanager
    async def prepared(self, _: Starlette) -> AsyncIterator[None]:
        """While the server runs; the usual page is read before anybody asks.

        It is read in a thread that answers later: that has its memory then, which saves
        the first viewer a tenth of a second.
        """
        reading = asyncio.create_task(run_in_threadpool(self._read_usual_page))
        yield
        await reading

    def _read_usual_page(self) -> None:
        with suppress(SparkifyError):  # told to who asks
            document, _ = self._reader.read(read_filters({}), METRICS)
            render(main_page(document))

    def index(self, request: Request) -> Response:
        """The page of all questions."""
        return self._page(request, METRICS, main_page)

    def song(self, request: Request, sign: int = 1) -> Response:
        """The page of a song."""
        key = sign * int(request.path_params["key"])
        if not -(2**63) <= key < 2**63:
            raise BadQuestion("There is no such song.")
        return self._page(request, SONG, song_page, song_key=key)

    def negative_song(self, request: Request) -> Response:
        """The page of a song with a key below 0."""
        return self.song(request, sign=-1)

    def artist(self, request: Request) -> Response:
        """The page of an artist."""
        name = request.query_params.get("name", "")
        return self._page(
            request,
            ARTIST,
            lambda found: artist_page(found, name),
            kept={"name": name},
            credit_key=credit_key(name),
        )

    def download(self, request: Request) -> Response:
        """A metric of the page as CSV or JSON."""
        name, kind = request.path_params["metric"], request.path_params["kind"]
        if name not in METRICS or kind not in ("csv", "json"):
            raise BadQuestion(f"There is no {name}.{kind} to download.")
        document, _ = self._reader.read(_filters(request), METRICS)
        if notice := why_nothing(document):
            raise BadQuestion(notice)
        asked = replace(document, results={name: document.results[name]})
        text = formats.as_json(asked) if kind == "json" else formats.as_csv(asked)
        return Response(
            text,
            media_type="application/json" if kind == "json" else "text/csv",
            headers={"Content-Disposition": f'attachment; filename="{name}.{kind}"'},
        )

    def _page(
        self,
        request: Request,
        names: Sequence[str],
        make: Callable[[Document], Page],
        kept: dict[str, str] | None = None,
        **bound: object,
    ) -> Response:
        document, is_stale = self._reader.read(_filters(request), names, **bound)
        page = make(document)
        if is_stale:
            page = replace(page, notice=page.notice or _LOADING)
        return HTMLResponse(render(page, kept=kept or {}))

    def _answer(
        self, make: Callable[[Request], Response]
    ) -> Callable[[Request], Response]:
        """`make`, its expected failures told on a page."""

        def answer(request: Request) -> Response:
            try:
                return make(request)
            except BadQuestion as error:
                return _failed(400, "This cannot be answered", str(error))
            except TransientError:
                return _failed(503, "A load is running", "The page comes when it ends.")
            except SparkifyError as error:
                return _failed(500, "The warehouse cannot be read", str(error))

        return answer


_LOADING = "A load is running: these are the figures from before it."


def static_file(request: Request) -> Response:
    """A script or style sheet; the address changes with the version."""
    name = request.path_params["name"]
    if name not in _STATIC:
        return PlainTextResponse("There is no such file.", 404)
    kind, read = _STATIC[name]
    return Response(
        read(),
        media_type=kind,
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )


_STATIC: dict[str, tuple[str, Callable[[], str]]] = {
    "page.css": ("text/css", lambda: asset("page.css")),
    "page.js": ("text/javascript", lambda: asset("page.js")),
    "plotly.js": ("text/javascript", plotly_script),
}


def health(request: Request) -> Response:  # noqa: ARG001  # as Starlette calls it
    """That we are here; the warehouse is not asked."""
    return PlainTextResponse("ok")


def make_app(settings: Settings, host: str = "127.0.0.1", token: str = "") -> ASGIApp:
    """The application; with a token, for those who have it."""
    hosts = ["127.0.0.1", "localhost", "[::1]", _in_address(host)]
    dashboard = Dashboard(settings)
    return Starlette(
        routes=dashboard.routes(),
        lifespan=dashboard.prepared,
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=["*"] if token else hosts),
            Middleware(_Headers),
            Middleware(_Token, token=token),
            Middleware(GZipMiddleware, minimum_size=1024),
        ],
    )


def serve(
    settings: Settings,
    host: str,
    port: int,
    token_file: Path | None,
    *,
    no_auth: bool,
    tell: Callable[[str], None],
) -> None:
    """Serve until interrupted. Raises ConfigError for a host that is not guarded."""
    token = _token(token_file)
    if not token and not no_auth and not _is_loopback(host):
        raise ConfigError(
            f"{host}: others could read the dashboard; ask them for a token with "
            "--token-file FILE, or let everybody in with --no-auth."
        )
    tell(f"http://{_in_address(host)}:{port}/")
    uvicorn.run(
        make_app(settings, host, token),
        host=host,
        port=port,
        log_level="warning",
        server_header=False,
    )


class _Headers:
    """Adds to every response what keeps a browser from harm."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_HEADERS]
                if not any(name == b"cache-control" for name, _ in message["headers"]):
                    message["headers"].append((b"cache-control", b"private, no-cache"))
            await send(message)

        await self._app(scope, receive, guarded)


class _Token:
    """Lets in who brings the token: in a header, a cookie, or once in the address."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._token:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        if self._fits(request.query_params.get("token", "")):
            left = request.url.remove_query_params("token")
            response: Response = RedirectResponse(
                left.path + (f"?{left.query}" if left.query else ""), 303
            )
            response.set_cookie(
                _COOKIE, self._token, httponly=True, samesite="strict", path="/"
            )
            await response(scope, receive, send)
            return
        header = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self._fits(header) or self._fits(request.cookies.get(_COOKIE, "")):
            await self._app(scope, receive, send)
            return
        await _failed(
            401, "Who is there?", "Add ?token=… with the token to the address."
        )(scope, receive, send)

    def _fits(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token.encode())


def _filters(request: Request) -> Filters:
    try:
        return read_filters(dict(request.query_params))
    except ValueError:
        raise BadQuestion(
            "A day is written as 2018-11-30, a number of days as 28."
        ) from None


def _failed(status: int, title: str, message: str) -> Response:
    headers = {"Retry-After": "10"} if status == 503 else None
    return HTMLResponse(render_error(title, message), status, headers)


def _token(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        token = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}.") from None
    if len(token) < 16:
        raise ConfigError(
            f"{file}: the token is too short; write 16 characters or more."
        )
    return token


def _in_address(host: str) -> str:
    """The host as an address names it: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
