"""Counting who is called and who is denied: the first of each is told at once, the rest now and then."""

from __future__ import annotations

from parhelia_tui.core.egress.teller import Teller

EVERY_S = 5.0
MOST = 1000
"""Hosts that are told apart; a program can think up any number."""


class Tally:
    """Counts by kind and host."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._known: set[tuple[str, str]] = set()
        self._more: dict[tuple[str, str], int] = {}

    def count(self, kind: str, host: str, why: str = "", *, allowable: bool = False) -> None:
        """Count one, `called` or `denied`."""
        key = (kind, host)
        if key in self._known:
            self._more[key] = self._more.get(key, 0) + 1
        elif len(self._known) < MOST:
            self._known.add(key)
            self._teller.tell(kind, host=host, why=why, allowable=allowable)

    def flush(self) -> None:
        """Tell what was counted since the last time."""
        more, self._more = self._more, {}
        for (kind, host), times in more.items():
            self._teller.tell(kind, host=host, times=times)
