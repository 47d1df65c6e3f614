"""An open store and a controller that can be woken: what every part of the client stands on."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import Any, Self

from parhelia_tui.core.client import launch
from parhelia_tui.core.client.waiting import looks
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.ids import Random, random_hex
from parhelia_tui.core.model.records import Intent, Owner
from parhelia_tui.core.settings.paths import Paths, private_directory
from parhelia_tui.core.store import events, intents
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated


class Opened:
    """A state directory whose store is opened when it is first needed.

    Args:
        paths: the state directory.
        owner: whose name stands on what is made through this client.
        clock: gives epoch seconds.
        random: gives hexadecimal digits for ids.
    """

    def __init__(
        self,
        paths: Paths,
        owner: Owner | None = None,
        clock: Callable[[], float] = time.time,
        random: Random = random_hex,
    ) -> None:
        self.paths = paths
        self.owner = owner or Owner()
        self._clock = clock
        self._random = random
        self._opened: sqlite3.Connection | None = None

    @classmethod
    def open(cls, paths: Paths | None = None) -> Self:
        """Give a client for a state directory, the one that the environment names if none is given."""
        return cls(paths or Paths.current())

    def close(self) -> None:
        """Let the store go; the client opens it again when it is asked something."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    @property
    def _db(self) -> sqlite3.Connection:
        if self._opened is None:
            private_directory(self.paths.home)
            self._opened = open_migrated(self.paths.database)
        return self._opened

    def wake(self) -> None:
        """Tell the controller to look, starting it if there is none."""
        launch.wake_controller(self.paths)

    def _tell(self, tx: sqlite3.Connection, type: str, message: str, **about: Any) -> None:
        """Append to the history, in the transaction that does it, what was asked for through this client.

        Args:
            about: `task_id`, `container_id`, `data`, as for `events.append`.
        """
        events.append(tx, type, message, source="client", at=self._clock(), owner=self.owner, **about)

    def _intent(
        self, kind: str, target: str, payload: dict[str, object], patience_s: float = intents.PATIENCE_S
    ) -> dict[str, Any]:
        """Store an intent, wake the controller and wait for what becomes of it, so many seconds at most."""
        with writing(self._db) as tx:
            intent = intents.add(tx, kind, target, payload, self._clock(), self.owner)
        self.wake()
        return self._wait_for(intent, patience_s)

    def _wait_for(self, intent: Intent, patience_s: float) -> dict[str, Any]:
        for _ in looks(patience_s, self.wake):
            seen = intents.get(self._db, intent.id)
            if seen.state == "done":
                return seen.result
            if seen.state == "refused":
                raise ParheliaError(
                    str(seen.result["code"]),
                    str(seen.result["message"]),
                    details=dict(seen.result.get("details", {})),
                )
        raise ParheliaError(
            "E501",
            f"the controller did not answer within {patience_s:g} s",
            recovery=("parhelia controller status", "parhelia doctor"),
        )

    def _backend(self, name: str) -> Any:
        from parhelia_tui.core.backends.registry import backend

        return backend(name, self.paths)
