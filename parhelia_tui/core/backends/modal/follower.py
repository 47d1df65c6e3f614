"""Following one container far away: its spool, its output and its end, mirrored into its run directory here."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import json
import logging
import os
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from parhelia_tui.core.backends.modal import records, shim_file
from parhelia_tui.core.backends.modal.homecoming import Homecoming, without_results
from parhelia_tui.core.backends.modal.mirrored_log import MirroredLog
from parhelia_tui.core.backends.modal.provider import ERRAND_S, RUN, SILENT_S, SSH_PORT, Provider, send_file
from parhelia_tui.core.backends.modal.trouble import TRIES, is_transient, within
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.settings.wire import wake
from parhelia_tui.core.shim import elsewhere, exit_record, spool

RENEW_S = 20.0
"""Seconds between two words to the other side, which renew its lease; a third of it where that is less."""
FRESH_S = 20.0
"""Seconds since the last frame in which a container counts as seen; a frame comes every 5 s."""
READY_S = 60
"""Seconds that the ssh server of a sandbox, which is started after its container, is waited for."""
AGAIN_S = 5.0
_HEAD_MOST, _FRAME_MOST = 64, 4 * 1024 * 1024
"""Bytes of a frame and of the line before it; an honest one has a quarter of a MiB at most."""
_RECORD_MOST = 4 * 1024 * 1024
"""Bytes of a record that has not come whole yet, or that waits for the results of its container."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 20.0

logger = logging.getLogger("parhelia.controller.modal")


