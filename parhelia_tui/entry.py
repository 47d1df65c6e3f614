"""The two commands: which front is opened. It stands above all fronts, so that none need know another."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from typing import Any

GARBAGE_AT = 50_000
"""New objects between two searches for garbage (gc.set_threshold); 700 is Python's own."""


def main() -> int:
    """`parhelia`: a command; without one, on a terminal, the dashboard."""
    if len(sys.argv) == 1 and _on_terminal():
        return dashboard()
    # Most commands end before there is garbage that is worth a search.
    gc.set_threshold(GARBAGE_AT)
    try:
        from parhelia_tui.cli.main import Dashboard
        from parhelia_tui.cli.main import main as run

        return run(Dashboard(_dashboard, _views, _serve))
    except KeyboardInterrupt:
        return 130
    finally:
        # It ends: Python would search all that there is once more, which takes a fifteenth of a list of a thousand.
        gc.freeze()


def dashboard() -> int:
    """`parhelia-tui`: the dashboard."""
    if len(sys.argv) > 1:
        # It has no words of its own, so whatever stands there is for the command line: -h, --help, --version.
        return main()
    try:
        return _dashboard()
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        # Only now: what commands need would cost the first frame a fifteenth of its time.
        from parhelia_tui.cli.main import guarded

        failure = error
        return guarded(lambda: _raise(failure))


def _dashboard() -> int:
    # Whatever is made until the first frame stays; looking for garbage in it takes a twentieth of the time.
    gc.disable()
    from parhelia_tui.app import run

    return run()


def _views() -> list[Any]:
    from parhelia_tui.views import views

    return views()


def _serve(host: str, port: int, say: Callable[[str], None]) -> None:
    from parhelia_tui.web.server import serve

    serve(host, port, say)


def _raise(error: Exception) -> int:
    raise error


def _on_terminal() -> bool:
    try:
        return os.isatty(0) and os.isatty(1)
    except OSError:
        return False
