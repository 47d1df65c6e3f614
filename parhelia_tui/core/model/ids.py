"""Ids and names of tasks, containers and sessions."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable

from parhelia_tui.core.model.errors import ParheliaError

_TRIES = 100
Random = Callable[[int], str]
"""Gives n hexadecimal digits; injected where a test wants to know them."""


def random_hex(digits: int) -> str:
    """Give `digits` random hexadecimal digits from the system's source."""
    return os.urandom((digits + 1) // 2).hex()[:digits]


def new_id(prefix: str, random: Random = random_hex) -> str:
    """Make an id such as `t-1a2b3c4d`; prefixes: t task, c container, s session, b batch, a approval."""
    return f"{prefix}-{random(8)}"


def fresh_id(prefix: str, is_taken: Callable[[str], bool], random: Random = random_hex) -> str:
    """Make an id that nothing has yet.

    Ids are short, so that people can type them: among 100,000 tasks the next one meets one of them with 1 in 43,000.

    Args:
        is_taken: says whether something has an id.

    Raises:
        ParheliaError: E900 for a source of randomness that gives the same over and over.
    """
    for _ in range(_TRIES):
        found = new_id(prefix, random)
        if not is_taken(found):
            return found
    raise ParheliaError(
        "E900", f"{_TRIES} random ids in a row were taken; the source of randomness is broken"
    )


def slug(text: str, limit: int = 24) -> str:
    """Make a short name of lower-case ASCII letters, digits and dashes from any text.

    Args:
        text: anything, also empty or without a single letter.
        limit: the longest that the slug may be, in characters.

    Returns:
        A slug that begins and ends with a letter or digit; "task" when nothing is left of the text.
    """
    plain = unicodedata.normalize("NFKD", text[:400]).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    short = ""
    for word in words:
        longer = f"{short}-{word}" if short else word
        if len(longer) > limit:
            break
        short = longer
    return short or (words[0][:limit] if words else "task")


def session_name(task_slug: str, session_id: str) -> str:
    """Name a tmux session: `ph-<task slug>-<first 4 of the session's id>`."""
    return f"ph-{task_slug}-{session_id.partition('-')[2][:4]}"
