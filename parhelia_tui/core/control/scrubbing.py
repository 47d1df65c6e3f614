"""Keys of known shapes in what an ended container left in its run directory: hidden, and nothing moves.

While it runs, its log holds the bytes of its terminal, which has to be drawn again as it was, and its spool is read by
offsets; both are files of the user alone (0600). After the end as many stars stand where a key stood.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from parhelia_tui.core.control.context import Context
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.redaction import masked
from parhelia_tui.core.model.states import CONTAINER_ENDED
from parhelia_tui.core.store import containers, tasks

FILES = ("output.log", "output.log.1", "spool.jsonl", "exit.json")
DONE = "scrubbed"
"""The file that says that it was done."""
LATELY_S = 86_400.0
SETTLED_S = 5.0
"""Seconds after an end; by then its last words were read."""


def due(context: Context) -> list[str]:
    """Name the containers that ended lately and whose files were not looked at."""
    now = context.clock()
    ended = tasks.ended_between(context.db, now - LATELY_S, now - SETTLED_S)
    return [each for each in ended if each not in context.scrubbed]


async def scrub(context: Context, names: list[str]) -> None:
    """Hide keys in the files of ended containers; safe to repeat.

    Raises:
        ParheliaError: E500 when the files of one cannot be read or written; those of all others are done.
    """
    trouble: OSError | None = None
    for name in names:
        container = containers.find(context.db, name)
        if container is not None and container.state not in CONTAINER_ENDED:
            # It is made after all, as there was no room for it before.
            continue
        run = context.paths.container(name)
        try:
            if run.is_dir() and not (run / DONE).exists():
                await asyncio.to_thread(scrub_directory, run)
        except OSError as error:
            # The others are not left as they are because of this one, which is tried again.
            trouble = error
        else:
            context.scrubbed.add(name)
    if trouble is not None:
        raise ParheliaError("E500", f"keys cannot be hidden: {trouble}") from trouble


def scrub_directory(run: Path) -> None:
    """Hide keys in the files of one run directory, without following a link."""
    for name in FILES:
        _scrub(run / name)
    os.close(os.open(run / DONE, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600))


def _scrub(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return
    with os.fdopen(descriptor, "r+b") as file:
        data = file.read()
        hidden = masked(data)
        if hidden != data:
            file.seek(0)
            file.write(hidden)
            file.flush()
            # Before it is said to be done: the mark must not outlive what it says when the machine goes down.
            os.fsync(file.fileno())
