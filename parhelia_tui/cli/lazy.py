"""Groups whose commands are imported when they are called, and that guess what a typo meant."""

from __future__ import annotations

import difflib
import importlib
from typing import Any

import click


class LazyGroup(click.Group):
    """A group over names of commands.

    Args:
        lazy: by name, "module:attribute" and a line of help.
        aliases: other words for the same commands.
    """

    def __init__(
        self,
        *args: Any,
        lazy: dict[str, tuple[str, str]] | None = None,
        aliases: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = lazy or {}
        self._aliases = aliases or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands, in the order in which they were given."""
        return [*self._lazy, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and give a command."""
        name = self._aliases.get(cmd_name, cmd_name)
        if name in self._lazy:
            module, _, attribute = self._lazy[name][0].partition(":")
            command: click.Command = getattr(importlib.import_module(module), attribute)
            return command
        return super().get_command(ctx, name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a typo is answered with what it may have meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            known = [*self._lazy, *self._aliases, *self.commands]
            near = difflib.get_close_matches(args[0], known, 3)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise click.UsageError(
                f"there is no command {args[0]!r}.{hint} See parhelia --help.", ctx
            ) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        rows = [(name, about) for name, (_, about) in self._lazy.items()]
        for name in super().list_commands(ctx):
            command = self.commands[name]
            rows.append((name, command.get_short_help_str()))
        with formatter.section("Commands"):
            formatter.write_dl(rows)
