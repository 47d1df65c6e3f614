"""The form of our logs: JSON lines, in which no key stands."""

from __future__ import annotations

import json
import logging

from parhelia_tui.core.model.redaction import redacted


class JsonLines(logging.Formatter):
    """One JSON object a line: at, level, message and, for a failure, the trace."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line of a record."""
        line: dict[str, object] = {
            "at": record.created,
            "level": record.levelname.lower(),
            "message": redacted(record.getMessage()),
            "pid": record.process,
        }
        if record.exc_info:
            line["trace"] = redacted(self.formatException(record.exc_info))
        return json.dumps(line)
