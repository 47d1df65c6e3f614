"""A real egress process over listening sockets of the test's own, and a client that asks it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from parhelia_tui.core.egress.settings import NAME, Settings
from parhelia_tui.core.meter.book import open_book
from parhelia_tui.core.meter.entries import Entry, since
from parhelia_tui.core.meter.money import NANO
from tests.egress.upstream import KEY
from tests.support.waiting import wait_until

VIRTUAL = "ph-0123456789-parhelia-virtual-key"
MODEL = "claude-opus-4-5"
# It costs 5 and 25 USD for a million tokens.
A_THOUSAND_IN = NANO * 5 // 1000
A_HUNDRED_OUT = NANO * 25 // 10_000


class Egress:
    """One process, its book, and what it told its supervisor.

    Args:
        directory: its run directory.
        settings: what it is to do.
        key: handed over as the supervisor does; None hands none over.
        env: environment beside the path.
    """

    def __init__(
        self,
        directory: Path,
        settings: Settings,
        key: str | None = KEY,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._env = dict(env or {})
        self.directory = directory
        self.settings = settings
        self._key = key
        self._listeners = [socket.create_server(("127.0.0.1", 0), backlog=128) for _ in range(2)]
        self.port, self.proxy_port = (each.getsockname()[1] for each in self._listeners)
        self._told = directory / "told"
        self._told.touch()
        (directory / NAME).write_text(settings.as_text())
        self.book: sqlite3.Connection = open_book(Path(settings.book))
        self.start()

    def start(self) -> None:
        """Start the process, as the supervisor does also after one that died."""
        with self._told.open("ab") as told:
            numbers = [each.fileno() for each in self._listeners]
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-P", "-m", "parhelia_tui.core.egress", str(self.directory)),
                    *map(str, numbers),
                ],
                stdin=subprocess.PIPE,
                stdout=told,
                pass_fds=numbers,
                env={"PATH": os.environ["PATH"], **self._env},
            )
        if self._key is not None:
            self.order(op="key", value=self._key)

    def order(self, **fields: object) -> None:
        """Say something as the supervisor does."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(fields).encode() + b"\n")
        self.process.stdin.flush()

    def end(self) -> int:
        """End as with the supervisor's death, and give the exit code."""
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        return self.process.wait(30)

    def close(self) -> None:
        self.end()
        self.book.close()
        for each in self._listeners:
            each.close()

    def told(self, kind: str) -> list[dict[str, Any]]:
        """What it told of one kind."""
        lines = [json.loads(line) for line in self._told.read_text().splitlines()]
        return [line for line in lines if line["kind"] == kind]

    def entries(self, number: int) -> list[Entry]:
        """What was booked, once there are so many entries."""
        wait_until(lambda: len(since(self.book, 0)) >= number, 30)
        return since(self.book, 0)

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask(
        self,
        body: object = None,
        *,
        path: str = "/v1/messages?beta=true",
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        connection: http.client.HTTPConnection | None = None,
    ) -> http.client.HTTPResponse:
        """Send a request; its body is a question for a stream where none is given."""
        asked = {"model": MODEL, "max_tokens": 100, "stream": True, "messages": []} if body is None else body
        data = asked if isinstance(asked, bytes) else json.dumps(asked).encode()
        connection = connection or self.connect()
        connection.request(
            method, path, data if method == "POST" else None, {"x-api-key": VIRTUAL, **(headers or {})}
        )
        return connection.getresponse()


@contextmanager
def egress(
    directory: Path, url: str, *, key: str | None = KEY, env: Mapping[str, str] | None = None, **how: Any
) -> Iterator[Egress]:
    """Run an egress process over `directory`; nothing of it is left afterwards."""
    settings = Settings(
        **{
            "container": "c-1",
            "task": "t-1",
            "book": str(directory / "meter.db"),
            "virtual_key": VIRTUAL,
            "url": url,
            "holds": False,
            **how,
        }
    )
    made = Egress(directory, settings, key, env)
    try:
        yield made
    finally:
        made.close()
        assert made.process.returncode is not None
