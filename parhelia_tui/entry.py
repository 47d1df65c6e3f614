"""The two commands: which front is opened. It stands above all fronts, so that none need know another."""

from __future__ import annotations

import sys


def main() -> int:
    """`parhelia`: a command; without one, on a terminal, the dashboard."""
    try:
        from parhelia_tui.cli.main import main as run

        return run(_dashboard)
    except KeyboardInterrupt:
        return 130


def dashboard() -> int:
    """`parhelia-tui`: the dashboard."""
    if len(sys.argv) > 1:
        # It has no words of its own, so whatever stands there is for the command line: --help, --version.
        return main()
    try:
        from parhelia_tui.cli.main import guarded

        return guarded(_dashboard)
    except KeyboardInterrupt:
        return 130


def _dashboard() -> int:
    from parhelia_tui.app import run

    return run()
