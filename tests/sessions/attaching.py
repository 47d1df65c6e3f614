"""A process that attaches on the terminal it runs on, as `parhelia session attach` does."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from parhelia_tui.core.backends.base import TmuxEndpoint
from tests.support.outer_terminal import OuterTerminal

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import sys
from pathlib import Path
from parhelia_tui.core.backends.base import TmuxEndpoint
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.sessions.attach import attach
try:
    print("RESULT", attach(TmuxEndpoint(Path(sys.argv[1]), sys.argv[2])).end, flush=True)
except ParheliaError as error:
    print("ERROR", error, flush=True)
"""


def attach_words(endpoint: TmuxEndpoint) -> list[str]:
    """The command that attaches and says how it ended."""
    return [sys.executable, "-c", PROGRAM, str(endpoint.socket), endpoint.session]


def attached(
    endpoint: TmuxEndpoint, env: Mapping[str, str] | None = None, *, columns: int = 80, rows: int = 24
) -> OuterTerminal:
    """Start the attaching process on a terminal of its own."""
    return OuterTerminal(
        attach_words(endpoint), {"PYTHONPATH": str(ROOT), **(env or {})}, columns=columns, rows=rows
    )
