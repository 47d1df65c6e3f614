"""The root of the command line: which commands there are, and how each run of one ends."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from parhelia_tui import __version__
from parhelia_tui.cli import errors
from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.cli.options import batch_defaults, output_options
from parhelia_tui.cli.output import MANNER, on_terminal, plain_wanted
from parhelia_tui.core.model.errors import Exit, ParheliaError
from parhelia_tui.core.settings.read_only import FLAG, become_read_only

_C = "parhelia_tui.cli"
COMMANDS = {
    "task": (
        f"{_C}.task:task",
        "create, list, show, watch, results, merge, cancel, retry, reply, accept, reject, trash, untrash, logs",
    ),
    "container": (f"{_C}.container:container", "list, show, events, health, watch, terminate, hosts, allow"),
    "session": (f"{_C}.session:session", "list, new, attach, ssh-config, send, capture, recover, kill"),
    "checkpoint": (
        f"{_C}.checkpoint:checkpoint",
        "create, list, show, files, diff, env-diff, restore, rollback, protect, unprotect, tag, note, delete, verify, gc",
    ),
    "approval": (f"{_C}.approval:approval", "list, show, approve, deny"),
    "notify": (f"{_C}.notify:notify", "test"),
    "resume": (f"{_C}.resume:resume", "go on with an ended task from its last checkpoint"),
    "events": (f"{_C}.events:events", "list, watch, replay, export"),
    "run": (f"{_C}.run:run", "one command in a fresh container, with its exit code"),
    "shell": (f"{_C}.run:shell", "an interactive shell in a fresh container"),
    "attach": (f"{_C}.session:attach", "go to the terminal of a task or session"),
    "status": (f"{_C}.status:status", "the fleet in a few lines"),
    "budget": (f"{_C}.budget:budget", "show, set, raise, stop, history, estimate"),
    "agent": (f"{_C}.status:agent", "list the agents"),
    "doctor": (f"{_C}.doctor:doctor", "what works on this machine"),
    "controller": (f"{_C}.controller:controller", "start, stop, status, run, logs"),
    "reconciler": (f"{_C}.controller:reconciler", "status, run"),
    "cleanup": (f"{_C}.controller:cleanup", "remove what ended containers left; workspaces stay"),
    "image": (f"{_C}.image:image", "build, list, show, delete"),
    "modal": (f"{_C}.modal:modal", "setup, check"),
    "db": (f"{_C}.db:db", "status, check, backup, migrate"),
    "config": (f"{_C}.config:config", "show, path, check, example, init, sync"),
    "memory": (f"{_C}.memory:memory", "show, list, edit, forget"),
    "serve": (f"{_C}.serve:serve", "the dashboard in a browser of this machine"),
    "demo": (f"{_C}.demo:demo", "a small live fleet to look at"),
    "help": (f"{_C}.manual:manual", "a page for a command, a topic or an error code"),
    "examples": (f"{_C}.manual:examples", "commands to copy, by topic"),
    "completion": (f"{_C}.completion:completion", "completion for bash, zsh or fish"),
}
ALIASES = {
    "t": "task", "c": "container", "s": "session", "b": "budget", "e": "events",
    "submit": "task create", "list": "task list", "logs": "task logs", "cancel": "task cancel",
}  # fmt: skip
"""Short and old words; the ones with a space name a command of a group."""


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    aliases=ALIASES,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="t, c, s, b and e are short for task, container, session, budget and events. "
    "parhelia help TOPIC explains batch, branches, checkpoints, config, exit, images, inbox, isolation, json, keys,"
    " modal, mounts, states and targets.",
)
@click.version_option(__version__, prog_name="parhelia")
@click.option(
    "--batch", metavar="FILE", help="Run the tasks of a JSONL, JSON or TOML file, - for stdin, to their ends."
)
@click.option("--format", "form", type=click.Choice(["jsonl", "json", "toml"]), help="What FILE is.")
@click.option("--spec", is_flag=True, help="Describe every command and view, as JSON for programs.")
@click.option(
    "--read-only", is_flag=True, help="Look without touching: nothing is changed, also by a command."
)
@click.option("--debug", is_flag=True, help="Show where a defect of Parhelia happened.")
@batch_defaults
@output_options
@click.pass_context
def cli(
    context: click.Context,
    /,
    batch: str | None,
    form: str | None,
    spec: bool,
    read_only: bool,
    debug: bool,
    **given: Any,
) -> int | None:
    """A live fleet of coding agents in isolated containers. Without a command: the dashboard."""
    MANNER.debug = debug
    if read_only:
        become_read_only(FLAG)
    if spec and context.invoked_subcommand is None:
        return _print_spec(context)
    if batch is not None and context.invoked_subcommand is None:
        from parhelia_tui.cli.batch import run_batch

        return run_batch(batch, form, given)
    own = {"batch": batch, "format": form, "spec": spec or None, **given}
    stray = [name for name, value in own.items() if value not in (None, ())]
    if stray:
        alone = stray[0] in ("batch", "spec")
        where = "without a command" if alone else "with --batch, or behind the command"
        raise click.UsageError(f"--{stray[0]} is for use {where}", context)
    if context.invoked_subcommand is not None:
        return None
    if MANNER.json:
        raise ParheliaError(
            "E102", "a command is missing", recovery=("parhelia --help", "parhelia status --json")
        )
    if on_terminal():
        return open_dashboard(context)
    click.echo(context.get_help())
    return None


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What this layer must not know of the dashboard, and is given.

    Args:
        open: opens it and gives its exit code.
        views: describes its screens and their keys.
        serve: serves it at a host and port to a browser, and tells the link.
    """

    open: Callable[[], int]
    views: Callable[[], list[Any]]
    serve: Callable[[str, int, Callable[[str], None]], None]


