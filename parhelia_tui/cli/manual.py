"""`parhelia help` and `parhelia examples`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

import click

from parhelia_tui.cli.example_pages import EXAMPLES
from parhelia_tui.cli.lazy import Command
from parhelia_tui.cli.options import output_options
from parhelia_tui.cli.output import Out
from parhelia_tui.cli.tables import table
from parhelia_tui.cli.topics import TOPICS
from parhelia_tui.core.model.errors import CATALOGUE, Exit, ParheliaError
from parhelia_tui.core.model.states import CONTAINER_MOVES, SESSION_MOVES, TASK_MOVES

EXIT_CODES = {
    Exit.OK: "it worked; of watch and --batch: all completed",
    Exit.FAILURE: "it did not: what it names is not there, or another reason without a number of its own",
    Exit.USAGE: "the command was written wrongly",
    Exit.IDENTITY: "an account or a key is missing",
    Exit.BUDGET: "money or a quota is used up",
    Exit.DENIED: "it is not allowed",
    Exit.TRANSITION: "not in this state, or somebody else was faster",
    Exit.GATE: "a condition of the project is not met",
    Exit.BACKEND: "something that is needed does not work",
    Exit.TIMEOUT: "it took too long",
    Exit.INTERRUPTED: "Ctrl+C",
}


@click.command("help", cls=Command)
@click.argument("words", metavar="[COMMAND | TOPIC | CODE]", nargs=-1)
@output_options
@click.pass_context
def manual(context: click.Context, words: tuple[str, ...]) -> None:
    """Show a page for a command, a topic or an error code such as E200."""
    out = Out()
    text = _page(context, words)
    out.answer({"topic": " ".join(words), "text": text}, text)


def _page(context: click.Context, words: Sequence[str]) -> str:
    word = " ".join(words).lower()
    if not word:
        codes = table(
            ("CODE", "NAME", "EXIT CODE"), [[c, e.name, str(int(e.exit))] for c, e in CATALOGUE.items()]
        )
        return f"parhelia help TOPIC: {', '.join(_topics())}\nparhelia help COMMAND: parhelia --help lists them\n\n{codes}"
    if word.upper() in CATALOGUE:
        return _code(word.upper())
    if word == "states":
        return _states()
    if word == "exit":
        return table(("CODE", "MEANS"), [[str(int(code)), means] for code, means in EXIT_CODES.items()])
    if word in TOPICS:
        return TOPICS[word]
    return _command(context, words)


def _topics() -> list[str]:
    return sorted([*TOPICS, "states", "exit"])


def _code(code: str) -> str:
    entry = CATALOGUE[code]
    ways = "".join(f"\n  try: {command}" for command in entry.recovery)
    return f"{entry.code} {entry.name} (exit code {int(entry.exit)})\n\n{entry.meaning}\n{ways}".rstrip()


def _states() -> str:
    pages = []
    for name, moves in (("task", TASK_MOVES), ("container", CONTAINER_MOVES), ("session", SESSION_MOVES)):
        lines = [f"  {old:<13} → {', '.join(sorted(allowed)) or 'the end'}" for old, allowed in moves.items()]
        pages.append("\n".join([name, *lines]))
    return "\n\n".join(pages)


def _command(context: click.Context, words: Sequence[str]) -> str:
    """The help of a command, which may be one of a group."""
    found: click.Command = context.find_root().command
    path = context.find_root()
    for word in words:
        inner = found.get_command(path, word) if isinstance(found, click.Group) else None
        if inner is None:
            raise _unknown(" ".join(words), [*_topics(), *CATALOGUE, *found.list_commands(path)]
                           if isinstance(found, click.Group) else _topics())  # fmt: skip
        path = click.Context(inner, info_name=inner.name, parent=path)
        found = inner
    return found.get_help(path)


def _unknown(what: str, known: Iterable[str], way_out: str = "parhelia help") -> ParheliaError:
    near = difflib.get_close_matches(what, known, 3)
    hint = f". Did you mean {' or '.join(near)}?" if near else ""
    return ParheliaError("E101", f"there is no page {what!r}{hint}", recovery=(way_out,))


@click.command(cls=Command)
@click.argument("topic", required=False)
@output_options
def examples(topic: str | None) -> None:
    """Show commands to copy, by topic: task, run, modal, gpu and others; all of them if none is named."""
    if topic is not None and topic not in EXAMPLES:
        raise _unknown(topic, EXAMPLES, "parhelia examples")
    chosen = EXAMPLES if topic is None else {topic: EXAMPLES[topic]}
    text = "\n\n".join(
        f"{click.style(name, bold=True)}\n{_indented(lines)}" for name, lines in chosen.items()
    )
    Out().answer({name: lines.splitlines() for name, lines in chosen.items()}, text)


def _indented(lines: str) -> str:
    return "\n".join(f"  {line}" for line in lines.splitlines())
