"""Running a job on the checkpoint store in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable
from typing import Any

from parhelia_tui.core.model.errors import CATALOGUE, ParheliaError

PROGRAM = (sys.executable, "-P", "-m", "parhelia_tui.core.checkpoints")
LINE = 1 << 24
"""Bytes of the longest line that a worker may write; a list of paths is the longest."""

Told = Callable[[str, int, int], None]


async def work(
    job: dict[str, Any], told: Told, safety: Callable[[dict[str, Any]], None] | None = None
) -> dict[str, Any]:
    """Have a job done; cancelled, its process ends.

    Args:
        job: as core/checkpoints/worker.py reads it.
        told: called with stage, done and total, some times a second.
        safety: called with the safety checkpoint of a rollback; the rollback begins when it returns.

    Raises:
        ParheliaError: what the job failed with; E600 when its process ended without a word.
    """
    process = await asyncio.create_subprocess_exec(
        # It must not outlive us: the next controller begins the job anew.
        *("setpriv", "--pdeathsig", "KILL", "--", *PROGRAM),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=LINE,
    )
    assert process.stdin
    assert process.stdout
    assert process.stderr
    errors = asyncio.create_task(process.stderr.read())
    try:
        process.stdin.write(json.dumps(job).encode() + b"\n")
        async for line in process.stdout:
            said = json.loads(line)
            if "progress" in said:
                told(*said["progress"])
            elif "safety" in said:
                if safety is not None:
                    safety(said["safety"])
                process.stdin.write(b"go\n")
            elif "error" in said:
                error = said["error"]
                code = error["code"] if error["code"] in CATALOGUE else "E600"
                raise ParheliaError(code, error["message"], details=error["details"])
            else:
                return dict(said["result"])
        words = (await errors).decode("utf-8", "replace").strip().splitlines()
        raise ParheliaError(
            "E600",
            f"the work on the checkpoint store ended early: {words[-1] if words else 'it was killed'}",
            details={"said": words[-20:]},
        )
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await process.wait()
        errors.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await errors
