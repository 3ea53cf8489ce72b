"""Who may see the dashboard, and what keeps a browser from harm."""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sparkify.dashboard.page import render_error
from sparkify.errors import ConfigError

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}
_COOKIE = "sparkify"
_NAME = re.compile(r"(\*\.)?[\w-]+(\.[\w-]+)*|[0-9A-Fa-f:]+", re.ASCII)
_LEAST_TOKEN = 16


def guards(host: str, names: Sequence[str], token: str) -> list[Middleware]:
    """What every request passes: headers, the host's name, the token.

    `names` are those that others know the host by. A page of somebody else could read
    ours through a name of its own; it cannot bring a token.
    """
    known = ["127.0.0.1", "localhost", "[::1]", *map(in_address, (host, *names))]
    hosts = ["*"] if token and not names else known
    return [
        Middleware(_Headers),
        Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False),
        Middleware(_Token, token=token),
    ]


def require_guard(
    host: str, names: Sequence[str], token: str, *, no_auth: bool
) -> None:
    """Raise ConfigError for a host that others could read, unless that is meant."""
    for name in names:
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"--allowed-host {name}: give a name or an address alone, such as "
                "sparkify.example.com; no port, no https://."
            )
    if token or _is_loopback(host):
        return
    if not no_auth:
        raise ConfigError(
            f"{host}: others could read the dashboard; ask them for a token with "
            "--token-file FILE, or let everybody in with --no-auth."
        )
    if not names and _is_every_address(host):
        raise ConfigError(
            f"{host}: say by which names others ask for it, with --allowed-host NAME."
        )


def read_token(file: Path | None) -> str:
    """The token in a file; empty without one. Raises ConfigError."""
    if file is None:
        return ""
    try:
        token = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}.") from None
    if len(token) < _LEAST_TOKEN:
        raise ConfigError(
            f"{file}: the token is too short; write {_LEAST_TOKEN} characters or more."
        )
    if not token.isascii() or not token.isprintable():
        raise ConfigError(
            f"{file}: a browser cannot keep this token; write letters and digits."
        )
    return token


def in_address(host: str) -> str:
    """The host as an address names it: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


class _Headers:
    """Adds to every response what keeps a browser from harm."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("cache-control", "private, no-cache")
            await send(message)

        await self._app(scope, receive, guarded)


class _Token:
    """Lets in who brings the token: in a header, a cookie, or once in the address."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_open = scope["type"] != "http" or scope["path"].startswith("/static/")
        if is_open or not self._token:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        if self._fits(request.query_params.get("token", "")):
            left = request.url.remove_query_params("token")
            path = "/" + left.path.lstrip("/")
            response: Response = RedirectResponse(
                path + (f"?{left.query}" if left.query else ""), 303
            )
            # Lax: a link in a mail leads here, and nothing here can be changed.
            response.set_cookie(
                _COOKIE,
                self._token,
                httponly=True,
                samesite="lax",
                secure=request.url.scheme == "https",
            )
            await response(scope, receive, send)
            return
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        is_bearer = scheme.lower() == "bearer" and self._fits(given)
        if is_bearer or self._fits(request.cookies.get(_COOKIE, "")):
            await self._app(scope, receive, send)
            return
        text = render_error(
            "Who is there?", "Add ?token=… with the token to the address."
        )
        headers = {"WWW-Authenticate": "Bearer"}
        await HTMLResponse(text, 401, headers)(scope, receive, send)

    def _fits(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token.encode())


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _is_every_address(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False
