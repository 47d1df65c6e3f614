"""Catches what waits in the event loop's thread: the store, files, and processes that are waited for."""

from __future__ import annotations

import sqlite3
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.store import connection

ROOT = Path(__file__).resolve().parents[2]
CODE = (str(ROOT / "parhelia_tui"), sys.prefix, sys.base_prefix, "/dev/null")
"""Where programs lie: what is imported when it is first needed is read once. And what is there without waiting."""
WATCHED = {"open", "sqlite3.connect", "subprocess.Popen", "os.listdir", "os.scandir", "os.system", "os.fork"}
# An asyncio process is forked by the loop and not waited for; where that is done is its own module.
ASYNC = "asyncio"


class LoopIO:
    """What was done in the loop's thread while it was watched, as "what in FILE:LINE"."""

    def __init__(self) -> None:
        self.found: set[str] = set()
        self._thread = 0
        self._deep = False

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch this thread, which runs the loop."""
        self._thread = threading.get_ident()
        try:
            yield
        finally:
            self._thread = 0

    def take(self, what: str) -> None:
        """Note something, where it is done by the dashboard in the watched thread."""
        if threading.get_ident() != self._thread or self._deep:
            return
        self._deep = True
        try:
            frames = traceback.extract_stack()
            by = [each for each in frames if "/parhelia_tui/" in each.filename]
            # Of its own, asyncio starts processes without waiting for them.
            forked = any(f"{ASYNC}/" in each.filename for each in frames[-12:]) and what == "subprocess.Popen"
            importing = any(each.name == "_find_and_load" for each in frames)
            if by and not forked and not importing:
                self.found.add(f"{what} in {Path(by[-1].filename).relative_to(ROOT)} by {_screen(by)}")
        finally:
            self._deep = False


def _screen(frames: list[traceback.FrameSummary]) -> str:
    fronts = [each for each in frames if "/screens/" in each.filename or "/widgets/" in each.filename]
    return f"{Path(fronts[-1].filename).name}:{fronts[-1].name}" if fronts else "the app"


_heard: list[LoopIO] = []


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _heard or event not in WATCHED:
        return
    path = str(arguments[0]) if arguments else ""
    if event in ("open", "os.listdir", "os.scandir") and (path.startswith(CODE) or path.isdigit()):
        return
    for each in _heard:
        each.take(event)


_hooked: list[bool] = []


@contextmanager
def loop_io(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopIO]:
    """Give what notes the store, files and processes of the watched thread."""
    if not _hooked:
        # A hook cannot be taken off again; without a listener it does nothing.
        sys.addaudithook(_audit)
        _hooked.append(True)
    heard = LoopIO()
    usual = connection.Connection.execute

    def execute(self: connection.Connection, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        heard.take("the store")
        return usual(self, sql, parameters)

    monkeypatch.setattr(connection.Connection, "execute", execute)
    _heard.append(heard)
    try:
        yield heard
    finally:
        _heard.remove(heard)
