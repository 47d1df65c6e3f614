"""Typing into a session without going there, with a look at what came of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from parhelia_tui.core.backends.base import Endpoint
from parhelia_tui.core.sessions import server

SHOWN_S = 5.0
"""Seconds in which what was pasted has to stand on the screen; else nothing is pressed."""
LOOK_EVERY_S = 0.03
TAIL = 16
"""Letters at the end of a text by which it is known again."""
FOLDED = "[Pastedtext"
"""What some agents show in the place of a long paste, without its white space."""


@dataclass(frozen=True, slots=True)
class Look:
    """A screen at one moment.

    Args:
        line: what stands on the line of the cursor, with the lines that run on into it, without white space.
        whole: all of the screen, without white space.
    """

    line: str
    whole: str


def tail_of(text: str) -> str:
    """The end of a text, without white space."""
    return "".join(text.split())[-TAIL:]


async def paste(endpoint: Endpoint, text: str, *, anywhere: bool) -> bool:
    """Paste a text, out of the scrolling mode first, and wait until it stands on the screen.

    Args:
        anywhere: it may stand anywhere, as with programs that draw their own cursor; else before the cursor.

    Returns:
        False when it did not appear: something else than a line to type into has the terminal.

    Raises:
        ParheliaError: E100, E200, E601.
    """
    tail, before = tail_of(text), await look(endpoint)
    await server.send_text(endpoint, text)
    end = asyncio.get_running_loop().time() + SHOWN_S
    while True:
        seen = await look(endpoint)
        more = any(seen.whole.count(each) > before.whole.count(each) for each in (tail, FOLDED))
        if more if anywhere else seen.line.endswith(tail):
            return True
        if asyncio.get_running_loop().time() > end:
            return False
        await asyncio.sleep(LOOK_EVERY_S)


async def submit(endpoint: Endpoint, text: str) -> bool:
    """Press Enter, and wait until the text has left the line of the cursor.

    Raises:
        ParheliaError: E200, E601.
    """
    await server.send_keys(endpoint, ["Enter"])
    end = asyncio.get_running_loop().time() + SHOWN_S
    while (await look(endpoint)).line.endswith(tail_of(text)):
        if asyncio.get_running_loop().time() > end:
            return False
        await asyncio.sleep(LOOK_EVERY_S)
    return True


async def look(endpoint: Endpoint) -> Look:
    """Read a session's screen and where its cursor is. Raises E200, E601."""
    rows, row, columns = await server.screen_and_cursor(endpoint)
    line = rows[row] if row < len(rows) else ""
    while row > 0 and len(rows[row - 1]) >= columns:
        # A full row runs on into the next one.
        row -= 1
        line = rows[row] + line
    return Look("".join(line.split()), "".join("".join(rows).split()))
