"""`parhelia session`: terminals of containers."""

from __future__ import annotations

import shlex

import click

from parhelia_tui.cli.feedback import waiting
from parhelia_tui.cli.lazy import Command, LazyGroup
from parhelia_tui.cli.options import (
    choices_option,
    completer,
    count_option,
    output_options,
    session_argument,
    standard_input,
    yes_option,
)
from parhelia_tui.cli.output import Out, confirmed, on_terminal
from parhelia_tui.cli.resume import recover
from parhelia_tui.cli.tables import age, state, table
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Session
from parhelia_tui.core.model.states import SessionState


@click.group(
    cls=LazyGroup, order=("list", "new", "attach", "ssh-config", "send", "capture", "recover", "kill")
)
def session() -> None:
    """List, attach to and end sessions."""


@session.command("list")
@choices_option("state", "states", SessionState)
@click.option("--container", metavar="CONTAINER_OR_TASK", help="Only those of this container.")
@click.option("--all", "everything", is_flag=True, help="Also those that have ended.")
@count_option("limit", 100, "At most so many.")
@output_options
def list_(states: tuple[str, ...], container: str | None, everything: bool, limit: int) -> None:
    """List sessions, newest first."""
    out = Out()
    found = out.client.sessions(
        [SessionState(each) for each in states],
        container_id=out.client.container_at(container).id if container else None,
        ended_too=everything,
        limit=limit,
    )
    out.answer(found, lambda: _session_table(found))


def _session_table(found: list[Session]) -> str:
    rows = [
        [
            each.name,
            each.container_id,
            state(each.state),
            each.kind,
            age(each.created_at),
            "now" if each.finished_at is None else age(each.finished_at),
        ]
        for each in found
    ]
    # AGE is since its beginning, LAST since anything could happen in it.
    return table(("NAME", "CONTAINER", "STATE", "KIND", "AGE", "LAST"), rows, 0)


@session.command("ssh-config")
@session_argument
@output_options
def ssh_config(name: str) -> None:
    """Print how OpenSSH's ssh reaches a session in a sandbox: ssh -F FILE SESSION."""
    out = Out()
    found = out.client.session(name)
    text = out.client.ssh_config(name)
    out.answer({"session": found.name, "container_id": found.container_id, "config": text}, text.rstrip("\n"))


@session.command()
@click.argument("where", metavar="CONTAINER_OR_TASK")
@click.argument("command", nargs=-1)
@output_options
def new(where: str, command: tuple[str, ...]) -> None:
    """Start a further session in a running container; a shell if no COMMAND is given.

    One word is a command line for the shell, several are a program and its arguments.
    """
    out = Out()
    if len(command) == 1 and shlex.quote(command[0]) != command[0]:
        command = ("/bin/sh", "-c", "--", command[0])
    container = out.client.container_at(where)
    with waiting("starting a session"):
        made = out.client.create_session(container.id, command)
    out.answer(made, made.name, next_actions=[f"parhelia attach {made.name}"])


@session.command()
@session_argument
@yes_option
@output_options
def kill(name: str, yes: bool) -> None:
    """End a session and what runs in it; the main session ends with its container."""
    out = Out()
    found = out.client.session(name)
    if found.kind == "main":
        confirmed(f"End {found.name} and with it container {found.container_id} and its task?", yes)
    with waiting("ending the session"):
        ended = out.client.kill_session(found.id)
    out.answer(ended, f"{ended.name} {'was ended' if found.kind != 'main' else 'is being ended'}")


@session.command()
@session_argument
@click.argument("text", nargs=-1, required=True)
@click.option("--keys", is_flag=True, help="TEXT is names of keys, as C-c, Enter, Up.")
@click.option("--no-enter", is_flag=True, help="Do not press Enter behind it.")
@output_options
def send(name: str, text: tuple[str, ...], keys: bool, no_enter: bool) -> None:
    """Type TEXT into a session, as one paste, and press Enter; - reads it from standard input."""
    import asyncio

    out = Out()
    found = out.client.session(name)
    if keys:
        asyncio.run(out.client.send_keys(found.id, text))
    else:
        words = standard_input() if text == ("-",) else " ".join(text)
        asyncio.run(out.client.send_text(found.id, words, enter=not no_enter))
    out.answer({"session": found.name, "sent": " ".join(text)}, "")


@session.command()
@session_argument
@click.option(
    "--lines",
    "-n",
    type=click.IntRange(0),
    metavar="N",
    default=0,
    help="Lines of history before the screen.",
)
@output_options
def capture(name: str, lines: int) -> None:
    """Print what a session's screen shows."""
    import asyncio

    out = Out()
    with waiting("reading the screen"):
        shown = asyncio.run(out.client.capture(name, lines))
    out.answer({"session": out.client.session(name).name, "lines": shown}, "\n".join(shown))


@click.command(cls=Command)
@click.argument("what", metavar="TASK_OR_SESSION", shell_complete=completer("session"))
@output_options
def attach(what: str) -> int:
    """Go to the terminal of a task, container or session; Ctrl+Q leaves it and the work goes on."""
    from parhelia_tui.cli.run import go_to

    out = Out()
    if not on_terminal():
        out.client.session(what)
        raise ParheliaError(
            "E601",
            "there is no terminal here to attach",
            recovery=(f"parhelia session capture {what}", f"parhelia task logs {what}"),
        )
    return go_to(out, what)


session.add_command(attach)
session.add_command(recover)
