"""The controller's log: JSON lines, rotated."""

from __future__ import annotations

import logging
import logging.handlers
from pathlib import Path

from parhelia_tui.core.settings.json_lines import JsonLines

BYTES_A_FILE = 4 << 20
FILES = 3


def open_log(directory: Path) -> logging.Logger:
    """Open `controller.log` in a directory that exists."""
    handler = logging.handlers.RotatingFileHandler(
        directory / "controller.log", maxBytes=BYTES_A_FILE, backupCount=FILES - 1, encoding="utf-8"
    )
    handler.setFormatter(JsonLines())
    # A full disk must not turn into a second error on stderr for each line.
    logging.raiseExceptions = False
    logger = logging.getLogger("parhelia.controller")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    logger.propagate = False
    return logger
