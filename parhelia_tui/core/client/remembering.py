"""What is remembered of projects, as a front shows and changes it."""

from __future__ import annotations

import os

from parhelia_tui.core.client.opening import Opened
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Memory
from parhelia_tui.core.model.redaction import redacted
from parhelia_tui.core.model.text import plain
from parhelia_tui.core.store import memories
from parhelia_tui.core.store.connection import writing

LONGEST = 16_000
"""Characters of a memory: it is read by every session of the project, and paid for."""


class Remembering(Opened):
    """Reads and changes the memories of projects."""

    def memory(self, project: str) -> Memory | None:
        """Give what is remembered of a directory, None where it is nothing."""
        return memories.get(self._db, _real(project))

    def memories(self) -> list[Memory]:
        """Give what is remembered of all projects, the newest first."""
        return memories.listed(self._db)

    def remember(self, project: str, text: str) -> Memory:
        """Put a text in the place of what is remembered; secrets of known shapes are taken out.

        Raises:
            ParheliaError: E100 when it is too long.
        """
        if len(text) > LONGEST:
            raise ParheliaError("E100", f"the text has {len(text)} characters, more than {LONGEST}")
        memory = Memory(_real(project), redacted(plain(text)), self.owner.user_id, self._clock())
        with writing(self._db) as tx:
            memories.put(tx, memory)
        return memory

    def forget_memory(self, project: str) -> bool:
        """Forget what is remembered of a directory; False where it was nothing."""
        with writing(self._db) as tx:
            return memories.forget(tx, _real(project))


def _real(project: str) -> str:
    """A directory by the name under which tasks have it."""
    return os.path.realpath(os.path.expanduser(project))
