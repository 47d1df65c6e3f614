"""`parhelia --spec`: every command and view, as data for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from parhelia_tui import __version__
from parhelia_tui.cli.example_pages import examples_of
from parhelia_tui.cli.manual import EXIT_CODES
from parhelia_tui.core.model import states
from parhelia_tui.core.model.errors import CATALOGUE

if TYPE_CHECKING:
    from parhelia_tui.core.settings.custom_commands import CustomCommand, CustomCommands

FORM = 1
"""Grows when a program that reads this would have to change."""


def spec(
    root: click.Group,
    aliases: dict[str, str],
    views: Callable[[], list[Any]] | None,
    custom: CustomCommands,
) -> dict[str, Any]:
    """Describe everything that can be typed and seen.

    Args:
        root: the command line.
        aliases: short and old words for commands.
        views: gives the screens of the dashboard with their keys; this layer must not know them.
        custom: what the user has defined for the dashboard.
    """
    return {
        "form": FORM,
        "version": __version__,
        "commands": [_command(context, command) for context, command in commands(root)],
        "aliases": aliases,
        "views": views() if views else [],
        "custom_commands": [_custom(each) for each in custom.commands],
        "custom_faults": [str(each) for each in custom.faults],
        "states": {name: [str(each) for each in getattr(states, name)] for name in _state_names()},
        "errors": [
            {
                "code": each.code,
                "name": each.name,
                "meaning": each.meaning,
                "exit_code": int(each.exit),
                "recovery": list(each.recovery),
            }
            for each in CATALOGUE.values()
        ],
        "exit_codes": {str(int(code)): means for code, means in EXIT_CODES.items()},
    }


def _custom(each: CustomCommand) -> dict[str, Any]:
    found = asdict(each)
    return {**found, "palette": each.name, "typed": f":!{each.name}"}


def commands(
    group: click.Group, context: click.Context | None = None
) -> Iterator[tuple[click.Context, click.Command]]:
    """Give every command that does something, with a context that knows how it is called."""
    context = context or click.Context(group, info_name="parhelia", **group.context_settings)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None, name
        inner = click.Context(found, info_name=name, parent=context)
        if isinstance(found, click.Group):
            yield from commands(found, inner)
        else:
            yield inner, found


def _command(context: click.Context, command: click.Command) -> dict[str, Any]:
    parameters = [each for each in command.params if not getattr(each, "hidden", False)]
    return {
        "command": context.command_path,
        "about": " ".join((command.help or "").split()),
        "arguments": [_argument(each) for each in parameters if isinstance(each, click.Argument)],
        "options": [_option(each) for each in parameters if isinstance(each, click.Option)],
        "examples": list(examples_of(context.command_path)),
    }


def _argument(argument: click.Argument) -> dict[str, Any]:
    return {
        "name": argument.metavar or argument.human_readable_name,
        "required": argument.required,
        "several": argument.nargs != 1,
    }


def _option(option: click.Option) -> dict[str, Any]:
    choices = getattr(option.type, "choices", None)
    return {
        "names": [*option.opts, *option.secondary_opts],
        "about": option.help or "",
        "value": "" if option.is_flag else option.metavar or option.type.name,
        "choices": [str(each) for each in choices or ()],
        "several": option.multiple,
        "required": option.required,
    }


def _state_names() -> list[str]:
    return [name for name, each in vars(states).items() if isinstance(each, type) and name.endswith("State")]
