"""Running jobs on the checkpoint store in processes of their own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from typing import Any

from parhelia_tui.core.model.errors import CATALOGUE, ParheliaError

PROGRAM = (sys.executable, "-P", "-m", "parhelia_tui.core.checkpoints")
LINE = 1 << 24
"""Bytes of the longest line that a worker may write; a list of paths is the longest."""

STAYS_S = 60.0
"""How long a worker that is done waits for more: to start one and to read what the last capture saw takes as long as
to look through 60,000 unchanged files."""

Told = Callable[[str, int, int], None]


class Workers:
    """The processes that work on the checkpoint store: as many as there are jobs, and one that waits a while."""

    def __init__(self) -> None:
        self._idle: _Worker | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[None]] = set()

    async def work(
        self, job: dict[str, Any], told: Told, safety: Callable[[dict[str, Any]], None] | None = None
    ) -> dict[str, Any]:
        """Have a job done; cancelled, its process ends.

        Args:
            job: as core/checkpoints/worker.py reads it.
            told: called with stage, done and total, some times a second.
            safety: called with the safety checkpoint of a rollback; the rollback begins when it returns.

        Raises:
            ParheliaError: what the job failed with; E600 when its process ended without a word.
        """
        worker = self._take() or await _Worker.start()
        try:
            found = await worker.do(job, told, safety)
        except BaseException:
            await worker.end()
            raise
        self._keep(worker)
        return found

    async def close(self) -> None:
        """End what waits."""
        if (worker := self._take()) is not None:
            await worker.end()
        for task in tuple(self._ending):
            await task

    def _take(self) -> _Worker | None:
        worker, self._idle = self._idle, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if worker is not None and worker.ended:
            self._let_go(worker)
            return None
        return worker

    def _keep(self, worker: _Worker) -> None:
        if self._idle is not None:
            self._let_go(worker)
            return
        self._idle = worker
        self._timer = asyncio.get_running_loop().call_later(STAYS_S, self._expire)

    def _expire(self) -> None:
        if (worker := self._take()) is not None:
            self._let_go(worker)

    def _let_go(self, worker: _Worker) -> None:
        task = asyncio.get_running_loop().create_task(worker.end(), name="checkpoint-worker-end")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


class _Worker:
    """One process; it does one job at a time."""

    def __init__(self, process: Process) -> None:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        self._process = process
        self._input, self._output = process.stdin, process.stdout
        self._errors = asyncio.create_task(process.stderr.read())

    @classmethod
    async def start(cls) -> _Worker:
        """Start one."""
        process = await asyncio.create_subprocess_exec(
            # It must not outlive us: the next controller begins the job anew.
            *("setpriv", "--pdeathsig", "KILL", "--", *PROGRAM),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LINE,
        )
        return cls(process)

    @property
    def ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._process.returncode is not None

    async def do(
        self, job: dict[str, Any], told: Told, safety: Callable[[dict[str, Any]], None] | None
    ) -> dict[str, Any]:
        """Have a job done; after an error the process is of no more use."""
        self._input.write(json.dumps(job).encode() + b"\n")
        async for line in self._output:
            said = json.loads(line)
            if "progress" in said:
                told(*said["progress"])
            elif "safety" in said:
                if safety is not None:
                    safety(said["safety"])
                self._input.write(b"go\n")
            elif "error" in said:
                error = said["error"]
                code = error["code"] if error["code"] in CATALOGUE else "E600"
                raise ParheliaError(code, error["message"], details=error["details"])
            else:
                return dict(said["result"])
        words = (await self._errors).decode("utf-8", "replace").strip().splitlines()
        raise ParheliaError(
            "E600",
            f"the work on the checkpoint store ended early: {words[-1] if words else 'it was killed'}",
            details={"said": words[-20:]},
        )

    async def end(self) -> None:
        """End it, whatever it does."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        await self._process.wait()
        self._errors.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._errors