class Follower:
    """Keeps the mirror of one container up to date, and its lease alive, until its end was fetched.

    Args:
        lease_s: seconds that the sandbox lives without a word from here.
        linger_s: seconds that it stays after the end of its container.
        fetch: brings workspace and home of the container to this machine.
        most_mb: says how many MB of them may come, as configured now.
        release: ends the sandbox, once nothing of it is needed any more.
        freight: the sandbox, and an archive that brings its container there first; None where it is there.
    """

    def __init__(
        self,
        paths: Paths,
        provider: Provider,
        container_id: str,
        lease_s: float,
        linger_s: float,
        fetch: Callable[[Any], Awaitable[None]],
        most_mb: Callable[[], int],
        release: Callable[[Any], Awaitable[None]],
        freight: tuple[Any, Path] | None = None,
    ) -> None:
        self._paths = paths
        self._provider = provider
        self._container_id = container_id
        self._run = paths.container(container_id)
        self._log = MirroredLog(self._run)
        self._renew_s = min(RENEW_S, lease_s / 3)
        self._linger_s = linger_s
        self._home = Homecoming(container_id, fetch, most_mb)
        self._exit = b""
        self.listens = False
        """A command of ours in the sandbox is there to tell what its supervisor says."""
        self._release = release
        self._freight = freight
        self.brought: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
        self._heard_at = self._ended_at = 0.0
        self._hurried_at = float("-inf")
        self._held = b""
        self._part = b""
        self._called = asyncio.Event()
        self._task = asyncio.create_task(self._follow(), name=f"follower of {container_id}")

    @property
    def is_fresh(self) -> bool:
        """Something was heard of it just now."""
        return time.monotonic() - self._heard_at < FRESH_S

    @property
    def is_over(self) -> bool:
        """There was nothing more to follow when it looked, and that was some time ago."""
        return self._task.done() and time.monotonic() - self._ended_at > AGAIN_S

    @property
    def knows_end(self) -> bool:
        """The container has ended, and what it made is on its way."""
        return bool(self._exit)

    @property
    def step(self) -> str:
        """How far what it made has come, in words; empty while the container goes on."""
        return self._home.step if self._exit else ""

    @property
    def left_behind(self) -> str:
        """In words what has to be done so that what it made comes; empty for nothing."""
        return self._home.left_behind

    def try_now(self) -> None:
        """Have the next try at once, but not over and over: the provider answers."""
        now = time.monotonic()
        if now - self._hurried_at > LONGEST_PAUSE_S:
            self._hurried_at = now
            self._called.set()

    def end_in(self, seconds: float) -> None:
        """Say after how many seconds the end is told also without the results that do not come."""
        self._home.end_in(seconds)

    async def ended(self, most_s: float) -> bool:
        """Wait at most so many seconds until there is nothing more to follow; say whether that is so."""
        return bool((await asyncio.wait([self._task], timeout=most_s))[0])

    async def close(self) -> None:
        """Stop following; the container goes on."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _follow(self) -> None:
        try:
            await self._follow_on()
        finally:
            self._ended_at = time.monotonic()
            if self._freight is not None:
                self.brought.cancel()

    async def _follow_on(self) -> None:
        pause_s = FIRST_PAUSE_S
        for number in itertools.count(1):
            begun = time.monotonic()
            try:
                sandbox = self._freight[0] if self._freight else await self._find()
                if sandbox is None:
                    self.tell_gone()
                    return
                if await self._listen(sandbox):
                    return
            except Exception as error:
                # What a sandbox has already it does not take again, so it may be brought as often as need be.
                if self._freight is not None and (not is_transient(error) or number == TRIES):
                    # Who brings it decides what becomes of it.
                    self.brought.set_exception(error)
                    self._freight = None
                    return
                logger.info("%s cannot be followed: %s", self._container_id, error)
            # A connection that brought something for a while was a good one.
            is_good = self._heard_at - begun > pause_s
            pause_s = FIRST_PAUSE_S if is_good else min(LONGEST_PAUSE_S, pause_s * 2)
            self._called.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._called.wait(), pause_s * random.uniform(0.5, 1.0))

    async def _find(self) -> Any:
        """Find the sandbox; None where it runs no more."""
        record = records.read(self._run)
        sandbox = await self._provider.by_id(record.object_id) if record else None
        if sandbox is None or not await self._provider.is_running(sandbox):
            return None
        return sandbox

    async def _listen(self, sandbox: Any) -> bool:
        """Take frames until the connection ends; True when the container has, and all of it is here."""
        archive = self._freight[1] if self._freight else None
        words = shim_file.follow_words(RUN, *self._place(archive))
        # One that is brought its container may have to wait for a place first.
        most_s = ERRAND_S if archive is None else None
        process = await self._provider.start(sandbox, words, most_s, is_transient)
        if archive is not None:
            await send_file(process, archive)
        renewing = asyncio.create_task(_renew(process, self._renew_s, self._home.under_way))
        noting = asyncio.create_task(self._note_tunnel(sandbox))
        try:
            self._held = self._part = b""
            self.listens = True
            frames = _Frames(process.stdout)
            while (frame := await self._next(frames)) is not None:
                self._heard_at = time.monotonic()
                kind, data = frame
                if kind == "brought":
                    code, _, why = data.decode("utf-8", "replace").partition(" ")
                    self._freight = None
                    self.brought.set_result((int(code), why))
                elif kind == "exit":
                    self._exit = data
                    # Nothing more is said, and the record of the end comes after all else.
                    self.listens = False
                    self._home.leaves_in(self._stays_s())
                    self._tell_end(await self._home.bring(sandbox, lambda: not renewing.done()))
                    with contextlib.suppress(Exception):
                        # Where this fails, its own clock or a round of reconciling ends it.
                        await self._release(sandbox)
                    return True
                self._take(kind, data)
        finally:
            self.listens = False
            for each in (renewing, noting):
                each.cancel()
            await asyncio.gather(renewing, noting, return_exceptions=True)
        if self._freight is not None:
            raise ParheliaError("E503", "the workspace could not be brought to the sandbox: it took nothing")
        return False

    def _place(self, archive: Path | None) -> Sequence[int]:
        """Give the numbers that say from where on it is to be told (`core/shim/follow.py`)."""
        have = (_size(self._run / spool.NAME), self._log.size)
        if archive is not None:
            return (*have, _size(archive))
        # Whoever has never told of a turn may be of a version that takes no such number.
        return (*have, 0, self._log.turn) if self._log.turn else have

    async def _next(self, frames: _Frames) -> tuple[str, bytes] | None:
        """Give the next frame; one comes every few seconds, but where something large is brought first."""
        if self._freight is not None:
            return await frames.next()
        async with within(SILENT_S, "the sandbox told nothing"):
            return await frames.next()

    async def _note_tunnel(self, sandbox: Any) -> None:
        """Write down where the sandbox is reached, once it opens there; it may have moved while nobody followed."""
        try:
            await sandbox.wait_until_ready.aio(timeout=READY_S)
        except Exception as error:
            if not is_transient(error):
                raise
            # Its door may open still; who comes to it tries for two minutes.
        tunnel = (await sandbox.tunnels.aio())[SSH_PORT]
        host, port = tunnel.tcp_socket
        record = records.read(self._run)
        if record is not None and (record.host, record.port) != (host, port):
            records.write(self._run, dataclasses.replace(record, host=host, port=port))

    def _take(self, kind: str, data: bytes) -> None:
        if kind == "log":
            self._log.add(data)
        elif kind == "cut":
            self._log.begin_anew(data)
        elif kind == "spool":
            # The record of the end is held back until all that belongs to it is here.
            *whole, self._part = (self._part + data).split(b"\n")
            if len(self._part) + len(self._held) > _RECORD_MOST:
                raise ParheliaError("E503", "what the sandbox tells cannot be read: a record has no end")
            for line in whole:
                if self._held or _is_end(line):
                    self._held += line + b"\n"
                else:
                    _append(self._run / spool.NAME, line + b"\n")
            wake(self._paths.wake_socket, self._container_id)

    def _stays_s(self) -> float:
        """Seconds that the sandbox of an ended container stays."""
        record = records.read(self._run)
        ends_at = record.ends_at if record else 0.0
        return max(0.0, min(self._linger_s, ends_at - time.time())) if ends_at else self._linger_s

    def tell_gone(self) -> None:
        """Tell the end, where it is known, of a container whose sandbox is gone before its results were here."""
        if self._exit:
            self._tell_end(self._home.why or "its sandbox is gone")

    def _tell_end(self, why: str) -> None:
        """Write down the end of the container.

        Args:
            why: its results are not here; empty where they are.
        """
        if (self._run / exit_record.NAME).exists():
            return
        record, held = self._exit, self._held
        if why:
            record = without_results(record, why)
            lines = [without_results(each, why) if _is_end(each) else each for each in held.splitlines()]
            held = b"".join(each + b"\n" for each in lines)
        new = self._run / f".{exit_record.NAME}"
        new.write_bytes(record)
        new.replace(self._run / exit_record.NAME)
        _append(self._run / spool.NAME, held)
        self._held = b""
        wake(self._paths.wake_socket, self._container_id)


class _Frames:
    """Cuts a stream of pieces into frames."""

    def __init__(self, stream: Any) -> None:
        self._stream = aiter(stream)
        self._data = b""

    async def next(self) -> tuple[str, bytes] | None:
        """Give the next frame; None at the end. Raises E503 for what is none."""
        while b"\n" not in self._data[:_HEAD_MOST]:
            if len(self._data) > _HEAD_MOST:
                raise _no_frame(self._data[:_HEAD_MOST])
            if not await self._more():
                return None
        head, _, self._data = self._data.partition(b"\n")
        kind, _, length = head.decode("latin-1").partition(" ")
        if not (length.isdecimal() and int(length) <= _FRAME_MOST):
            raise _no_frame(head)
        size = int(length)
        while len(self._data) < size:
            if not await self._more():
                return None
        data, self._data = self._data[:size], self._data[size:]
        return kind, data

    async def _more(self) -> bool:
        try:
            self._data += await anext(self._stream)
        except StopAsyncIteration:
            return False
        return True


def _no_frame(head: bytes) -> ParheliaError:
    return ParheliaError("E503", f"what the sandbox tells cannot be read: {head!r}")


async def _renew(process: Any, every_s: float, under_way: asyncio.Event) -> None:
    """Tell the other side that we are there, and whether we fetch; at once where that begins."""
    while True:
        is_fetching = under_way.is_set()
        process.stdin.write(elsewhere.FETCHING if is_fetching else elsewhere.HERE)
        await process.stdin.drain.aio()
        if is_fetching:
            await asyncio.sleep(every_s)
        else:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(under_way.wait(), every_s)


def _is_end(line: bytes) -> bool:
    try:
        return bool(json.loads(line).get("type") == "exited")
    except (ValueError, AttributeError, RecursionError):
        return False


def _append(place: Path, data: bytes) -> None:
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    finally:
        os.close(descriptor)


def _size(place: Path) -> int:
    try:
        return place.stat().st_size
    except FileNotFoundError:
        return 0
