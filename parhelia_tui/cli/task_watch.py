"""`parhelia task watch` and `logs`: following one task."""

from __future__ import annotations

import dataclasses
from functools import partial

import click

from parhelia_tui.cli.follow import Looking, output_until_end
from parhelia_tui.cli.lazy import Command
from parhelia_tui.cli.options import LEVELS, count_option, output_options, task_argument
from parhelia_tui.cli.output import Out
from parhelia_tui.cli.tables import event_line, state
from parhelia_tui.core.model.errors import Exit
from parhelia_tui.core.model.groups import single
from parhelia_tui.core.model.records import Event, Task
from parhelia_tui.core.model.states import TASK_SETTLED, TaskState
from parhelia_tui.core.model.text import one_line

EVENTS_A_LOOK = 1000
BYTES_A_LINE = 400
"""How much of a log is read for each line that is wanted; colour makes lines long."""


@dataclasses.dataclass(slots=True)
class Following:
    """Tells what happens to one task until it has ended.

    Args:
        types: only events of these types; all when empty.
        level: only events at least so severe.
        quiet: tell the end alone.
        after_seq: events after this number; None begins with what comes from now on.
    """

    out: Out
    task_id: str
    types: tuple[str, ...] = ()
    level: str = "info"
    quiet: bool = False
    after_seq: int | None = 0

    def until_end(self) -> int:
        """Follow the task; gives 0 only if it completed."""
        client, looking = self.out.client, Looking(self.out.client, printing=True)
        if self.after_seq is None:
            known = client.events(task_id=self.task_id, limit=1)
            self.after_seq = known[-1].seq if known else 0
        while True:
            # The state first: the event of an end is written together with it.
            found = client.task(self.task_id)
            self._events()
            if found.state in TASK_SETTLED:
                self._end(found)
                return int(Exit.OK if found.state is TaskState.COMPLETED else Exit.FAILURE)
            looking.pause()

    def _events(self) -> None:
        while True:
            found: list[Event] = self.out.client.events(
                task_id=self.task_id,
                after_seq=self.after_seq,
                types=self.types,
                least_level=self.level,
                limit=EVENTS_A_LOOK,
                oldest=True,
            )
            for event in found:
                self.after_seq = event.seq
                if not self.quiet:
                    self.out.record(event, partial(event_line, event))
            if len(found) < EVENTS_A_LOOK:
                return

    def _end(self, found: Task) -> None:
        self.out.record(found, f"{state(found.state)}  {found.title}{why(found)}")


def why(found: Task) -> str:
    """What a task waits for or why it ended, behind its title."""
    said = one_line(found.question or found.reason)
    return f"  {said}" if said else ""


@click.command(cls=Command)
@task_argument
@click.option("--events", "types", metavar="A,B", help="Only these types, as task.*,container.running.")
@click.option("--level", type=click.Choice(LEVELS), default="info", help="Only events at least so severe.")
@click.option("--quiet", "-q", is_flag=True, help="Only the end.")
@click.option("--from-start", is_flag=True, help="Begin with the first event.")
@output_options
def watch(task_id: str, types: str | None, level: str, quiet: bool, from_start: bool) -> int:
    """Follow a task to its end; the exit code is 0 only if it completed. With --json one object a line."""
    out = Out()
    found = out.client.task(task_id)
    if not from_start and not quiet and found.state not in TASK_SETTLED:
        out.record(found, f"{state(found.state)}  {found.title}{why(found)}")
    chosen = tuple(each.strip() for each in types.split(",") if each.strip()) if types else ()
    return Following(out, found.id, chosen, level, quiet, 0 if from_start else None).until_end()


@click.command(cls=Command)
@task_argument
@click.option("--follow", "-f", is_flag=True, help="Go on until the task has ended.")
@count_option("lines", 50, "The last so many.")
@output_options
def logs(task_id: str, follow: bool, lines: int) -> None:
    """Print what a task printed, without control sequences."""
    out = Out()
    found = single(out.client.task(task_id))
    if follow and found.state not in TASK_SETTLED:
        _follow_log(out, found.id, lines)
        return
    shown = out.client.log_tail(found.id, lines)
    out.answer({"task_id": found.id, "lines": shown}, "\n".join(shown))


def _follow_log(out: Out, task_id: str, lines: int) -> None:
    first = True
    for text in output_until_end(out.client, task_id, back=lines * BYTES_A_LINE, printing=True):
        said = "".join(text.splitlines(keepends=True)[-lines:]) if first else text
        first = False
        if out.json_wanted:
            out.record({"text": said}, "")
        else:
            click.echo(said, nl=False)
