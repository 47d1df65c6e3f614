"""Groups whose commands are imported when they are called, and that guess what a typo meant."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import click

from parhelia_tui.core.model.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from click.shell_completion import CompletionItem

LIKENESS = 0.7


class Command(click.Command):
    """A command whose help ends with examples of it."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples as they are, without filling lines."""
        # Only help needs their text.
        from parhelia_tui.cli.example_pages import examples_of

        lines = examples_of(ctx.command_path)
        if lines:
            with formatter.section("Examples"):
                formatter.write("".join(f"{'':{formatter.current_indent}}{line}\n" for line in lines))


class LazyGroup(click.Group):
    """A group over names of commands.

    Args:
        lazy: by name, "module:attribute" and a line of help.
        aliases: other words for the same commands.
        order: names in the order in which they are listed; others stand behind them.
    """

    command_class = Command

    def __init__(
        self,
        *args: Any,
        lazy: dict[str, tuple[str, str]] | None = None,
        aliases: dict[str, str] | None = None,
        order: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = lazy or {}
        self._aliases = aliases or {}
        self._order = order

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands, in their order."""
        return self._in_order([*self._lazy, *self.commands])

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

            flag = f"--{word}" if any(f"--{word}" in each.opts for each in self.params) else ""
            near = (
                [flag]
                if flag
                else self._groups_with(ctx, word) or difflib.get_close_matches(word, known, 3, LIKENESS)
            )
            hint = f". Did you mean {' or '.join(near)}?" if near else ""
            raise click.UsageError(f"there is no command {one_line(word, 80)!r}{hint}", ctx)
        return word, command, args[1:]

    def _groups_with(self, ctx: click.Context, word: str) -> list[str]:
        """Where a verb without its noun belongs: "retry" is "task retry"."""
        groups = ((name, self.get_command(ctx, name)) for name in self._lazy)
        return [
            f"{name} {word}"
            for name, group in groups
            if isinstance(group, click.Group) and word in group.list_commands(ctx)
        ]

    def _in_order(self, names: list[str]) -> list[str]:
        rank = {name: at for at, name in enumerate(self._order)}
        return sorted(names, key=lambda name: rank.get(name, len(rank)))

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
        found = {name: about for name, (_, about) in self._lazy.items()}
        found |= {
            name: each.get_short_help_str(70) for name, each in self.commands.items() if not each.hidden
        }
        return [(name, found[name]) for name in self._in_order([*found])]
