"""Parhelia's own command line, run as a process: whatever can be typed in a shell can be typed in the dashboard."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass

from parhelia_tui.core.model.text import plain
from parhelia_tui.core.settings.paths import Paths

PROGRAM = (sys.executable, "-P", "-X", "utf8", "-m", "parhelia_tui")
ON_TERMINAL = (("attach",), ("shell",), ("session", "attach"), ("s", "attach"))
"""Commands that need the terminal for themselves."""
CUSTOM = "!"
"""Stands before the name of a command of the user's own, as in `:!review`."""
END_S = 5.0
"""Seconds that a command has to end after it was asked to."""
LONGEST_LINE = 1 << 20


@dataclass(frozen=True, slots=True)
class Offer:
    """What a word can become.

    Args:
        word: whole.
        about: what it is, in a line.
    """

    word: str
    about: str


def words_of(text: str) -> list[str]:
    """Cut what was typed into words as a shell does.

    Raises:
        ValueError: a quote is open.
    """
    words = shlex.split(text)
    return words[1:] if words[:1] == ["parhelia"] else words


def needs_terminal(words: list[str]) -> bool:
    """Say whether a command takes the whole terminal."""
    return any(tuple(words[: len(each)]) == each for each in ON_TERMINAL)


async def offers(paths: Paths, text: str) -> list[Offer]:
    """Ask the command line what the last word of a text can become, as a shell asks it (click, zsh's form)."""
    before, _, last = text.rpartition(" ")
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={
            **environment(paths),
            "_PARHELIA_COMPLETE": "zsh_complete",
            "COMP_WORDS": f"parhelia {before} {last}",
            "COMP_CWORD": str(len(before.split()) + 1),
        },
    )
    try:
        said, _ = await process.communicate()
    finally:
        await _end(process)
    lines = said.decode("utf-8", "replace").splitlines()
    found = zip(lines[0::3], lines[1::3], lines[2::3], strict=False)
    return [
        Offer(word, "" if about == "_" else plain(about)) for kind, word, about in found if kind == "plain"
    ]


class OwnCommand:
    """One command that runs.

    Args:
        paths: the state directory.
        words: without the name of the program.
    """

    def __init__(self, paths: Paths, words: list[str]) -> None:
        self._paths = paths
        self._words = words
        self._process: asyncio.subprocess.Process | None = None

    async def lines(self) -> AsyncIterator[str]:
        """Run it, and give each line that it prints without control sequences; its process ends with this."""
        self._process = process = await asyncio.create_subprocess_exec(
            *PROGRAM,
            *self._words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**environment(self._paths), "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"},
            limit=LONGEST_LINE,
        )
        assert process.stdout is not None
        try:
            while line := await _line(process.stdout):
                yield plain(line.decode("utf-8", "replace").rstrip("\n"))
            await process.wait()
        finally:
            await _end(process)

    @property
    def code(self) -> int | None:
        """Its exit code; None while it runs."""
        return None if self._process is None else self._process.returncode


def run_on_terminal(paths: Paths, words: list[str]) -> int:
    """Run a command on the terminal of this process and give its exit code; nothing else may use it meanwhile."""
    return subprocess.run([*PROGRAM, *words], env=environment(paths), check=False).returncode


async def _line(stream: asyncio.StreamReader) -> bytes:
    try:
        return await stream.readline()
    except ValueError:
        # Longer than anybody reads; what came of it is dropped, and the rest is a line of its own.
        return b"(a line of more than a megabyte)\n"


async def _end(process: asyncio.subprocess.Process) -> None:
    """Let nothing of it be left."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(END_S):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def environment(paths: Paths) -> dict[str, str]:
    """Give the environment of a program that is started here: its `parhelia` speaks of this state directory."""
    return {**os.environ, "PARHELIA_HOME": str(paths.home)}
