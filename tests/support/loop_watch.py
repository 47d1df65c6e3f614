"""Looks at how long the dashboard's own code holds the event loop, in processor time of the loop's thread."""

from __future__ import annotations

import functools
import inspect
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

ROOMS = ("parhelia_tui.app", "parhelia_tui.screens.", "parhelia_tui.widgets.")
PAINTS = ("PaintedScreen._on_timer_update", "PaintedScreen._compositor_refresh", "Painter.")
"""What puts a whole paint together, as Textual's own compositor does, and takes as long as much has changed; what screens
and widgets draw in it is measured by itself."""


@dataclass
class Held:
    """What held the loop longest since `begin`.

    Args:
        seconds: processor time without a pause.
        by: the function that was called from outside of the dashboard's code.
    """

    seconds: float = 0.0
    by: str = ""
    depth: int = 0
    thread: int = 0

    def begin(self) -> None:
        """Look from here on."""
        self.seconds, self.by = 0.0, ""

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure what is done without a pause, unless something around it is measured already."""
        if threading.get_ident() != self.thread or self.depth:
            yield
            return
        self.depth, began = 1, time.thread_time()
        try:
            yield
        finally:
            self.depth, took = 0, time.thread_time() - began
            if took > self.seconds:
                self.seconds, self.by = took, name


class _Steps:
    """A coroutine of which each piece between two pauses is measured."""

    def __init__(self, inner: Coroutine[Any, Any, Any], held: Held, name: str) -> None:
        self._inner, self._held, self._name = inner, held, name

    def __await__(self) -> Generator[Any, Any, Any]:
        act: Callable[[], Any] = functools.partial(self._inner.send, None)
        while True:
            try:
                with self._held.step(self._name):
                    pause = act()
            except StopIteration as ended:
                return ended.value
            try:
                act = functools.partial(self._inner.send, (yield pause))
            except BaseException as error:
                act = functools.partial(self._inner.throw, error)


@contextmanager
def watched_loop() -> Iterator[Held]:
    """Measure every method of the dashboard's screens, widgets and app that is called in this thread."""
    held = Held(thread=threading.get_ident())
    changed: list[tuple[type, str, Any]] = []
    for name, module in list(sys.modules.items()):
        if not name.startswith(ROOMS):
            continue
        for kind in [each for each in vars(module).values() if inspect.isclass(each)]:
            if kind.__module__ == name:
                own = [
                    (each, function)
                    for each, function in vars(kind).items()
                    if inspect.isfunction(function) and not function.__qualname__.startswith(PAINTS)
                ]
                for each, function in own:
                    changed.append((kind, each, function))
                    setattr(kind, each, measured(function, held))
    try:
        yield held
    finally:
        for kind, name, function in changed:
            setattr(kind, name, function)


def measured(function: Any, held: Held) -> Any:
    """Give a function of which each uninterrupted stretch is measured; generators stay as they are."""
    name = function.__qualname__
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        return function
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def in_steps(*given: Any, **named: Any) -> Any:
            return await _Steps(function(*given, **named), held, name)

        return in_steps

    @functools.wraps(function)
    def at_once(*given: Any, **named: Any) -> Any:
        with held.step(name):
            return function(*given, **named)

    return at_once
