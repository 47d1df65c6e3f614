"""Typing into a session without going there, with a look at what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from parhelia_tui.core.backends.base import Endpoint
from parhelia_tui.core.sessions import server
from parhelia_tui.core.sessions.server import SeenScreen

SHOWN_S = 5.0
"""Seconds in which what was pasted has to stand on the screen; else nothing is pressed."""
LOOK_EVERY_S = 0.03
TAIL = 16
"""Letters at the end of a text by which it is known again."""
FOLDED = ("[Pastedtext", "[...Truncatedtext")
"""What some agents show in the place of a long paste, without its white space."""
CLEARED_IN = 100
"""Keys that a line may take to be empty; each takes off one row of it, or what divides two."""
TRIES = 3


@dataclass(frozen=True, slots=True)
class Line:
    """The line of a program that a person types into.

    Args:
        unsent: reads what stands in it, None where the screen shows no such line.
        ours: says whether such words are an earlier reply, which nobody misses.
    """

    unsent: Callable[[SeenScreen], str | None]
    ours: Callable[[str], bool]


def squeezed(text: str) -> str:
    """A text without white space: what folds its lines changes nothing else."""
    return "".join(text.split())


async def paste(endpoint: Endpoint, text: str, *, anywhere: bool) -> str:
    """Paste a text, out of the scrolling mode first, and wait until it stands on the screen.

    Args:
        anywhere: it may stand anywhere, as with programs that draw their own cursor; else before the cursor.

    Returns:
        Why it is not to be submitted, such as that something else than a line to type into has the terminal;
        empty where it stands there.

    Raises:
        ParheliaError: E100, E200, E601.
    """
    tail, before = squeezed(text)[-TAIL:], await server.screen_and_cursor(endpoint)
    whole = squeezed("".join(before.lines))

    def stands(seen: SeenScreen) -> bool:
        now = squeezed("".join(seen.lines))
        more = any(now.count(each) > whole.count(each) for each in (tail, *FOLDED))
        return more if anywhere else _before_cursor(seen).endswith(tail)

    await server.send_text(endpoint, text)
    if await _seen(endpoint, stands) is None:
        return "it was pasted, but it does not stand on the screen, so Enter was not pressed; look at its terminal"
    return ""


async def paste_alone(endpoint: Endpoint, text: str, line: Line) -> str:
    """Paste a text into a line in which nothing else stands, and wait until it stands there alone.

    Words of an earlier reply have to go first: an agent's report that it took a prompt comes before its line is
    empty (Claude Code runs its hooks in between), and what is pasted then becomes one prompt with it. Where
    they stay, they are taken away. Words of a person stay.

    Returns:
        As `paste`.

    Raises:
        ParheliaError: E100, E200, E601.
    """
    for _ in range(TRIES):
        stood = line.unsent(await server.screen_and_cursor(endpoint))
        if stood is None:
            return await paste(endpoint, text, anywhere=True)
        if stood and not line.ours(stood):
            return "words that nobody sent stand in its line; send them or clear them in its terminal first"
        if stood and not await _clear(endpoint, line):
            return "an earlier reply stands in its line and does not go; look at its terminal"
        problem = await paste(endpoint, text, anywhere=True)
        if problem:
            return problem
        stands = line.unsent(await server.screen_and_cursor(endpoint))
        if stands is None or _is(stands, text):
            return ""
        if not line.ours(_before(stands, text)) or not await _clear(endpoint, line):
            break
    return "it stands in its line together with other words, so Enter was not pressed; look at its terminal"


async def left(endpoint: Endpoint, text: str) -> bool:
    """Wait until a text that was submitted has left the line of the cursor.

    Raises:
        ParheliaError: E200, E601.
    """
    tail = squeezed(text)[-TAIL:]
    return await _seen(endpoint, lambda seen: not _before_cursor(seen).endswith(tail)) is not None


def _changed(line: Line, stood: str, seen: SeenScreen) -> bool:
    return line.unsent(seen) != stood


async def _clear(endpoint: Endpoint, line: Line) -> bool:
    """Wait until what stands in a line goes by itself; where it stays, take it away row by row."""
    await _seen(endpoint, lambda seen: line.unsent(seen) == "")
    for _ in range(CLEARED_IN):
        stood = line.unsent(await server.screen_and_cursor(endpoint))
        if not stood:
            return stood == ""
        await server.send_keys(endpoint, ["C-u"])
        await _seen(endpoint, partial(_changed, line, stood))
    return False


def _is(stands: str, text: str) -> bool:
    """Whether what stands in a line is a text and nothing else; of a folded one its beginning has to be seen."""
    seen, whole = squeezed(stands), squeezed(text)
    folds = [seen.find(each) for each in FOLDED if each in seen]
    return whole.startswith(seen[: min(folds)]) and len(whole) > len(seen) if folds else seen == whole


def _before(stands: str, text: str) -> str:
    """What stands in a line before the text that was added to it."""
    seen = squeezed(stands)
    folds = [seen.find(each) for each in FOLDED if each in seen]
    letters = min(folds) if folds else len(seen) - len(squeezed(text))
    end = 0
    while end < len(stands) and letters > 0:
        letters -= not stands[end].isspace()
        end += 1
    return stands[:end]


def _before_cursor(seen: SeenScreen) -> str:
    """The row of the cursor with the rows that run on into it, without white space."""
    row = min(seen.row, len(seen.lines) - 1)
    line = seen.lines[row] if row >= 0 else ""
    while row > 0 and len(seen.lines[row - 1]) >= seen.columns:
        row -= 1
        line = seen.lines[row] + line
    return squeezed(line)


async def _seen(endpoint: Endpoint, wanted: Callable[[SeenScreen], object]) -> SeenScreen | None:
    """Look until the screen is as wanted, None where it is not in time."""
    end = asyncio.get_running_loop().time() + SHOWN_S
    while True:
        seen = await server.screen_and_cursor(endpoint)
        if wanted(seen):
            return seen
        if asyncio.get_running_loop().time() > end:
            return None
        await asyncio.sleep(LOOK_EVERY_S)
