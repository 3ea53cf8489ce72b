"""Serves the page: what can be asked for, and what is answered."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sparkify.config import Settings
from sparkify.dashboard.assets import ASSETS
from sparkify.dashboard.guard import (
    HEADERS,
    guards,
    in_address,
    read_token,
    require_guard,
)
from sparkify.dashboard.page import (
    ARTIST,
    METRICS,
    SONG,
    Page,
    artist_page,
    main_page,
    read_filters,
    render,
    render_definitions,
    render_error,
    song_page,
)
from sparkify.dashboard.reader import Reader
from sparkify.errors import (
    BadQuestion,
    ConfigError,
    SparkifyError,
    TransientError,
    WarehouseBusy,
)
from sparkify.lookups.texts import credit_key
from sparkify.metrics import Filters
from sparkify.report import formats
from sparkify.report.document import Document

_KINDS = {"csv": "text/csv", "json": "application/json"}

Make = Callable[[Document], Page]


class Dashboard:
    """Answers requests for one configuration."""

    def __init__(self, settings: Settings) -> None:
        self._reader = Reader(settings)

    def routes(self) -> list[Route]:
        """What can be asked for; all of it by GET alone."""
        return [
            Route("/", _told(self.index)),
            Route("/song/{key}", _told(self.song)),
            Route("/artist", _told(self.artist)),
            Route("/download/{metric}.{kind}", _told(self.download)),
            Route("/definitions", definitions),
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
        with suppress(Exception):  # told to who asks
            render(main_page(self._reader.read(read_filters({}), METRICS).document))

    def index(self, request: Request) -> Response:
        """The page of all questions."""
        return self._page(request, *_main())

    def song(self, request: Request) -> Response:
        """The page of a song."""
        return self._page(request, *_of_song(request.path_params["key"]))

    def artist(self, request: Request) -> Response:
        """The page of an artist."""
        name = request.query_params.get("name", "")
        return self._page(request, *_of_artist(name), kept={"name": name})

    def download(self, request: Request) -> Response:
        """A metric of a page as CSV or JSON: of all, of a `song`, or of an `artist`."""
        name, kind = request.path_params["metric"], request.path_params["kind"]
        asked = request.query_params
        if "song" in asked:
            names, make, bound = _of_song(asked["song"])
        elif "artist" in asked:
            names, make, bound = _of_artist(asked["artist"])
        else:
            names, make, bound = _main()
        if name not in names or kind not in _KINDS:
            raise BadQuestion(f"There is no {name}.{kind} to download.")
        document = self._reader.read(_filters(request), names, **bound).document
        if notice := make(document).notice:
            raise BadQuestion(notice)
        only = replace(document, results={name: document.results[name]})
        return Response(
            formats.as_json(only)
            if kind == "json"
            else formats.as_csv(only, excel_safe=True),
            media_type=_KINDS[kind],
            headers={"Content-Disposition": f'attachment; filename="{name}.{kind}"'},
        )

    def _page(
        self,
        request: Request,
        names: Sequence[str],
        make: Make,
        bound: dict[str, object],
        kept: dict[str, str] | None = None,
    ) -> Response:
        found = self._reader.read(_filters(request), names, **bound)
        page = make(found.document)
        if found.why_old:
            page = replace(page, notice=page.notice or found.why_old)
        return HTMLResponse(render(page, kept=kept or {}))


# Of which metrics a page is made, how, and of which song or artist.
_Asked = tuple[Sequence[str], Make, dict[str, object]]


def _main() -> _Asked:
    return METRICS, main_page, {}


def _of_song(key: str) -> _Asked:
    try:
        number = int(key[:20])
    except ValueError:
        number = 2**63
    if not -(2**63) <= number < 2**63 or str(number) != key:
        raise BadQuestion("There is no such song.")
    return SONG, lambda found: song_page(found, number), {"song_key": number}


def _of_artist(name: str) -> _Asked:
    key = credit_key(name)
    return ARTIST, lambda found: artist_page(found, name), {"credit_key": key}


def _told(make: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """`make`, its expected failures told on a page."""

    def answer(request: Request) -> Response:
        try:
            return make(request)
        except BadQuestion as error:
            return _failed(400, "This cannot be answered", str(error))
        except WarehouseBusy:
            return _failed(503, "A load is running", "Ask again when it has ended.")
        except TransientError as error:
            return _failed(503, "The warehouse cannot be read now", str(error))
        except SparkifyError as error:
            return _failed(500, "The warehouse cannot be read", str(error))

    return answer


async def definitions(request: Request) -> Response:  # noqa: ARG001  # as Starlette calls it
    """What every figure means; the warehouse is not asked."""
    return HTMLResponse(render_definitions())


async def static_file(request: Request) -> Response:
    """A script or style sheet; its address changes with what it holds."""
    asset = ASSETS.get(request.path_params["name"])
    if asset is None:
        return PlainTextResponse("There is no such file.", 404)
    return Response(
        asset.text,
        media_type=asset.media_type,
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )


async def health(request: Request) -> Response:  # noqa: ARG001  # as Starlette calls it
    """That we are here; the warehouse is not asked."""
    return PlainTextResponse("ok")


def _missing(request: Request, error: Exception) -> Response:  # noqa: ARG001  # likewise
    return _failed(404, "There is no such page", "The address has a mistake.")


def _broken(request: Request, error: Exception) -> Response:  # noqa: ARG001  # likewise
    response = _failed(500, "This is a fault of ours", "The log of the server has it.")
    # It is made outside of what guards all other responses.
    response.headers.update(HEADERS)
    return response


def make_app(
    settings: Settings,
    host: str = "127.0.0.1",
    token: str = "",
    names: Sequence[str] = (),
) -> ASGIApp:
    """The application; with a token, for those who have it."""
    dashboard = Dashboard(settings)
    return Starlette(
        routes=dashboard.routes(),
        lifespan=dashboard.prepared,
        exception_handlers={404: _missing, 500: _broken},
        middleware=[
            *guards(host, names, token),
            Middleware(GZipMiddleware, minimum_size=1024),
        ],
    )


def serve(
    settings: Settings,
    host: str,
    port: int,
    token_file: Path | None,
    names: Sequence[str] = (),
    *,
    no_auth: bool,
    tell: Callable[[str], None],
) -> None:
    """Serve until interrupted; `tell` is told the address when it is there.

    Raises ConfigError for a host that is not guarded, or an address that is taken.
    """
    token = read_token(token_file)
    require_guard(host, names, token, no_auth=no_auth)
    app = make_app(settings, host, token, names)
    config = uvicorn.Config(
        app, host=host, port=port, log_level="warning", server_header=False
    )
    with _bound(host, port) as listener:
        tell(f"http://{in_address(host)}:{port}/")
        uvicorn.Server(config).run(sockets=[listener])


def _bound(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        )
    except OSError as error:
        raise ConfigError(
            f"{in_address(host)}:{port}: cannot be served: {error.strerror}; give "
            "another --host or --port."
        ) from None


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
