"""Ids and names of tasks, containers and sessions."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable

Random = Callable[[int], str]
"""Gives n hexadecimal digits; injected where a test wants to know them."""


def random_hex(digits: int) -> str:
    """Give `digits` random hexadecimal digits from the system's source."""
    return os.urandom((digits + 1) // 2).hex()[:digits]


def new_id(prefix: str, random: Random = random_hex) -> str:
    """Make an id such as `t-1a2b3c4d`; prefixes: t task, c container, s session, b batch, a approval."""
    return f"{prefix}-{random(8)}"


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
