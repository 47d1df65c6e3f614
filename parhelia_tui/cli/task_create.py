"""`parhelia task create`: a task, or one for each of several targets."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parhelia_tui.cli import task_questions
from parhelia_tui.cli.lazy import Command
from parhelia_tui.cli.lifetimes import tell_of_early_end
from parhelia_tui.cli.mounts import tell_of_links
from parhelia_tui.cli.options import (
    agent_option,
    as_typed,
    completer,
    output_options,
    pairs,
    request_fields,
    request_options,
    standard_input,
)
from parhelia_tui.cli.output import MANNER, Out, on_terminal
from parhelia_tui.core.model.display import several
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.placement import Choice, Refusal, place_in_words
from parhelia_tui.core.model.text import one_line

if TYPE_CHECKING:
    from parhelia_tui.core.model.request import TaskRequest

SHELL = "shell"


@click.command(cls=Command)
@click.argument("prompt", nargs=-1)
@click.option("--file", "-f", metavar="FILE", help="Read the prompt from a file.")
@click.option(
    "--template", metavar="NAME", help="Begin with a template of the configuration; other options go before it.",
    shell_complete=completer("template"),
)  # fmt: skip
@agent_option
@click.option("--title", help="What to call it.")
@click.option("--option", multiple=True, metavar="K=V", help="An option of the agent; the value may be JSON.")
@click.option(
    "--headless", is_flag=True, help="Without a terminal of its own; it ends when its work is done."
)
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="TARGET",
    help="A task for each, all at once, in the place of {target}; repeatable.",
)
@click.option("--targets-from", metavar="FILE", help="Targets, one a line; - reads stdin.")
@click.option("--split", is_flag=True, help="Take the targets from the list in the prompt.")
@click.option(
    "--budget-each",
    "budget_each_usd",
    type=click.FloatRange(0, 1_000_000),
    metavar="USD",
    help="What the task of each target may spend; --budget is for all.",
)
@click.option("--watch", "follow", is_flag=True, help="Follow it to its end.")
@click.option("--dry-run", is_flag=True, help="Check everything and start nothing.")
@request_options
@output_options
def create(
    prompt: tuple[str, ...], file: str | None, follow: bool, dry_run: bool, option: tuple[str, ...],
    headless: bool, targets: tuple[str, ...], targets_from: str | None, split: bool, **given: Any,
) -> int | None:  # fmt: skip
    """Create a task. PROMPT is the agent's prompt, or the command line of the agent shell; - reads stdin.

    On a terminal, without any of it, what is needed is asked for, and the last answers are offered. Of the
    agent shell, one word is a command line and several are a program and its arguments, as for run.
    """
    out = Out()
    if prompt == ("-",) and targets_from == "-":
        raise ParheliaError("E101", "the prompt and the targets cannot both come from standard input")
    said_all = prompt or file is not None or given["template"] is not None or targets_from == "-"
    asked = {} if said_all or not _can_ask() else task_questions.answers(out.client, given)
    given |= asked or {"prompt": _prompt(prompt, file, given["template"])}
    options = _agent_options(option) | ({"headless": True} if headless else {})
    more = {"targets": _targets(targets, targets_from), **({"split": True} if split else {})}
    fields, flags = request_fields({**given, **more, "agent_options": options})
    with as_typed(fields):
        request = out.client.request(fields, flags=flags)
        if request.agent == SHELL and len(prompt) > 1:
            # Which agent it is is known only now; to a shell, words without their quotes are another command.
            request = out.client.request({**fields, "prompt": shlex.join(prompt)}, flags=flags)
    if dry_run:
        place = out.client.placement(request)
        out.answer({**request.model_dump(), "placement": place}, lambda: _fine(request, place))
        return None
    made = out.client.create_task(request)
    if asked:
        task_questions.keep(out.client, asked)
    tell_of_links(request, made)
    tell_of_early_end(out, made)
    if made.network != "none":
        _warn_of_budgets(out)
    said = f"{made.id}  {made.title}" + (f"  ({several(made.parts, 'target')})" if made.is_group else "")
    if follow:
        from parhelia_tui.cli.task_watch import Following

        out.record(made, said)
        return Following(out, made.id).until_end()
    other = f"parhelia task results {made.id}" if made.is_group else f"parhelia attach {made.id}"
    out.answer(made, said, next_actions=[f"parhelia task watch {made.id}", other])
    return None


def _can_ask() -> bool:
    """Whether a person sits there: what a program reads is not mixed with questions."""
    return on_terminal(0, 2) and not MANNER.json


def _fine(request: TaskRequest, place: Choice | Refusal) -> str:
    said = f"fine: {request.shown_title} ({request.agent}); nothing was started"
    return "\n".join([said, place_in_words(place), *(f"  {one_line(each, 200)}" for each in request.targets)])


def _targets(named: tuple[str, ...], file: str | None) -> tuple[str, ...]:
    """The targets that were given, and those of a file, one a line. Raises E100, E101, E102."""
    if file is None:
        return named
    text = standard_input() if file == "-" else _text_of(file)
    # Not splitlines: a name of a file may hold what Unicode calls the end of a line.
    found = (*named, *(line.rstrip("\r") for line in text.split("\n") if line.strip()))
    if not found:
        raise ParheliaError("E102", f"{file!r} names no target")
    return found


def _warn_of_budgets(out: Out) -> None:
    from parhelia_tui.core.client.budgets import in_words

    for each in out.client.budgets.nearly_spent():
        click.echo(f"E301: the budget is nearly spent: {in_words(each)}", err=True)


def _prompt(words: tuple[str, ...], file: str | None, template: str | None) -> str | None:
    if file is not None and words:
        raise ParheliaError("E101", "a prompt and a file are given; one of them is enough")
    if file is not None:
        return _text_of(file)
    if not words and template is not None:
        # It may say the whole of it.
        return None
    if not words:
        raise ParheliaError(
            "E102",
            "a prompt is missing",
            recovery=('parhelia task create "PROMPT"', "parhelia task create --file FILE", "parhelia examples task"),
        )  # fmt: skip
    return standard_input() if words == ("-",) else " ".join(words)


def _text_of(file: str) -> str:
    try:
        return Path(file).read_bytes().decode()
    except OSError as error:
        raise ParheliaError("E101", f"{file!r} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, ValueError) as error:
        raise ParheliaError("E100", f"{file!r} is not UTF-8 text: {error}") from error


def _agent_options(given: tuple[str, ...]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for name, value in pairs(given, "option of an agent").items():
        try:
            options[name] = json.loads(value)
        except ValueError:
            # A word without quotes is a text.
            options[name] = value
    return options
