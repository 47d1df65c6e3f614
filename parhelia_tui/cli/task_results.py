"""`parhelia task results`: what became of a task and of each of its targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from parhelia_tui.cli.lazy import Command
from parhelia_tui.cli.options import output_options, task_argument
from parhelia_tui.cli.output import Out
from parhelia_tui.cli.tables import details, length, money, state, styled, table
from parhelia_tui.core.model.errors import Exit, ParheliaError
from parhelia_tui.core.model.states import TASK_SETTLED, TaskState
from parhelia_tui.core.model.text import one_line

if TYPE_CHECKING:
    from parhelia_tui.core.client.compared import Difference
    from parhelia_tui.core.client.results import Result, Results

NAMES_SHOWN = 10


@click.command(cls=Command)
@task_argument
@click.option(
    "--lines",
    type=click.IntRange(0, 10_000),
    default=20,
    show_default=True,
    metavar="N",
    help="The last so many lines that each target printed.",
)
@click.option(
    "--branch",
    is_flag=False,
    flag_value="",
    default=None,
    metavar="[NAME]",
    help="Bring what it made into your git repository as a branch, parhelia/TASK if it has no name.",
)
@click.option("--ignored", is_flag=True, help="With --branch: also files that .gitignore names.")
@output_options
def results(task_id: str, lines: int, branch: str | None, ignored: bool) -> int:  # fmt: skip
    """Show what became of a task and of each of its targets; the exit code is 0 only if all completed.

    With --branch: bring what it made into your git repository as a branch; your files, index and HEAD stay.
    """
    out = Out()
    if branch is not None:
        from parhelia_tui.cli.task_branch import bring

        return bring(out, out.client.task(task_id), branch, ignored=ignored)
    if ignored:
        raise ParheliaError("E100", "--ignored goes with --branch")
    found = out.client.whole_results(out.client.task(task_id), lines)
    again = [f"parhelia task retry {found.task_id}"] if found.failures and found.state in TASK_SETTLED else []
    open_still = [f"parhelia task watch {found.task_id}"] if found.state not in TASK_SETTLED else []
    out.answer(found, lambda: _page(found), next_actions=[*open_still, *again], cost_usd=found.cost_usd)
    return int(Exit.OK if found.state is TaskState.COMPLETED else Exit.FAILURE)


def _page(found: Results) -> str:
    head = details(
        [
            (found.task_id, styled(found.title, bold=True)),
            ("state", state(found.state)),
            ("why", found.reason),
            ("done", f"{found.done} of {found.total}"),
            ("cost", f"{money(found.cost_usd)}, {found.input_tokens} tokens in, {found.output_tokens} out"),
            ("took", "" if found.seconds is None else length(found.seconds)),
        ]
    )
    rows = [
        [
            each.target or each.title,
            each.task_id,
            state(each.state),
            "-" if each.exit_code is None else str(each.exit_code),
            each.backend,
            money(each.cost_usd),
            "-" if each.files is None else str(each.files.count),
            each.reason,
        ]
        for each in found.results
    ]
    columns = ("TARGET", "TASK", "STATE", "CODE", "WHERE", "COST", "FILES", "WHY")
    return "\n\n".join([head, table(columns, rows, 7), *filter(None, map(_of_one, found.results))])


def _of_one(result: Result) -> str:
    """What one target left: the files that differ, and what it printed last."""
    said = [f"  {one_line(line, 500)}" for line in result.output]
    changed = _names(result.files) if result.files else []
    if not said and not changed:
        return ""
    name = styled(result.target or result.title, bold=True)
    where = [f"  in {one_line(result.place, 500)}"] if changed else []
    return "\n".join([f"{name}  {state(result.state)}", *where, *changed, *said])


def _names(files: Difference) -> list[str]:
    named = [
        f"  {sign} {one_line(name, 500)}"
        for sign, names in (("+", files.added), ("~", files.changed), ("-", files.removed))
        for name in names
    ]
    left = len(named) - NAMES_SHOWN + files.more
    return [*named[:NAMES_SHOWN], *([f"  and {left} more"] if left > 0 else [])]
