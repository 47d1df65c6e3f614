"""`parhelia completion`: what a shell needs to complete commands, options and ids."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.cli.options import output_options, yes_option
from parhelia_tui.cli.output import Out, confirmed
from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.states import CONTAINER_LIVE
from parhelia_tui.core.settings.paths import Paths

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

SHELLS = ("bash", "zsh", "fish")
OFFERED = 50


def known(kind: str, incomplete: str) -> list[CompletionItem]:
    """Ids and names that begin so; nothing where the store cannot be asked."""
    from click.shell_completion import CompletionItem

    found: list[tuple[str, str]] = []
    # Completion must neither print nor make a store where there is none.
    with contextlib.suppress(ParheliaError):
        if not Paths.current().database.exists():
            return []
        client = Client.open()
        if kind == "task":
            found = [(each.id, each.title) for each in client.tasks(limit=OFFERED)]
        elif kind == "container":
            found = [(each.id, str(each.state)) for each in client.containers(sorted(CONTAINER_LIVE))]
        elif kind == "checkpoint":
            found = [(each.id, str(each.trigger)) for each in client.checkpoints.of(limit=OFFERED)]
        elif kind == "template":
            found = [(each.name, each.about) for each in client.templates().values()]
        elif kind == "approval":
            found = [(each.id, each.tool) for each in client.approvals.waiting()]
        else:
            found = [(each.name, str(each.state)) for each in client.sessions(limit=OFFERED)]
    return [CompletionItem(name, help=about) for name, about in found if name.startswith(incomplete)]


@click.group(cls=LazyGroup)
def completion() -> None:
    """Print or install the completion script of a shell."""


def script(shell: str) -> str:
    """The completion script of a shell."""
    from click.shell_completion import get_completion_class

    from parhelia_tui.cli.main import cli

    found = get_completion_class(shell)
    if found is None:
        raise ParheliaError("E101", f"there is no completion for {shell}")
    return found(cli, {}, "parhelia", "_PARHELIA_COMPLETE").source()


def _print(shell: str) -> None:
    text = script(shell)
    Out().answer({"shell": shell, "script": text}, text)


@completion.command()
@output_options
def bash() -> None:
    """Print the script for bash."""
    _print("bash")


@completion.command()
@output_options
def zsh() -> None:
    """Print the script for zsh."""
    _print("zsh")


@completion.command()
@output_options
def fish() -> None:
    """Print the script for fish."""
    _print("fish")


@completion.command()
@click.argument("shell", type=click.Choice(SHELLS), required=False)
@yes_option
@output_options
def install(shell: str | None, yes: bool) -> None:
    """Put the script where the shell looks for it; the shell is that of $SHELL if none is named."""
    name = shell or Path(os.environ.get("SHELL", "")).name
    if name not in SHELLS:
        raise ParheliaError(
            "E102",
            "it is not known which shell is meant",
            recovery=tuple(f"parhelia completion install {each}" for each in SHELLS),
        )
    target, hint = place(name)
    confirmed(f"Write {target}?", yes)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        draft.write_text(script(name) + "\n", encoding="utf-8")
        draft.replace(target)
    except OSError as error:
        raise ParheliaError("E101", f"{target} cannot be written: {error.strerror}") from error
    Out().answer({"file": str(target)}, f"{target}{hint}")


def place(shell: str) -> tuple[Path, str]:
    """Where a shell looks for scripts of its user, and what else is to be done."""
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    if shell == "bash":
        return data / "bash-completion" / "completions" / "parhelia", "; a new shell has it"
    if shell == "fish":
        base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        return base / "fish" / "completions" / "parhelia.fish", "; a new shell has it"
    target = data / "zsh" / "site-functions" / "_parhelia"
    return target, f"\nadd to .zshrc, before compinit: fpath=({target.parent} $fpath)"
