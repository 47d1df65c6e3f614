"""`parhelia checkpoint`: moments of a task's work that one can go back to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from parhelia_tui.cli.checkpoint_argument import argument
from parhelia_tui.cli.feedback import waiting
from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.cli.options import backend_option, completer, count_option, output_options, yes_option
from parhelia_tui.cli.output import Out, confirmed
from parhelia_tui.cli.tables import age, details, size, state, table
from parhelia_tui.core.model.checkpoint_page import about, moment
from parhelia_tui.core.model.display import several
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Checkpoint
from parhelia_tui.core.model.states import CheckpointState
from parhelia_tui.core.model.text import one_line

KEPT_NAMED = 5
"""So many paths that a rollback left alone are named."""

_COMPARE = "parhelia_tui.cli.checkpoint_compare"
_WORDS = "parhelia_tui.cli.checkpoint_words"
_STORE = "parhelia_tui.cli.checkpoint_store"
_LAZY = {
    "files": ("parhelia_tui.cli.checkpoint_files:files", "List what a checkpoint holds, name by name."),
    "diff": (
        f"{_COMPARE}:diff",
        "Compare a checkpoint with another one, or with the workspace as it is now.",
    ),
    "env-diff": (f"{_COMPARE}:env_diff", "Compare the versions and the agent of two checkpoints."),
    "protect": (f"{_WORDS}:protect", "Keep a checkpoint whatever its age; it cannot be deleted."),
    "unprotect": (f"{_WORDS}:unprotect", "Let a checkpoint be deleted again."),
    "tag": (
        f"{_WORDS}:tag",
        "Give a checkpoint these tags and no others; tagged ones are kept, and answer to their tags.",
    ),
    "note": (f"{_WORDS}:note", "Write a note on a checkpoint."),
    "verify": (
        f"{_STORE}:verify",
        "Read all that checkpoints hold and prove that it is whole; exit code 1 when something is damaged.",
    ),
    "gc": (
        f"{_STORE}:gc",
        "Free the space that no checkpoint needs; this also happens by itself, once an hour.",
    ),
}
_ORDER = (
    "create", "list", "show", "files", "diff", "env-diff", "restore", "rollback", "protect", "unprotect", "tag", "note",
    "delete", "verify", "gc",
)  # fmt: skip


@click.group(cls=LazyGroup, lazy=_LAZY, order=_ORDER)
def checkpoint() -> None:
    """Take checkpoints of tasks, compare them, and go back to them."""


@checkpoint.command()
@click.argument("what", metavar="TASK_OR_SESSION", shell_complete=completer("task"))
@click.option("--note", metavar="TEXT", default="", help="What it is good for.")
@click.option(
    "--tag", "tags", metavar="TAG", multiple=True, help="A name for it; repeatable. Tagged ones are kept."
)
@output_options
def create(what: str, note: str, tags: tuple[str, ...]) -> None:
    """Take a checkpoint of a task's workspace and its agent's talk; it stands still only for a moment."""
    out = Out()
    task = out.client.task_of(what)
    with waiting("taking a checkpoint") as progress:
        wanted = out.client.checkpoints.create(task, note=note, tags=tags)
        done = out.client.checkpoints.wait(wanted.id, progress.called)
    assert done is not None
    text = (
        f"{done.id}  {several(done.files, 'file')}, {size(done.bytes)}; {done.changed_files} changed, "
        f"{size(done.added_bytes)} added, {moment(done.took_s)}"
    )
    out.answer(
        done,
        "\n".join([text, *(f"not taken: {one_line(each)}" for each in done.skipped)]),
        next_actions=[f"parhelia checkpoint show {done.id}", f"parhelia checkpoint rollback {done.id}"],
    )


@checkpoint.command("list")
@click.argument("what", metavar="[TASK_OR_SESSION]", required=False, shell_complete=completer("task"))
@count_option("limit", 50, "At most so many.")
@output_options
def list_(what: str | None, limit: int) -> None:
    """List checkpoints, newest first."""
    out = Out()
    task = out.client.task_of(what) if what else None
    found = out.client.checkpoints.of(task, limit=limit)
    out.answer(found, lambda: _table(found))


def _table(found: list[Checkpoint]) -> str:
    rows = [
        [
            each.id,
            each.task_id,
            state(each.state) if each.state is not CheckpointState.READY else str(each.trigger),
            age(each.created_at),
            str(each.files),
            str(each.changed_files),
            size(each.added_bytes),
            " ".join([*(["protected"] if each.protected else []), *each.tags, each.note or each.reason]),
        ]
        for each in found
    ]
    return table(("ID", "TASK", "WHY", "AGE", "FILES", "CHANGED", "ADDED", "NOTE"), rows, 7)


@checkpoint.command()
@argument("name", "CHECKPOINT")
@output_options
def show(name: str) -> None:
    """Show one checkpoint: when and why, what it holds, the state of git and the versions of the tools."""
    out = Out()
    found = out.client.checkpoints.get(name)
    out.answer(found, lambda: _page(found), next_actions=[f"parhelia checkpoint diff {found.id}"])


def _page(found: Checkpoint) -> str:
    return details([(name, state(value) if name == "state" else value) for name, value in about(found)])


@checkpoint.command()
@argument("name", "CHECKPOINT")
@click.argument("directory", metavar="[DIRECTORY]", required=False, type=click.Path(file_okay=False))
@click.option(
    "--container", is_flag=True, help="In a new container, in which a task of its own goes on from it."
)
@backend_option
@output_options
def restore(name: str, directory: str | None, container: bool, backend: str | None) -> None:
    """Write a checkpoint's files into a new DIRECTORY, or start a new container that goes on from it."""
    out = Out()
    if container == (directory is not None):
        raise ParheliaError(
            "E102",
            "say where: a new directory, or --container",
            recovery=(f"parhelia checkpoint restore {name} DIRECTORY",),
        )
    if backend is not None and not container:
        raise ParheliaError(
            "E102",
            "--backend says where the new container is, so --container belongs to it",
            recovery=(f"parhelia checkpoint restore {name} --container --backend {backend}",),
        )
    found = out.client.checkpoints.get(name)
    if directory is None:
        task = out.client.checkpoints.fork(found, backend=backend)
        out.answer(task, task.id, next_actions=[f"parhelia attach {task.id}"])
        return
    with waiting("restoring") as progress:
        done = out.client.checkpoints.restore(found, Path(directory).absolute(), progress.stage)
    text = f"{several(done.files, 'file')}, {size(done.bytes)} in {one_line(directory, 4000)}"
    out.answer(
        {"directory": directory, "files": done.files, "bytes": done.bytes},
        text,
        next_actions=[f"parhelia shell --workspace {directory}"],
    )


