"""From the script to the exit code."""

from __future__ import annotations

import json
import os
import random
import sys
from typing import Any

from .memory import PLACE, Memory
from .reports import DemoReports
from .screen import Screen
from .session import Session
from .signals import Ended, Signals
from .talk import Talk

FLOOD_LINE = b"flood " + b"=" * 73 + b"\n"


def main() -> int:
    """Play the script; gives the exit code.

    The script is the file that the last argument names, else the one in the home directory. After
    `--continue` an earlier run's talk is taken up where it stood.
    """
    _open_missing()
    words = sys.argv[1:]
    goes_on = "--continue" in words
    paths = [word for word in words if word != "--continue"]
    home = os.path.dirname(paths[-1]) if paths else os.environ["HOME"]
    path = paths[-1] if paths else os.path.join(home, ".parhelia-demo.json")
    try:
        with open(path, encoding="utf-8") as file:
            script: dict[str, Any] = json.load(file)
    except (OSError, ValueError) as error:
        print(f"the demo agent's script cannot be read: {error}", file=sys.stderr)
        return 2
    signals = Signals()
    screen = Screen(signals, os.environ)
    reports = DemoReports(os.environ.get("PARHELIA_AGENT_SOCKET"), signals.wait)
    try:
        memory = Memory(os.path.join(home, PLACE), goes_on)
        chance = random.Random(script["seed"])
        code = Session(script, os.getcwd(), chance, screen, reports, signals, memory).run()
        _flood(screen, int(script["flood_mb"]))
        if script.get("chat"):
            Talk(screen, reports, signals, chance, float(script["pace"])).run()
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


def _open_missing() -> None:
    """Open the standard descriptors that are closed; else our own would get their numbers."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free number, so this very one.
            os.open(os.devnull, os.O_RDWR)


def _flood(screen: Screen, megabytes: int) -> None:
    block = FLOOD_LINE * (65_536 // len(FLOOD_LINE))
    left = megabytes * 1_048_576
    while left > 0:
        screen.write_bytes(block[:left])
        left -= len(block)