def _print_spec(context: click.Context) -> int:
    from parhelia_tui.cli.spec import spec
    from parhelia_tui.core.client import Client

    given: Dashboard | None = context.find_root().obj
    custom = Client.open().custom_commands()
    click.echo(json.dumps(spec(cli, ALIASES, given.views if given else None, custom), indent=1))
    return int(Exit.OK)


def dashboard_of(context: click.Context) -> Dashboard:
    """Give the dashboard that the program was given.

    Raises:
        ParheliaError: E500 where there is none, as in a program of somebody else's.
    """
    dashboard: Dashboard | None = context.find_root().obj
    if dashboard is None:
        raise ParheliaError(
            "E500", "there is no dashboard in this program", recovery=("parhelia", "make run")
        )
    return dashboard


def open_dashboard(context: click.Context) -> int:
    """Open the dashboard; gives its exit code.

    Raises:
        ParheliaError: see `dashboard_of`.
    """
    return dashboard_of(context).open()


def main(dashboard: Dashboard | None = None) -> int:
    """Run the command line of this process.

    Args:
        dashboard: the one to open when none of its commands is called.

    Returns:
        The exit code. Every error has ended in words and a code by then.
    """
    return guarded(lambda: _run(dashboard))


def guarded(work: Callable[[], int]) -> int:
    """Do the work of this process, and let none of its errors out but as words and an exit code."""
    _make_streams_safe()
    try:
        code = work()
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except click.UsageError as error:
        return errors.usage(error, sys.argv[1:])
    except click.ClickException as error:
        return errors.say(ParheliaError("E101", error.format_message()))
    except (click.Abort, KeyboardInterrupt):
        return int(Exit.INTERRUPTED)
    except BrokenPipeError:
        # Whoever read has left.
        _let_go_of_output()
        return int(Exit.FAILURE)
    except ParheliaError as error:
        return errors.say(error)
    except Exception as error:
        if isinstance(error, OSError) and not _output_takes_words():
            # Python would try to flush it once more at its end. Standard error is left to say so.
            return _said_beside(error)
        try:
            return errors.unexpected(error)
        except OSError as second:
            # With --json the words too went to the output.
            return _said_beside(second)


def _run(dashboard: Dashboard | None) -> int:
    colour = False if plain_wanted() else None
    code = cli.main(prog_name="parhelia", standalone_mode=False, obj=dashboard, color=colour)
    return code if isinstance(code, int) else int(Exit.OK)


def _make_streams_safe() -> None:
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # Closed by whoever started us; the next file that is opened must not take its number.
            os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a glyph gets a question mark, not an end.
            stream.reconfigure(errors="replace")


def _said_beside(error: Exception) -> int:
    """Say on standard error, also to a program, that the output cannot be written."""
    _let_go_of_output()
    MANNER.json = False
    return errors.unexpected(error)


def _output_takes_words() -> bool:
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        return False
    return True


def _let_go_of_output() -> None:
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
