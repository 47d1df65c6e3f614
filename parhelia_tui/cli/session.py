"""`parhelia session`: terminals of containers."""

from __future__ import annotations

import asyncio
import sys

import click

from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.cli.options import json_option
from parhelia_tui.cli.output import Out, age, state, table
from parhelia_tui.core.model.text import plain


@click.group(cls=LazyGroup)
def session() -> None:
    """List, attach to and end sessions."""


@session.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those that have ended.")
@json_option
def list_(everything: bool, json_wanted: bool, fields: str | None) -> None:
    """List sessions, newest first."""
    out = Out(json_wanted, fields)
    found = out.client.sessions(ended_too=everything)
    rows = [
        [each.name, each.container_id, state(each.state), each.kind, age(each.created_at)] for each in found
    ]
    out.answer(found, table(("NAME", "CONTAINER", "STATE", "KIND", "AGE"), rows, 0))


@session.command()
@click.argument("where")
@click.argument("command", nargs=-1)
@json_option
def new(where: str, command: tuple[str, ...], json_wanted: bool, fields: str | None) -> None:
    """Start a further session in the container WHERE (a container, task or session); a shell if no command."""
    out = Out(json_wanted, fields)
    made = out.client.create_session(out.client.container_at(where).id, command)
    out.answer(made, made.name, next_actions=[f"parhelia attach {made.name}"])


@session.command()
@click.argument("name")
@json_option
def kill(name: str, json_wanted: bool, fields: str | None) -> None:
    """End a session and what runs in it; the main session ends with its container."""
    out = Out(json_wanted, fields)
    ended = out.client.kill_session(name)
    out.answer(ended, f"{ended.name} was ended")


@session.command()
@click.argument("name")
@click.argument("text")
@click.option("--no-enter", is_flag=True, help="Do not press Enter behind it.")
def send(name: str, text: str, no_enter: bool) -> None:
    """Type TEXT into a session, as one paste, and press Enter."""
    out = Out()
    asyncio.run(out.client.send_text(name, text, enter=not no_enter))


@session.command()
@click.argument("name")
@click.option("--lines", "-n", type=click.IntRange(0), default=0, help="Lines of history before the screen.")
def capture(name: str, lines: int) -> None:
    """Print what a session's screen shows."""
    out = Out()
    for line in asyncio.run(out.client.capture(name, lines)):
        click.echo(plain(line))


@click.command()
@click.argument("what")
def attach(what: str) -> None:
    """Go to the terminal of a task, container or session; Ctrl+Q leaves it and the work goes on."""
    out = Out()
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        from parhelia_tui.core.model.errors import ParheliaError

        raise ParheliaError("E601", "there is no terminal here to attach to")
    click.echo(str(out.client.attach(out.client.endpoint(what))))


session.add_command(attach)
