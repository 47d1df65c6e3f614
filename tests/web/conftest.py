"""The dashboard in a browser, as the installed command serves it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from subprocess import Popen

import pytest
from aiohttp import ClientSession, CookieJar
from yarl import URL

from tests.support.product import Product


@dataclass(frozen=True, slots=True)
class Served:
    """A running `parhelia serve`, and one browser that has not been there yet."""

    process: Popen[str]
    link: URL
    browser: ClientSession

    @property
    def origin(self) -> str:
        """What a page of this server calls itself."""
        return str(self.link.origin())


@pytest.fixture
async def served(product: Product) -> AsyncIterator[Served]:
    """The server; its link is what the command printed."""
    process = product.start("serve", "--json")
    assert process.stdout is not None
    link = URL(json.loads(process.stdout.readline())["link"])
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", str(link.origin()))
    # A browser keeps cookies of an address that is a number too.
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as browser:
        yield Served(process, link, browser)
