"""A program in the background, of which the last line counts."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence

from parhelia_tui.core.model.text import plain

END_S = 2.0
"""Seconds that a program has to end after it was asked to; leaving the dashboard waits no longer than 3."""
PIECE = 65_536
KEPT = 8_192
"""Bytes of its end in which the last line is looked for."""


async def run_in_background(words: Sequence[str], environ: Mapping[str, str]) -> tuple[int, str]:
    """Run a program to its end, and give its exit code and the last line that it printed.

    It has a session of its own, so that it can ask nothing on this terminal. If this is cancelled, the program is
    ended, with what it has started.

    Raises:
        OSError: it cannot be started.
    """
    process = await asyncio.create_subprocess_exec(
        *words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environ,
        start_new_session=True,
    )
    assert process.stdout is not None
    end = b""
    try:
        # In pieces and not in lines: a flood of short ones would never let the loop go on.
        while piece := await process.stdout.read(PIECE):
            end = (end + piece)[-KEPT:]
        code = await process.wait()
    finally:
        await _end(process)
    lines = plain(end.decode("utf-8", "replace")).splitlines()
    return code, next((line for line in reversed(lines) if line.strip()), "")


async def _end(process: asyncio.subprocess.Process) -> None:
    """Let nothing of it be left."""
    if process.returncode is not None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                await process.wait()
            return
