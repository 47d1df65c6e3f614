"""The private modes that an agent has set on its terminal, for a viewer that comes later."""

from __future__ import annotations

# DECSET/DECRST numbers (xterm's ctlseqs) that change what a terminal sends or which screen it shows: cursor
# keys, mouse, focus, alternate screens, bracketed paste. Any other number is left alone.
KEPT = frozenset((1, 9, 25, 47, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 1047, 1049, 2004))
_START = b"\x1b[?"
_LONGEST = 64


class Modes:
    """Follows set and reset sequences through a stream cut anywhere."""

    def __init__(self) -> None:
        self._state: dict[int, bool] = {}
        self._rest = b""

    def take(self, data: bytes) -> None:
        """Read on."""
        if self._rest:
            data = self._rest + data
            self._rest = b""
        place = data.find(_START)
        while place >= 0:
            end = place + len(_START)
            limit = min(len(data), place + _LONGEST)
            while end < limit and data[end] in b"0123456789;":
                end += 1
            if end == len(data):
                self._rest = data[place:]
                return
            if end < limit and data[end] in b"hl":
                self._set(data[place + len(_START) : end], data[end] == ord("h"))
            place = data.find(_START, end)
        for length in (2, 1):
            if data.endswith(_START[:length]):
                self._rest = _START[:length]
                return

    def sequence(self) -> bytes:
        """What brings a fresh terminal into these modes."""
        return b"".join(
            b"\x1b[?%d%c" % (number, b"h" if on else b"l") for number, on in sorted(self._state.items())
        )

    def _set(self, numbers: bytes, on: bool) -> None:
        for word in numbers.split(b";"):
            if word and len(word) < 6 and int(word) in KEPT:
                self._state[int(word)] = on
