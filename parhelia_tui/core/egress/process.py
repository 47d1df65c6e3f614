"""The life of one egress process: a child of the supervisor, on this side of the container's wall."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import fcntl
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from parhelia_tui.core.egress import settings as egress_settings
from parhelia_tui.core.egress.allowance import Allowance
from parhelia_tui.core.egress.api import Api
from parhelia_tui.core.egress.exchange import Tools
from parhelia_tui.core.egress.key import Key
from parhelia_tui.core.egress.money import Money
from parhelia_tui.core.egress.permission import Permission
from parhelia_tui.core.egress.proxy import Proxy
from parhelia_tui.core.egress.settings import Settings
from parhelia_tui.core.egress.stillness import Stillness
from parhelia_tui.core.egress.tally import EVERY_S, Tally
from parhelia_tui.core.egress.teller import Teller
from parhelia_tui.core.egress.upstream import Upstream
from parhelia_tui.core.egress.wire import Reader
from parhelia_tui.core.meter.spending import Spender, settle_abandoned
from parhelia_tui.core.model.errors import ParheliaError

GRACE_S = 3.0
"""How long open requests have after the end of the supervisor."""
LOCK_S = 15.0
"""How long the process before this one may take for its end."""
UNUSABLE = 4

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def main(arguments: Sequence[str]) -> int:
    """Serve a container until standard input ends.

    Args:
        arguments: the run directory, and the descriptors of listening sockets: the API's first.

    Returns:
        0; 4 when the run directory cannot be used, or the process before this one does not end.
    """
    directory = Path(arguments[0])
    os.umask(0o077)
    try:
        settings = egress_settings.load(directory)
        lock = _take_lock(directory / egress_settings.LOCK)
        upstream = Upstream(settings.url, settings.ca_file)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"egress: {error}\n")
        return UNUSABLE
    listeners = [socket.socket(fileno=int(number)) for number in arguments[1:]]
    try:
        asyncio.run(_Process(directory, settings, upstream, listeners).run())
    finally:
        os.close(lock)
    return 0


def _take_lock(path: Path) -> int:
    """Take the lock that says that this process lives.

    Raises:
        OSError: another one does not end.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    end = time.monotonic() + LOCK_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                os.close(descriptor)
                raise
            # flock(2) that waits has no deadline but by a signal, and those end this process.
            time.sleep(0.02)
        else:
            return descriptor


class _Process:
    """Everything that lives in the process."""

    def __init__(
        self, directory: Path, settings: Settings, upstream: Upstream, listeners: Sequence[socket.socket]
    ) -> None:
        self._directory = directory
        self._settings = settings
        self._listeners = listeners
        self._teller = Teller()
        self._upstream = upstream
        self._money = Money(Path(settings.book))
        self._spender = Spender(settings.container, settings.task, settings.plan, group=settings.group)
        self._tally = Tally(self._teller)
        self._proxy = Proxy(settings, self._tally)
        self._allowance: Allowance | None = None
        self._over = asyncio.Event()

    async def run(self) -> None:
        """Serve until the supervisor has ended, then finish what is open."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._over.set)
        now = self._money.now()
        try:
            await self._money.ask(lambda db: settle_abandoned(db, self._spender.container, now))
        except ParheliaError as error:
            # Each request will say so in words; without the book nothing is spent.
            self._teller.tell("problem", words=str(error))
        self._key = Key(self._settings)
        stillness = Stillness(self._teller, possible=self._settings.holds)
        permission: Permission | Allowance = Permission(self._money, stillness)
        if self._settings.elsewhere:
            permission = self._allowance = Allowance(self._money, self._spender, self._teller, stillness)
            await self._or_tell(self._allowance.begin())
        self._api = Api(
            Tools(
                self._settings,
                self._spender,
                self._upstream,
                self._key,
                self._money,
                self._teller,
                self._tally,
                permission,
                stillness,
            )
        )
        servers = [
            await _listen(listener, handler)
            for listener, handler in zip(self._listeners, (self._api.serve, self._proxy.serve), strict=False)
        ]
        orders = asyncio.create_task(self._orders())
        counts = asyncio.create_task(self._counts())
        try:
            await self._over.wait()
        finally:
            for server in servers:
                server.close()
            await self._proxy.finish()
            await self._api.finish(GRACE_S)
            for task in (orders, counts):
                task.cancel()
            await asyncio.gather(orders, counts, return_exceptions=True)
            self._tally.flush()
            if self._allowance is not None:
                await self._or_tell(self._allowance.end())
            await self._upstream.close()
            await self._money.close()

    async def _counts(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            self._tally.flush()
            if self._allowance is not None:
                await self._or_tell(self._allowance.rest())

    async def _orders(self) -> None:
        """Do what the supervisor says, line by line; its end is ours."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=1 << 20)
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        try:
            while line := await reader.readline():
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    await self._order(json.loads(line))
        except (OSError, ValueError):
            # A line without end is no line of the supervisor's.
            pass
        finally:
            transport.close()
            self._over.set()

    async def _order(self, order: dict[str, Any]) -> None:
        if order["op"] == "key":
            self._key.hand_over(str(order["value"]), str(order.get("why", "")))
        elif order["op"] == "reload":
            with contextlib.suppress(OSError):
                self._proxy.settings = egress_settings.load(self._directory)
        elif order["op"] == "allow":
            self._allow([str(host) for host in order["hosts"]])
        elif order["op"] == "allowance" and self._allowance is not None:
            await self._or_tell(self._allowance.take(order))

    async def _or_tell(self, work: Awaitable[None]) -> None:
        """Do something with the book that a held book or a full disk must not end us for: it is asked or told again."""
        try:
            await work
        except ParheliaError as error:
            self._teller.tell("problem", words=str(error))

    def _allow(self, hosts: Sequence[str]) -> None:
        """Let more hosts through, also after a death of this process."""
        before = self._proxy.settings
        after = dataclasses.replace(before, allow=tuple(dict.fromkeys((*before.allow, *hosts))))
        with contextlib.suppress(OSError):
            egress_settings.write(self._directory, after)
        self._proxy.settings = after


async def _listen(listener: socket.socket, handler: Handler) -> asyncio.Server:
    loop = asyncio.get_running_loop()

    def protocol() -> asyncio.StreamReaderProtocol:
        return asyncio.StreamReaderProtocol(Reader(limit=1 << 18, loop=loop), handler, loop=loop)

    listener.setblocking(False)
    return await loop.create_server(protocol, sock=listener, backlog=128)
