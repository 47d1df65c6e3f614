"""Waiting for descriptors and for moments: the one loop of the shim."""

from __future__ import annotations

import select
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

READ = select.EPOLLIN
WRITE = select.EPOLLOUT


class Loop:
    """Calls handlers of descriptors that are ready and of moments that have come.

    `selectors` would import twice as much as the rest of the shim.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._handlers: dict[int, Callable[[], None]] = {}
        self._timers: dict[str, tuple[float, Callable[[], None]]] = {}

    def watch(self, descriptor: int, events: int, handler: Callable[[], None]) -> None:
        """Call `handler` whenever the descriptor is ready, or has hung up."""
        self._epoll.register(descriptor, events)
        self._handlers[descriptor] = handler

    def forget(self, descriptor: int) -> None:
        """Watch a descriptor no longer; to be called before it is closed."""
        if self._handlers.pop(descriptor, None) is not None:
            self._epoll.unregister(descriptor)

    def watches(self, descriptor: int) -> bool:
        """Say whether the descriptor is watched."""
        return descriptor in self._handlers

    def after(self, name: str, seconds: float, handler: Callable[[], None]) -> None:
        """Call `handler` once in `seconds`; another timer of that name is replaced."""
        self._timers[name] = (time.monotonic() + seconds, handler)

    def sooner(self, name: str, seconds: float) -> bool:
        """Say whether a timer of that name comes within `seconds` anyway."""
        timer = self._timers.get(name)
        return timer is not None and timer[0] <= time.monotonic() + seconds

    def cancel(self, name: str) -> None:
        """Forget a timer, if there is one of that name."""
        self._timers.pop(name, None)

    def turn(self) -> None:
        """Wait until something is to be done, and do it."""
        wait = -1.0
        if self._timers:
            wait = max(0.0, min(moment for moment, _ in self._timers.values()) - time.monotonic())
        for descriptor, _ in self._epoll.poll(wait):
            # A handler before this one may have closed it.
            handler = self._handlers.get(descriptor)
            if handler is not None:
                handler()
        now = time.monotonic()
        for name in [name for name, (moment, _) in self._timers.items() if moment <= now]:
            timer = self._timers.get(name)
            if timer is not None and timer[0] <= now:
                del self._timers[name]
                timer[1]()
