"""What was done last and can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from parhelia_tui.core.client import Client

KEPT = 50


@dataclass(frozen=True, slots=True)
class Done:
    """Something that was done.

    Args:
        back: what is said when it was taken back.
        act: takes it back.
    """

    back: str
    act: Callable[[Client], object]


class Undo:
    """Remembers what was done, the last on top."""

    def __init__(self) -> None:
        self._done: list[Done] = []

    def __bool__(self) -> bool:
        return bool(self._done)

    def put(self, back: str, act: Callable[[Client], object]) -> None:
        """Remember something that was done."""
        self._done = [*self._done, Done(back, act)][-KEPT:]

    def take(self) -> Done:
        """Give what was done last, and forget it."""
        return self._done.pop()
