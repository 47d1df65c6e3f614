"""What libraries have to say while the dashboard is open: it is kept in a file, for it would stand over the panes."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NAME = "dashboard.log"
BYTES_A_FILE = 1 << 20
FILES = 2


@contextmanager
def kept_off_the_screen(directory: Path) -> Iterator[None]:
    """Put logs, warnings and failures that nobody handles into a file instead of on standard error.

    Standard error is the terminal: a log without a handler of its own goes there, and while somebody is attached even
    Textual lets it through.

    Args:
        directory: of the logs; it is made with the first line.
    """
    root, file = logging.getLogger(), _Later(directory)
    raises, hooks = logging.raiseExceptions, (sys.unraisablehook, threading.excepthook)
    root.addHandler(file)
    logging.captureWarnings(True)
    # A full disk must not turn into a line on the screen for each that could not be written.
    logging.raiseExceptions = False
    sys.unraisablehook, threading.excepthook = _unraisable, _thread_failed
    try:
        yield
    finally:
        sys.unraisablehook, threading.excepthook = hooks
        logging.raiseExceptions = raises
        logging.captureWarnings(False)
        root.removeHandler(file)
        file.close()


class _Later(logging.Handler):
    """Opens its file when there is something to write: as a rule there is nothing, and the first frame waits for it."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._directory = directory
        self._file: logging.Handler | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; where that cannot be, it is dropped."""
        with suppress(Exception):
            if self._file is None:
                self._file = _file(self._directory)
            self._file.emit(record)

    def close(self) -> None:
        """Close the file."""
        super().close()
        if self._file is not None:
            self._file.close()


def _file(directory: Path) -> logging.Handler:
    from logging.handlers import RotatingFileHandler

    from parhelia_tui.core.settings.json_lines import JsonLines
    from parhelia_tui.core.settings.paths import private_directory

    file = RotatingFileHandler(
        private_directory(directory) / NAME, maxBytes=BYTES_A_FILE, backupCount=FILES - 1, encoding="utf-8"
    )
    file.setFormatter(JsonLines())
    return file


def _unraisable(about: sys.UnraisableHookArgs) -> None:
    failure = about.exc_value or about.exc_type()
    logging.getLogger("parhelia.dashboard").error(
        "%s: %r", about.err_msg or "ignored", about.object, exc_info=failure
    )


def _thread_failed(about: threading.ExceptHookArgs) -> None:
    if about.exc_value is not None and not isinstance(about.exc_value, SystemExit):
        name = about.thread.name if about.thread else "a thread"
        logging.getLogger("parhelia.dashboard").error("%s failed", name, exc_info=about.exc_value)
