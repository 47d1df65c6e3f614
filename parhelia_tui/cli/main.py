"""`parhelia`: the dashboard without arguments, else a command."""

from __future__ import annotations

import os
import sys
import time
import traceback

import click

from parhelia_tui import __version__
from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.core.model.errors import Exit, ParheliaError

_C = "parhelia_tui.cli"
COMMANDS = {
    "task": (f"{_C}.task:task", "create, list, show, watch, cancel, retry, logs"),
    "container": (f"{_C}.container:container", "list, show, events, health, terminate"),
    "session": (f"{_C}.session:session", "list, attach, new, send, capture, kill"),
    "events": (f"{_C}.events:events", "list, watch, export"),
    "run": (f"{_C}.run:run", "one command in a fresh container, with its exit code"),
    "shell": (f"{_C}.run:shell", "an interactive shell in a fresh container"),
    "attach": (f"{_C}.session:attach", "go to the terminal of a task or session"),
    "status": (f"{_C}.status:status", "the fleet in a few lines"),
    "budget": (f"{_C}.status:budget", "what was spent"),
    "doctor": (f"{_C}.status:doctor", "what works on this machine"),
    "agent": (f"{_C}.status:agent", "list the agents"),
    "controller": (f"{_C}.controller:controller", "start, stop, status"),
    "reconciler": (f"{_C}.controller:reconciler", "status, run"),
    "cleanup": (f"{_C}.controller:cleanup", "remove what ended containers left; workspaces stay"),
    "db": (f"{_C}.db:db", "migrate, status, check, backup"),
    "config": (f"{_C}.config:config", "show what is configured and where"),
    "demo": (f"{_C}.demo:demo", "a small live fleet to look at"),
    "help": (f"{_C}.manual:manual", "a page for an error code or a topic"),
    "completion": (f"{_C}.manual:completion", "completion for bash, zsh or fish"),
}
ALIASES = {"t": "task", "c": "container", "s": "session", "b": "budget", "e": "events"}


@click.group(cls=LazyGroup, lazy=COMMANDS, aliases=ALIASES, invoke_without_command=True)
@click.version_option(__version__, prog_name="parhelia")
@click.option(
    "--batch", metavar="FILE", help="Run the tasks of a JSONL or TOML file, - for JSONL from stdin."
)
@click.option("--json", "json_wanted", is_flag=True, help="With --batch: one JSON object a line.")
@click.pass_context
def cli(context: click.Context, batch: str | None, json_wanted: bool) -> None:
    """A live fleet of coding agents in isolated containers. Without a command: the dashboard."""
    if context.invoked_subcommand is not None:
        return
    if batch is not None:
        from parhelia_tui.cli.batch import run_batch

        context.exit(run_batch(batch, json_wanted=json_wanted))
    if sys.stdout.isatty() and sys.stdin.isatty():
        context.exit(open_dashboard())
    click.echo(context.get_help())


def open_dashboard() -> int:
    """Open the dashboard; gives its exit code."""
    from parhelia_tui.app import run

    return run()


def main() -> int:
    """Run the command line; every error ends in words and a code."""
    if "NO_COLOR" in os.environ:
        # click has no switch for it; a command without colour is what it does where there is no terminal.
        os.environ.setdefault("TERM", "dumb")
    json_wanted = "--json" in sys.argv
    try:
        code = cli.main(standalone_mode=False, color=False if "NO_COLOR" in os.environ else None)
        return int(code) if isinstance(code, int) else 0
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.UsageError as error:
        if json_wanted:
            _say(ParheliaError("E101", error.format_message()), json_wanted=True)
        error.show()
        return int(Exit.USAGE)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return int(Exit.INTERRUPTED)
    except BrokenPipeError:
        # Whoever read has left; nothing more can be said, not even when the buffers are flushed at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(Exit.OK)
    except ParheliaError as error:
        return _say(error, json_wanted=json_wanted)
    except Exception as error:
        return _say(_internal(error), json_wanted=json_wanted)


def _say(error: ParheliaError, *, json_wanted: bool) -> int:
    from parhelia_tui.cli.output import fail

    fail(error, json_wanted=json_wanted)


def _internal(error: Exception) -> ParheliaError:
    """A defect of ours: the trace goes into a file, a sentence to the user."""
    from parhelia_tui.core.settings.paths import Paths

    path = Paths.current().logs / "defects.log"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as log:
            log.write(f"{time.time()} {sys.argv[1:3]}\n{traceback.format_exc()}\n")
        where = f"; the details are in {path}"
    except OSError:
        where = ""
    return ParheliaError("E900", f"{type(error).__name__}: {error}{where}")


def dashboard() -> int:
    """`parhelia-tui`: the dashboard, whatever stands behind it."""
    if len(sys.argv) > 1:
        if sys.argv[1] == "--version":
            click.echo(f"parhelia-tui, version {__version__}")
            return 0
        click.echo("Usage: parhelia-tui\n\n  Opens the dashboard. See also: parhelia --help")
        return 0 if sys.argv[1] in ("--help", "-h") else int(Exit.USAGE)
    try:
        return open_dashboard()
    except ParheliaError as error:
        return _say(error, json_wanted=False)
