"""From the script to the exit code."""

from __future__ import annotations

import json
import os
import random
import sys
from typing import Any

from .reports import Reports
from .screen import Screen
from .session import Session
from .signals import Ended, Signals

FLOOD_LINE = b"flood " + b"=" * 73 + b"\n"


def main() -> int:
    """Play the script; gives the exit code.

    The script is the file that the first argument names, else the one in the home directory.
    """
    path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.environ["HOME"], ".parhelia-demo.json")
    try:
        with open(path, encoding="utf-8") as file:
            script: dict[str, Any] = json.load(file)
    except (OSError, ValueError) as error:
        print(f"the demo agent's script cannot be read: {error}", file=sys.stderr)
        return 2
    signals = Signals()
    screen = Screen(signals, os.environ)
    reports = Reports(os.environ.get("PARHELIA_AGENT_SOCKET"), signals.wait)
    try:
        code = Session(script, os.getcwd(), random.Random(script["seed"]), screen, reports, signals).run()
        _flood(screen, int(script["flood_mb"]))
        return code
    except Ended as ended:
        if ended.why:
            screen.last_words(ended.why)
        return ended.code
    except OSError as error:
        screen.say(screen.paint("red", f"● I cannot go on: {error}"))
        reports.state("error", f"cannot go on: {error.strerror}")
        return 1
    finally:
        reports.close()


def _flood(screen: Screen, megabytes: int) -> None:
    block = FLOOD_LINE * (65_536 // len(FLOOD_LINE))
    left = megabytes * 1_048_576
    while left > 0:
        screen.write_bytes(block[:left])
        left -= len(block)
