"""Making the directory that a container works on."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path

from parhelia_tui.core.branches import start
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.paths import Paths, private_directory
from parhelia_tui.core.settings.removal import remove_tree

STILL_WANTED_EVERY_S = 0.2
_FULL = (errno.ENOSPC, errno.EDQUOT)


def place(paths: Paths, task: Task) -> Path:
    """Say on which directory a task's container works."""
    if task.workspace_mode == "clone":
        return paths.workspaces / task.id
    return Path(task.workspace)


async def prepare(paths: Paths, task: Task, is_wanted: Callable[[], bool]) -> None:
    """Make the directory if it is not there; what is there already stays as it is.

    A clone is a copy of all that lies in the directory: untracked and ignored files, and `.git` with its
    index, branches and remotes, so it begins where the original stands, uncommitted work too. It is made by
    `cp`, so that file systems that can share blocks do (`--reflink=auto`), and no program of the workspace
    runs, so neither do its git hooks.

    Args:
        is_wanted: asked several times a second; a copy that is not wanted any more is given up and removed.

    Raises:
        ParheliaError: E204 when the directory cannot be made or copied, E507 when the disk is full.
    """
    target = place(paths, task)
    if task.workspace_mode == "shared":
        return
    try:
        if target.exists():
            return
        private_directory(paths.workspaces)
        if task.workspace_mode == "empty":
            target.mkdir(mode=0o700)
        else:
            await asyncio.to_thread(start.remember, target, Path(task.workspace))
            await _clone(Path(task.workspace), target, is_wanted)
    except OSError as error:
        code = "E507" if error.errno in _FULL else "E204"
        raise ParheliaError(code, f"the workspace cannot be made: {error.strerror}") from error


async def _clone(source: Path, target: Path, is_wanted: Callable[[], bool]) -> None:
    partial = target.with_name(target.name + ".part")
    # Left by a controller that was killed while it copied.
    await asyncio.to_thread(remove_tree, partial)
    try:
        words = await _copy(source, partial, is_wanted)
        if words is None:
            partial.rename(target)
            return
    finally:
        if partial.exists():
            await asyncio.to_thread(remove_tree, partial)
    if words:
        code = "E507" if any("No space left" in line or "quota" in line for line in words) else "E204"
        raise ParheliaError(
            code, f"the workspace could not be copied: {one_line(words[-1], 300)}", details={"cp": words[:20]}
        )


async def _copy(source: Path, partial: Path, is_wanted: Callable[[], bool]) -> list[str] | None:
    """Run `cp`.

    Returns:
        None when all was copied, nothing when it was given up, else what `cp` said.
    """
    process = await asyncio.create_subprocess_exec(
        # It must not outlive us: the next controller begins anew, at the same place.
        *("setpriv", "--pdeathsig", "KILL", "--"),
        *("cp", "--archive", "--reflink=auto", "--no-target-directory", "--", str(source), str(partial)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={"LC_ALL": "C", "PATH": os.defpath},
    )
    talk = asyncio.create_task(process.communicate())
    try:
        while not talk.done():
            await asyncio.wait([talk], timeout=STILL_WANTED_EVERY_S)
            if not is_wanted():
                return []
        _, said = talk.result()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await talk
    if process.returncode == 0:
        return None
    return said.decode("utf-8", "replace").strip().splitlines() or [f"cp ended with {process.returncode}"]
