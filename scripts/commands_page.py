"""Write docs/commands.md from the commands themselves: `make commands-page` after a command has changed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from parhelia_tui.cli.example_pages import examples_of
from parhelia_tui.cli.main import ALIASES, cli
from parhelia_tui.cli.manual import EXIT_CODES
from parhelia_tui.cli.spec import commands
from parhelia_tui.cli.topics import TOPICS
from parhelia_tui.core.model.errors import CATALOGUE

PAGE = Path(__file__).resolve().parent.parent / "docs" / "commands.md"
EVERYWHERE = {"json", "fields", "help"}
"""Options that every command has; they stand once, at the top of the page."""


def page() -> str:
    """The whole page."""
    return "\n".join([*_head(), *_commands(), *_batch(), *_codes()])


def _head() -> list[str]:
    words = [f"`{short}` is `{long}`" for short, long in ALIASES.items()]
    return [
        "# Commands",
        "",
        "This page is written by `scripts/commands_page.py` from the commands themselves; `make commands-page`"
        " renews it.",
        "",
        "`parhelia` without a command opens the dashboard. `parhelia COMMAND --help`, `-h` for short, and"
        " `parhelia help COMMAND | TOPIC | CODE` say the same as this page.",
        "",
        "Every command takes `--json` (one envelope, or one object a line where it follows something) and"
        " `--fields A,B` (only these fields of each record). An id may be cut to any beginning that is the"
        " only one. Where there is no terminal, with `NO_COLOR` or `TERM=dumb`, nothing is coloured and"
        " nothing moves.",
        "",
        f"Short and old words: {', '.join(words)}.",
        "",
    ]


def _commands() -> Iterator[str]:
    noun = ""
    for context, command in commands(cli):
        path = context.command_path
        if path.split()[1] != noun:
            noun = path.split()[1]
            yield from (f"## {noun}", "")
        usage = " ".join([path, *command.collect_usage_pieces(context)])
        yield from (f"### {path}", "", _in_one_line(command.help or ""), "", "```", usage, "```", "")
        rows = [_option(option, context) for option in command.params if _own(option)]
        if rows:
            yield from ("| option | |", "|---|---|", *rows, "")
        yield from ("```", *examples_of(path), "```", "")


def _own(parameter: click.Parameter) -> bool:
    return isinstance(parameter, click.Option) and not parameter.hidden and parameter.name not in EVERYWHERE


def _option(option: click.Parameter, context: click.Context) -> str:
    record = option.get_help_record(context)
    assert record is not None, option.name
    names, about = (each.replace("|", "\\|") for each in record)
    return f"| `{names}` | {about} |"


def _in_one_line(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _batch() -> list[str]:
    return ["## --batch", "", "```", TOPICS["batch"], "```", ""]


def _codes() -> list[str]:
    exits = [f"| {int(code)} | {means} |" for code, means in EXIT_CODES.items()]
    errors = [
        f"| {each.code} | {each.name} | {int(each.exit)} | {each.meaning} |" for each in CATALOGUE.values()
    ]
    return [
        "## Exit codes",
        "",
        "`run` passes the contained command's own code through.",
        "",
        "| code | means |",
        "|---|---|",
        *exits,
        "",
        "## Errors",
        "",
        "| code | name | exit code | meaning |",
        "|---|---|---|---|",
        *errors,
        "",
    ]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
