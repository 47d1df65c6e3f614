"""`parhelia approval`: what agents wait for, and the answers."""

from __future__ import annotations

import click

from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.cli.options import completer, count_option, output_options
from parhelia_tui.cli.output import Out, plain_data
from parhelia_tui.cli.tables import age, details, state, table
from parhelia_tui.core.model.asking import lines_of, question_of
from parhelia_tui.core.model.records import Approval, Task
from parhelia_tui.core.model.states import ApprovalState, TaskState
from parhelia_tui.core.model.text import one_line

NEWEST = 50


@click.group(cls=LazyGroup, order=("list", "show", "approve", "deny"))
def approval() -> None:
    """See what agents wait for, and answer: may a tool run, which way to go, is a plan right."""


_which = click.argument(
    "names", metavar="APPROVAL_OR_TASK...", nargs=-1, required=True, shell_complete=completer("approval")
)


@approval.command("list")
@click.option("--all", "everything", is_flag=True, help="Answered ones too.")
@count_option("limit", NEWEST, "With --all at most so many, the newest.")
@click.option("--task", "what", metavar="TASK", help="Only of this task.", shell_complete=completer("task"))
@output_options
def list_(everything: bool, limit: int, what: str | None) -> None:
    """List what waits for you, oldest first."""
    out = Out()
    door = out.client.approvals
    task = out.client.task_of(what) if what else None
    found = door.listed(task=task, limit=limit) if everything else door.waiting(task)
    out.answer(
        found,
        lambda: _table(found) if found else _nothing(out, task),
        next_actions=[f"parhelia approval approve {found[0].id}"] if found and not everything else [],
    )


def _nothing(out: Out, task: Task | None) -> str:
    """Who asks in a terminal of its own is answered there."""
    asking = [task] if task else out.client.tasks(states=(TaskState.WAITING,))
    named = [each.id for each in asking if each.state is TaskState.WAITING]
    if not named:
        return "nothing waits for you"
    others = (
        f" and {len(named) - 1} more ask in their terminals" if len(named) > 1 else " asks in its terminal"
    )
    return f"no approval waits; {named[0]}{others}: parhelia attach {named[0]}"


def _table(found: list[Approval]) -> str:
    rows = [
        [
            each.id,
            each.task_id,
            state(each.state),
            age(each.created_at),
            question_of(each.kind, each.tool, each.input, each.message),
            each.answered_by,
        ]
        for each in found
    ]
    return table(("ID", "TASK", "STATE", "AGE", "ASKS", "BY"), rows, 4)


@approval.command()
@click.argument("name", metavar="APPROVAL", shell_complete=completer("approval"))
@output_options
def show(name: str) -> None:
    """Show one approval: what is asked in full, and how it was answered."""
    out = Out()
    found = out.client.approvals.get(name)
    rules = out.client.approvals.rules(out.client.task(found.task_id))
    out.answer(
        {**plain_data(found), "always_allowed": [rule for rule, _ in rules]},
        lambda: _page(found, rules),
        next_actions=[f"parhelia approval approve {found.id}", f"parhelia approval deny {found.id}"]
        if found.state is ApprovalState.PENDING
        else [],
    )


def _page(found: Approval, rules: list[tuple[str, str]]) -> str:
    page = details(
        [
            ("id", found.id),
            ("task", f"{found.task_id}, attempt {found.attempt}"),
            ("state", state(found.state)),
            ("kind", str(found.kind)),
            ("tool", found.tool),
            ("asked", f"{age(found.created_at)} ago"),
            ("answer", found.decision + (", always" if found.always else "")),
            ("by", f"{found.answered_by} ({found.source})" if found.answered_by else found.source),
            ("why", found.reason),
            *((one_line(question, 60), answer) for question, answer in found.answers.items()),
            *(("always", f"{one_line(rule)} (by {who})") for rule, who in rules),
        ]
    )
    return "\n\n".join([page, "\n".join(lines_of(found))])


@approval.command()
@_which
@click.option("--always", is_flag=True, help="Allow what is alike without a question, in its task.")
@click.option(
    "--answer", "answers", metavar="TEXT", multiple=True,
    help="To a question: a text, or the number of an answer; one for each question.",
)  # fmt: skip
@click.option("--reason", metavar="TEXT", default="", help="Why; the agent is told.")
@output_options
def approve(names: tuple[str, ...], always: bool, answers: tuple[str, ...], reason: str) -> None:
    """Let agents go on: by approval, or all that a task waits for."""
    _answer(names, "allow", reason=reason, always=always, answers=answers)


@approval.command()
@_which
@click.option("--reason", metavar="TEXT", default="", help="Why, or what to do instead; the agent is told.")
@output_options
def deny(names: tuple[str, ...], reason: str) -> None:
    """Refuse what agents ask: by approval, or all that a task waits for."""
    _answer(names, "deny", reason=reason)


def _answer(
    names: tuple[str, ...],
    decision: str,
    *,
    reason: str,
    always: bool = False,
    answers: tuple[str, ...] = (),
) -> None:
    out = Out()
    door = out.client.approvals
    # All are found before the first is answered, so that a typo answers nothing.
    found = {each.id: each for name in names for each in door.find(name)}
    for each in found:
        door.answer(each, decision, reason=reason, always=always, answers=answers)
    done = [door.wait(each) for each in found]
    out.answer(
        done,
        "\n".join(
            f"{each.id} {_became(each)}: {question_of(each.kind, each.tool, each.input, each.message)}"
            for each in done
        ),
    )


def _became(answered: Approval) -> str:
    """What became of an answer, in words."""
    if answered.state is not ApprovalState.PENDING:
        return str(answered.state)
    return f"{answered.decision}, told as its task goes on in another container"
