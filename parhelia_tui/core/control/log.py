"""The controller's log: JSON lines, rotated."""

from __future__ import annotations

import json
import logging
import logging.handlers
from pathlib import Path

from parhelia_tui.core.model.redaction import redacted

BYTES_A_FILE = 4 << 20
FILES = 3


class JsonLines(logging.Formatter):
    """One JSON object a line: at, level, message and, for a failure, the trace."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": record.created,
            "level": record.levelname.lower(),
            "message": redacted(record.getMessage()),
            "pid": record.process,
        }
        if record.exc_info:
            line["trace"] = redacted(self.formatException(record.exc_info))
        return json.dumps(line)


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
