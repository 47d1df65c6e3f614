"""Whether requests wait, so that the supervisor has to hold their container still."""

from __future__ import annotations

from parhelia_tui.core.egress.teller import Teller


class Stillness:
    """Tells of the first request that waits for something, and of the last that waits no more.

    Args:
        teller: the supervisor hears it.
        possible: there is a supervisor that can hold the container still.
    """

    def __init__(self, teller: Teller, *, possible: bool) -> None:
        self.possible = possible
        self._teller = teller
        self._held: dict[str, tuple[str, float | None]] = {}

    def __bool__(self) -> bool:
        return bool(self._held)

    def hold(self, request: str, scope: str, *, until: float | None = None, **told: object) -> None:
        """Let a request wait.

        Args:
            scope: for what it waits, a ceiling's or `provider`.
            until: when that ends by itself, epoch seconds.
            told: what is said of it beside that.
        """
        if (scope, until) not in self._held.values():
            when = {} if until is None else {"until": until}
            self._teller.tell("hold", scope=scope, **when, **told)
        self._held[request] = scope, until

    def let_go(self, request: str) -> None:
        """It waits no more; one that did not wait is no error."""
        if self._held.pop(request, None) is not None and not self._held:
            self._teller.tell("go_on")
