"""Making the directory that a container works on."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.settings.paths import Paths, private_directory


def place(paths: Paths, task: Task) -> Path:
    """Say on which directory a task's container works."""
    if task.workspace_mode == "clone":
        return paths.workspaces / task.id
    return Path(task.workspace)


async def prepare(paths: Paths, task: Task) -> None:
    """Make the directory if it is not there; what is there already stays as it is.

    A clone is a copy with everything that lies in the directory, untracked files too, made by `cp` so that
    file systems that can share blocks do (`--reflink=auto`). No program of the workspace runs, so neither
    do its git hooks.

    Raises:
        ParheliaError: E204 when the directory cannot be copied, E507 when the disk is full.
    """
    target = place(paths, task)
    if task.workspace_mode == "shared" or target.exists():
        return
    private_directory(paths.workspaces)
    if task.workspace_mode == "empty":
        target.mkdir(mode=0o700)
        return
    partial = target.with_name(target.name + ".part")
    await asyncio.to_thread(shutil.rmtree, partial, ignore_errors=True)
    process = await asyncio.create_subprocess_exec(
        "cp", "--archive", "--reflink=auto", "--", task.workspace, str(partial),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={"LC_ALL": "C", "PATH": os.defpath},
    )  # fmt: skip
    try:
        _, said = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        await asyncio.to_thread(shutil.rmtree, partial, ignore_errors=True)
        words = said.decode("utf-8", "replace").strip().splitlines()
        code = "E507" if any("No space left" in line for line in words) else "E204"
        raise ParheliaError(
            code,
            f"the workspace could not be copied: {words[-1] if words else 'cp failed'}",
            details={"cp": words[:20]},
        )
    partial.rename(target)
