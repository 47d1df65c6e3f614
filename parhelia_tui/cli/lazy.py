"""Groups whose commands are imported when they are called, and that guess what a typo meant."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

LIKENESS = 0.6


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
        return [*self._lazy, *self.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and give a command."""
        name = self._aliases.get(cmd_name, cmd_name)
        if name in self._lazy:
            module, _, attribute = self._lazy[name][0].partition(":")
            command: click.Command = getattr(importlib.import_module(module), attribute)
            return command
        if " " in name:
            first, _, second = name.partition(" ")
            group = self.get_command(ctx, first)
            return group.get_command(ctx, second) if isinstance(group, click.Group) else None
        return super().get_command(ctx, name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a typo is answered with what it may have meant."""
        word = args[0]
        command = self.get_command(ctx, word)
        if command is None and ctx.resilient_parsing:
            return None, None, args[1:]
        if command is None:
            known = [*self._lazy, *self.commands, *(each for each in self._aliases if len(each) > 2)]
            import difflib

            near = difflib.get_close_matches(word, known, 3, LIKENESS)
            hint = f". Did you mean {' or '.join(near)}?" if near else ""
            raise click.UsageError(f"there is no command {word!r}{hint}", ctx)
        return word, command, args[1:]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(self._summaries())

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete names of commands without importing them."""
        from click.shell_completion import CompletionItem

        names = [
            CompletionItem(name, help=about)
            for name, about in self._summaries()
            if name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def _summaries(self) -> list[tuple[str, str]]:
        found = [(name, about) for name, (_, about) in self._lazy.items()]
        for name, command in self.commands.items():
            if not command.hidden:
                found.append((name, command.get_short_help_str(70)))
        return found
