"""`parhelia notify`: telling a person that a task needs them."""

from __future__ import annotations

import os
import shutil
import subprocess

import click

from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.cli.options import output_options
from parhelia_tui.cli.output import Out, on_terminal
from parhelia_tui.cli.tables import table
from parhelia_tui.core.model.errors import Exit
from parhelia_tui.core.model.notices import sequence

HEADLINE, ABOUT = "This notice is a test", "somebody asked for it"


@click.group(cls=LazyGroup, order=("test",))
def notify() -> None:
    """Be told when a task needs you ([notify] of the configuration)."""


@notify.command()
@output_options
def test() -> int:
    """Send a notice by every way that is configured, and say what became of each."""
    out = Out()
    rules = out.client.notify_rules()
    found = {"bell": _bell(rules.bell, out), "desktop": _desktop(rules.desktop, out)}
    found |= {"webhook": "off", "command": "off"} | out.client.test_notices()
    wrong = [way for way, said in found.items() if said not in ("sent", "off")]
    rows = [[way, said] for way, said in found.items()]
    out.answer(found, lambda: table(("WAY", "RESULT"), rows), next_actions=["parhelia config show notify"])
    return int(Exit.FAILURE) if wrong else int(Exit.OK)


def _bell(wanted: bool, out: Out) -> str:
    return _written("\a", out) if wanted else "off"


def _desktop(way: str, out: Out) -> str:
    if way == "off":
        return "off"
    if way != "notify-send":
        return _written(sequence(way, HEADLINE, ABOUT, in_tmux=bool(os.environ.get("TMUX"))), out)
    program = shutil.which("notify-send")
    if program is None:
        return "notify-send is not installed"
    try:
        done = subprocess.run(
            [program, "--app-name=parhelia", "--", HEADLINE, ABOUT],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=5.0,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"notify-send failed: {error}"
    return "sent" if done.returncode == 0 else f"notify-send ended with {done.returncode}"


def _written(said: str, out: Out) -> str:
    """Write to the terminal; where there is none, nobody is there to hear it."""
    if not on_terminal(1) or out.json_wanted:
        return "off"
    click.echo(said, nl=False)
    return "sent"