@checkpoint.command()
@argument("name", "CHECKPOINT")
@yes_option
@output_options
def rollback(name: str, yes: bool) -> None:
    """Bring the task's workspace back to a checkpoint; as it is now is kept in a checkpoint before."""
    out = Out()
    found = out.client.checkpoints.get(name)
    if not yes:
        with waiting("comparing") as progress:
            lost = out.client.checkpoints.diff(found, None, progress.stage)
        count = len(lost.added) + len(lost.changed) + len(lost.deleted)
        if not count:
            out.answer(
                {"checkpoint_id": found.id, "safety_id": None}, "the workspace is as it was then already"
            )
            return
        go = several(len(lost.added), "file made since then goes", "files made since then go")
        confirmed(
            f"Bring {found.workspace} back to {found.id}, {age(found.created_at)} old? {go}, "
            f"{len(lost.changed)} become as they were, {len(lost.deleted)} return.",
            yes,
        )
    with waiting("rolling back"):
        done = out.client.checkpoints.roll_back(found)
    out.answer(
        done,
        f"the workspace is as it was at {found.id}; as it was before is {done['safety_id']}{_kept(done['kept'])}",
        next_actions=[f"parhelia checkpoint rollback {done['safety_id']}"],
    )


def _kept(paths: Sequence[str]) -> str:
    """Say what a rollback left alone; nothing where that is nothing."""
    if not paths:
        return ""
    named = ", ".join(one_line(path, 60) for path in paths[:KEPT_NAMED])
    more = f" and {len(paths) - KEPT_NAMED} more" if len(paths) > KEPT_NAMED else ""
    return f"\nleft as it is, because no checkpoint has it: {named}{more}"


@checkpoint.command()
@argument("name", "CHECKPOINT")
@yes_option
@output_options
def delete(name: str, yes: bool) -> None:
    """Delete a checkpoint; the workspace and other checkpoints stay as they are."""
    out = Out()
    found = out.client.checkpoints.get(name)
    confirmed(f"Delete {found.id}, {age(found.created_at)} old? It cannot be brought back.", yes)
    out.client.checkpoints.delete(found.id)
    out.answer({"id": found.id}, f"{found.id} is deleted", next_actions=["parhelia checkpoint gc"])
