"""The mirror here of a log far away, which is turned over as that one is."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from parhelia_tui.core.shim.output import LOG, LOG_BYTES, OLDER, TURN


class MirroredLog:
    """What is here of one container's log.

    Args:
        run: its run directory.
    """

    def __init__(self, run: Path) -> None:
        self._run = run

    @property
    def size(self) -> int:
        """Bytes that are here of the log that was not turned over yet."""
        try:
            return (self._run / LOG).stat().st_size
        except FileNotFoundError:
            return 0

    @property
    def turn(self) -> int:
        """How often the log far away had been turned over when it began; 0 also where nobody told."""
        try:
            return int((self._run / TURN).read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def add(self, data: bytes) -> None:
        """Append what came. Raises OSError."""
        if self.size + len(data) > LOG_BYTES:
            # It turns over itself before; whoever sends without end must not fill this disk.
            self._set_aside()
        descriptor = os.open(self._run / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            while data:
                data = data[os.write(descriptor, data) :]
        finally:
            os.close(descriptor)

    def begin_anew(self, told: bytes) -> None:
        """Turn over.

        Args:
            told: how often that had been done far away by then; empty where it is not told.

        Raises:
            OSError: the disk is full.
        """
        self._set_aside()
        if told.isdigit():
            # Afterwards: ended in between, the log that is complete here is asked for once more, and nothing is mixed.
            new = self._run / f".{TURN}"
            new.write_bytes(told)
            new.replace(self._run / TURN)

    def _set_aside(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            (self._run / LOG).replace(self._run / OLDER)
