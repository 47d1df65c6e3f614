"""Who is let in, what a page shows and does, and that nothing stays when it is over."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from tests.support.product import Product
from tests.support.waiting import process_is_there, until
from tests.web.conftest import Served

pytestmark = pytest.mark.real


class Page:
    """What the script of a page does: it draws what comes, and sends keys."""

    def __init__(self, connection: ClientWebSocketResponse) -> None:
        self.connection = connection
        self.drawn = ""

    async def draw_until(self, holds: Callable[[str], bool]) -> None:
        """Take what comes until what was drawn holds."""
        async with asyncio.timeout(60):
            while not holds(self.drawn):
                message = await self.connection.receive()
                assert message.type in (WSMsgType.BINARY, WSMsgType.TEXT), message
                if message.type is WSMsgType.BINARY:
                    self.drawn += message.data.decode()

    async def type(self, keys: str) -> None:
        """Press keys; what is drawn from now on counts."""
        self.drawn = ""
        await self.connection.send_json(["stdin", keys])

    async def ends(self) -> None:
        """Wait until the server closes the connection."""
        async with asyncio.timeout(60):
            while (await self.connection.receive()).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED):
                pass


async def opened(served: Served) -> Page:
    """Follow the link as a browser does, and open the terminal of its page."""
    async with served.browser.get(served.link) as answer:
        assert (answer.status, answer.url.query_string) == (200, "")
    connection = await served.browser.ws_connect(
        f"{served.origin}/ws?width=100&height=30", headers={"Origin": served.origin}
    )
    page = Page(connection)
    await page.draw_until(lambda drawn: "Heartbeats" in drawn)
    return page


def apps_of(served: Served) -> list[int]:
    """The dashboards that a server has started."""
    pid = served.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in children.split() if process_is_there(int(word))]


async def test_nobody_comes_in_without_the_token_nor_from_another_page(served: Served) -> None:
    browser, origin = served.browser, served.origin
    for path in ("/", "/?token=wrong", "/page.css", "/ws", "/static/js/textual.js", "/nothing"):
        async with browser.get(origin + path) as answer:
            assert answer.status == 403, path
            assert "parhelia serve" in await answer.text()
    async with browser.get(served.link, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/")
        cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    async with browser.get(served.link) as answer:
        page = await answer.text()
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    # Nothing of the page comes from anywhere else.
    assert [word for word in page.split('"') if "//" in word] == [f"ws://{served.link.authority}/ws"]
    for path in ("/page.css", "/static/js/textual.js", "/static/css/xterm.css"):
        async with browser.get(origin + path) as answer:
            assert answer.status == 200, path
    async with browser.get(origin + "/", headers={"Host": f"attacker.example:{served.link.port}"}) as answer:
        assert answer.status == 403
    for elsewhere in ({}, {"Origin": "http://127.0.0.1:1"}, {"Origin": "https://attacker.example"}):
        with pytest.raises(WSServerHandshakeError, match="403"):
            await browser.ws_connect(f"{origin}/ws", headers=elsewhere)
    assert apps_of(served) == []


async def test_a_page_is_a_dashboard_that_takes_keys_and_another_size(served: Served) -> None:
    page = await opened(served)
    # With its colours: below the form the same words are dimmed.
    title = re.search(r"\x1b\[[0-9;]*m Heartbeats", page.drawn)
    assert title is not None
    await page.type("n")
    await page.draw_until(lambda drawn: "New task" in drawn)
    await page.type("\x1b")
    # A new size is taken at once and Escape only when no key has followed it, so one waits for the other.
    await page.draw_until(lambda drawn: title[0] in drawn)
    await page.connection.send_json(["resize", {"width": 60, "height": 10}])
    await page.draw_until(lambda drawn: "This terminal has 60x10." in drawn)
    page.drawn = ""
    await page.connection.send_json(["resize", {"width": 120, "height": 40}])
    await page.draw_until(lambda drawn: title[0] in drawn)
    (app,) = apps_of(served)
    await page.type("q")
    await page.ends()
    await until(lambda: not process_is_there(app), 20)


@pytest.mark.long
async def test_what_is_no_message_ends_its_page_alone(served: Served) -> None:
    good, bad = await opened(served), await opened(served)
    await bad.connection.send_str('{"no": "list"}')
    await bad.ends()
    await until(lambda: len(apps_of(served)) == 1, 20)
    await good.type("?")
    await good.draw_until(lambda drawn: "after a question" in drawn)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
async def test_the_dashboards_end_with_their_server(served: Served, ending: signal.Signals) -> None:
    page = await opened(served)
    apps = apps_of(served)
    assert len(apps) == 1
    served.process.send_signal(ending)
    await page.ends()
    await until(lambda: served.process.poll() is not None, 20)
    assert served.process.returncode == (-9 if ending is signal.SIGKILL else 0)
    await until(lambda: not any(map(process_is_there, apps)), 20)


def test_it_is_served_to_this_machine_alone(product: Product) -> None:
    for address in ("0.0.0.0", "example.org"):
        code, error = product.error("serve", "--host", address)
        assert (code, error["code"]) == (2, "E101")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, error = product.error("serve", "--port", str(port))
    assert error["code"] == "E502"
    assert f"port {port}" in error["message"]
