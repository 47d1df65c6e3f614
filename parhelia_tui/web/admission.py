"""Who may come in: the token of the link, and after it a cookie; nobody from another page or under another name."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TOKEN_BYTES = 32
"""Random bytes of the token and of the cookie."""

HEADERS = {
    # The terminal's own script writes styles; everything comes from here and nothing from anywhere else.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self' ws://{host}; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Admission:
    """Lets requests through that carry the token, or the cookie that it was exchanged for.

    The cookie alone is not enough for the terminal's connection: cookies know no ports, and a page of another
    server on this machine counts as the same site. So its `Origin` has to be this server (RFC 6455, section 10.2).
    A name that somebody pointed at this machine is refused by the `Host` that the browser sends.

    Args:
        port: the one that is listened on.
    """

    def __init__(self, port: int) -> None:
        self.token = secrets.token_urlsafe(TOKEN_BYTES)
        self._cookie = secrets.token_urlsafe(TOKEN_BYTES)
        self._cookie_name = f"parhelia-{port}"
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request that may come in; refuse any other before anything is done for it."""
        host = request.headers.get("Host", "")
        if host not in self._hosts:
            return _refusal("This address is not the one that the dashboard is served at.", host="")
        given = request.query.get("token")
        if given is not None and request.path == "/" and _same(given, self.token):
            return self._exchange(host)
        if not _same(request.cookies.get(self._cookie_name, ""), self._cookie):
            return _refusal("Open the link that parhelia serve printed; it has the token.", host)
        if request.path == "/ws" and request.headers.get("Origin") != f"http://{host}":
            return _refusal("Another page asked for the dashboard.", host)
        response = await handler(request)
        if not response.prepared:
            _harden(response, host)
        return response

    def _exchange(self, host: str) -> web.Response:
        """Give a cookie for the token, so that it stands in the address bar for a moment only."""
        response = web.Response(status=303, headers={"Location": "/"})
        response.set_cookie(self._cookie_name, self._cookie, httponly=True, samesite="Strict", path="/")
        _harden(response, host)
        return response


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())


def _refusal(why: str, host: str) -> web.Response:
    response = web.Response(status=403, text=f"E401: {why}\n")
    _harden(response, host)
    return response


def _harden(response: web.StreamResponse, host: str) -> None:
    for name, value in HEADERS.items():
        response.headers[name] = value.replace("{host}", host)
