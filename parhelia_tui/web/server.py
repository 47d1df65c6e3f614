"""The server: an app of its own for each page that is open, over textual-serve."""

from __future__ import annotations

import asyncio
import shlex
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from string import Template

from aiohttp import WSCloseCode, web
from textual_serve.app_service import AppService
from textual_serve.server import Server, to_int

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.web.admission import Admission

HERE = Path(__file__).parent
FONT_SIZES = range(6, 61)
"""Pixels that `?fontsize=` may name."""
FONT_SIZE = 16
SIDES = range(1, 1001)
"""Cells that a page may say its terminal is wide or high."""
DASHBOARD = "import sys; from parhelia_tui.entry import dashboard; sys.argv[1:] = []; sys.exit(dashboard())"
LEAVE_S = 5.0
"""Seconds that apps are given to end when the server does; what is left then ends as its input does."""


class ClosingAppService(AppService):
    """An app whose page is closed when it ends, whatever it ended on."""

    async def run(self) -> None:
        """Pass on what the app draws until it ends; then tell the page."""
        try:
            await super().run()
        finally:
            with suppress(ConnectionError, RuntimeError):
                await self.remote_close()


class DashboardServer(Server):
    """Serves the dashboard to those that `Admission` lets in.

    Args:
        listener: the socket that is listened on.
    """

    def __init__(self, listener: socket.socket) -> None:
        host, port = listener.getsockname()[:2]
        # `exec`: textual-serve starts a shell, and the app has to be the process that it talks to.
        command = "exec " + shlex.join([sys.executable, "-c", DASHBOARD])
        super().__init__(command, host=host, port=port, title="parhelia")
        self._listener = listener
        self._admission = Admission(port)
        self._pages: set[asyncio.Task[object]] = set()

    @property
    def link(self) -> str:
        """Where the dashboard is, with the token."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{name}:{self.port}/?token={self._admission.token}"

    async def stay(self, ready: Callable[[], None]) -> None:
        """Serve until SIGINT or SIGTERM.

        Args:
            ready: called once requests are answered.
        """
        asked = asyncio.Event()
        loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, asked.set)
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=LEAVE_S)
        await runner.setup()
        await web.SockSite(runner, self._listener).start()
        try:
            ready()
            await asked.wait()
        finally:
            await self._close_pages()
            await runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[self._admission.middleware])
        application.add_routes(
            [
                web.get("/", self.handle_index),
                web.get("/page.css", self._style),
                web.get("/ws", self.handle_websocket),
                web.static("/static", self.statics_path),
            ]
        )
        return application

    async def handle_index(self, request: web.Request) -> web.Response:
        """The page; its terminal connects back to the very name that it was opened under."""
        size = to_int(request.query.get("fontsize", ""), FONT_SIZE)
        page = Template((HERE / "page.html").read_text()).substitute(
            host=request.host, font_size=size if size in FONT_SIZES else FONT_SIZE
        )
        return web.Response(text=page, content_type="text/html")

    async def _style(self, request: web.Request) -> web.Response:
        return web.Response(text=(HERE / "page.css").read_text(), content_type="text/css")

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """The terminal of a page, with an app of its own until either of them ends."""
        page = asyncio.current_task()
        assert page is not None
        self._pages.add(page)
        terminal = web.WebSocketResponse(heartbeat=15)
        try:
            await terminal.prepare(request)
            await self._drive(terminal, _side(request, "width", 80), _side(request, "height", 24))
        finally:
            self._pages.discard(page)
            with suppress(ConnectionError, RuntimeError):
                await terminal.close()
        return terminal

    async def _drive(self, terminal: web.WebSocketResponse, width: int, height: int) -> None:
        app = ClosingAppService(
            self.command,
            write_bytes=terminal.send_bytes,
            write_str=terminal.send_str,
            close=_closer(terminal),
            download_manager=self.download_manager,
        )
        await app.start(width, height)
        try:
            await self._process_messages(terminal, app)
        except (AssertionError, ConnectionError, LookupError, TypeError, ValueError):
            # Not a message of our page's.
            await terminal.close(code=WSCloseCode.PROTOCOL_ERROR)
        finally:
            await app.stop()

    async def _close_pages(self) -> None:
        open_ones = tuple(self._pages)
        for page in open_ones:
            page.cancel()
        if open_ones:
            await asyncio.wait(open_ones, timeout=LEAVE_S)


def _closer(terminal: web.WebSocketResponse) -> Callable[[], Awaitable[None]]:
    async def close() -> None:
        await terminal.close()

    return close


def _side(request: web.Request, name: str, otherwise: int) -> int:
    given = to_int(request.query.get(name, ""), otherwise)
    return given if given in SIDES else otherwise


def listen(host: str, port: int) -> socket.socket:
    """Listen on an address of this machine alone.

    Args:
        host: `localhost` or an address of the loopback network.
        port: 0 for a free one.

    Raises:
        ParheliaError: E101 for an address that others reach, E502 where it cannot be listened on.
    """
    address = "127.0.0.1" if host == "localhost" else host
    try:
        loopback = ip_address(address).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ParheliaError(
            "E101",
            f"the dashboard is served to this machine alone, and {host} is no address of its loopback network",
            recovery=("parhelia serve", "ssh -L 8000:127.0.0.1:8000 THIS_MACHINE parhelia serve --port 8000"),
        )
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family)
    except OSError as error:
        raise ParheliaError(
            "E502",
            f"cannot listen on {address} port {port}: {error.strerror or error}",
            recovery=("parhelia serve", "parhelia serve --port 0"),
        ) from error


def serve(host: str, port: int, say: Callable[[str], None]) -> None:
    """Serve the dashboard until this process is asked to end.

    Args:
        host: an address of the loopback network.
        port: 0 for a free one.
        say: told the link once requests are answered.

    Raises:
        ParheliaError: see `listen`.
    """
    with listen(host, port) as listener:
        server = DashboardServer(listener)
        asyncio.run(server.stay(lambda: say(server.link)))
