"""Holding a container still while its last changes are read, through its supervisor."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from parhelia_tui.core.shim.caller import Call, NoShim

PATIENCE_S, AGAIN_S = 60.0, 0.01
"""How long another checkpoint of the same container is waited for, and between two tries: the supervisor refuses whoever
comes second and keeps no list of those who wait."""

BUSY = "somebody else"
LONGEST_S = 600.0
"""The supervisor lets go after this time, should this process hang; when it ends, at once."""


class Container:
    """A container that can be held still.

    Args:
        address: of its supervisor's socket; None where nothing runs.
    """

    def __init__(self, address: Path | None) -> None:
        self._address = address

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold it still; one that has ended, or cannot be held, is as it is.

        Whatever writes meanwhile all the same is seen, because a file that changes while it is read is taken
        again.
        """
        call = self._hold()
        try:
            yield
        finally:
            if call is not None:
                call.close()

    def _hold(self) -> Call | None:
        if self._address is None:
            return None
        try:
            call = Call(str(self._address))
        except NoShim:
            return None
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                call.ask({"op": "freeze", "most_s": LONGEST_S})
            except NoShim as refused:
                if BUSY in str(refused) and time.monotonic() < end:
                    time.sleep(AGAIN_S)
                    continue
                call.close()
                return None
            return call
