"""`parhelia checkpoint`: moments of a task's work that one can go back to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from parhelia_tui.cli.feedback import waiting
from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.cli.options import completer, count_option, output_options, yes_option
from parhelia_tui.cli.output import Out, confirmed
from parhelia_tui.cli.tables import age, details, length, money, size, state, styled, table
from parhelia_tui.core.model.errors import Exit, ParheliaError
from parhelia_tui.core.model.records import Checkpoint
from parhelia_tui.core.model.states import CheckpointState
from parhelia_tui.core.model.text import one_line, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from parhelia_tui.core.checkpoints.diff import Diff, Difference

NOW = "now"
_ORDER = (
    "create", "list", "show", "diff", "env-diff", "restore", "rollback", "protect", "unprotect", "tag", "note",
    "delete", "verify", "gc",
)  # fmt: skip


@click.group(cls=LazyGroup, order=_ORDER)
def checkpoint() -> None:
    """Take checkpoints of tasks, compare them, and go back to them."""


def _argument(name: str, metavar: str, *, required: bool = True) -> Callable[..., Callable[..., object]]:
    return click.argument(name, metavar=metavar, required=required, shell_complete=completer("checkpoint"))


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
        f"{done.id}  {done.files} files, {size(done.bytes)}; {done.changed_files} changed, "
        f"{size(done.added_bytes)} added, {_moment(done.took_s)}"
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
@_argument("name", "CHECKPOINT")
@output_options
def show(name: str) -> None:
    """Show one checkpoint: when and why, what it holds, the state of git and the versions of the tools."""
    out = Out()
    found = out.client.checkpoints.get(name)
    out.answer(found, lambda: _page(found), next_actions=[f"parhelia checkpoint diff {found.id}"])


def _moment(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 10 else length(seconds)


def _page(found: Checkpoint) -> str:
    git = found.git
    where = git.get("branch") or "no branch"
    standing = f"{where} at {str(git.get('head') or 'no commit')[:12]}" if git else ""
    changes = ", ".join(
        f"{git[name]} {name}" for name in ("staged", "unstaged", "untracked", "stashes") if git.get(name)
    )
    lines = [
        ("id", found.id),
        ("task", f"{found.task_id}, attempt {found.attempt}"),
        ("state", state(found.state)),
        ("reason", found.reason),
        ("trigger", str(found.trigger)),
        ("taken", f"{age(found.created_at)} ago"),
        ("parent", found.parent or ""),
        ("workspace", found.workspace),
        ("files", f"{found.files}, {size(found.bytes)}"),
        ("changed", f"{found.changed_files} files, {size(found.added_bytes)} added to the store"),
        ("stood still", f"{_moment(found.pause_s)} of {_moment(found.took_s)}"),
        ("talk", "kept" if found.conversation else "none"),
        ("git", standing),
        ("changes", changes),
        ("tokens", f"{found.input_tokens} in, {found.output_tokens} out"),
        ("cost", money(found.cost_usd) if found.cost_usd is not None else ""),
        ("tags", " ".join(found.tags)),
        ("note", found.note),
        ("protected", "yes" if found.protected else ""),
        *((f"{name}", str(value)) for name, value in found.environment.items()),
        *(("not taken", each) for each in found.skipped),
    ]
    return details(lines)


@checkpoint.command()
@_argument("before", "BEFORE")
@_argument("after", "[AFTER]", required=False)
@click.option("--file", "path", metavar="PATH", help="Show what changed in this file, line by line.")
@output_options
def diff(before: str, after: str | None, path: str | None) -> None:
    """Compare a checkpoint with another one, or with the workspace as it is now."""
    out = Out()
    first = out.client.checkpoints.get(before)
    second = None if after in (None, NOW) else out.client.checkpoints.get(after or "")
    if path is not None:
        _file_diff(out, first, second, path)
        return
    with waiting("comparing") as progress:
        found = out.client.checkpoints.diff(first, second, progress.stage)
    out.answer(_plain_diff(found), lambda: _diff_text(found))


def _file_diff(out: Out, first: Checkpoint, second: Checkpoint | None, path: str) -> None:
    found = out.client.checkpoints.text_diff(first, second, path)
    said = found.text or ""
    if found.binary:
        said = "it is not text"
    elif found.too_big:
        said = "it is too big to be compared line by line"
    out.answer(
        found, lambda: "\n".join(_coloured(line) for line in plain(said).splitlines()) or "no difference"
    )


def _coloured(line: str) -> str:
    colours = {"+": "green", "-": "red", "@": "cyan"}
    return click.style(line, fg=colours.get(line[:1]))


def _plain_diff(found: Diff) -> dict[str, list[dict[str, object]]]:
    def plain_one(each: Difference) -> dict[str, object]:
        sides = [side for side in (each.after, each.before) if side is not None]
        return {
            "path": one_line(each.path, 4000),
            "kind": sides[0].kind,
            "before_bytes": each.before.size if each.before else None,
            "after_bytes": each.after.size if each.after else None,
        }

    return {
        name: [plain_one(each) for each in getattr(found, name)] for name in ("added", "changed", "deleted")
    }


def _diff_text(found: Diff) -> str:
    lines = []
    for sign, colour, differences in (
        ("A", "green", found.added),
        ("M", "yellow", found.changed),
        ("D", "red", found.deleted),
    ):
        for each in differences:
            before, after = (side.size if side else 0 for side in (each.before, each.after))
            grown = f"{after - before:+,} bytes" if after != before else ""
            lines.append(f"{styled(sign, fg=colour)} {one_line(each.path, 4000)}  {grown}".rstrip())
    return "\n".join(lines) or "no difference"


@checkpoint.command("env-diff")
@_argument("before", "BEFORE")
@_argument("after", "AFTER")
@output_options
def env_diff(before: str, after: str) -> None:
    """Compare the versions and the agent of two checkpoints."""
    out = Out()
    first, second = (out.client.checkpoints.get(each).environment for each in (before, after))
    found = {
        name: {"before": first.get(name), "after": second.get(name)}
        for name in sorted({*first, *second})
        if first.get(name) != second.get(name)
    }
    rows = [[name, str(each["before"] or "–"), str(each["after"] or "–")] for name, each in found.items()]
    out.answer(found, lambda: table(("NAME", "BEFORE", "AFTER"), rows) if rows else "no difference")


@checkpoint.command()
@_argument("name", "CHECKPOINT")
@click.argument("directory", metavar="[DIRECTORY]", required=False, type=click.Path(file_okay=False))
@click.option(
    "--container", is_flag=True, help="In a new container, in which a task of its own goes on from it."
)
@output_options
def restore(name: str, directory: str | None, container: bool) -> None:
    """Write a checkpoint's files into a new DIRECTORY, or start a new container that goes on from it."""
    out = Out()
    if container == (directory is not None):
        raise ParheliaError(
            "E102",
            "say where: a new directory, or --container",
            recovery=(f"parhelia checkpoint restore {name} DIRECTORY",),
        )
    found = out.client.checkpoints.get(name)
    if directory is None:
        task = out.client.checkpoints.fork(found)
        out.answer(task, task.id, next_actions=[f"parhelia attach {task.id}"])
        return
    with waiting("restoring") as progress:
        done = out.client.checkpoints.restore(found, Path(directory).absolute(), progress.stage)
    text = f"{done.files} files, {size(done.bytes)} in {one_line(directory, 4000)}"
    out.answer(
        {"directory": directory, "files": done.files, "bytes": done.bytes},
        text,
        next_actions=[f"parhelia shell --workspace {directory}"],
    )


@checkpoint.command()
@_argument("name", "CHECKPOINT")
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
        confirmed(
            f"Bring {found.workspace} back to {found.id}, {age(found.created_at)} old? {len(lost.added)} files made "
            f"since then go, {len(lost.changed)} become as they were, {len(lost.deleted)} return.",
            yes,
        )
    with waiting("rolling back"):
        done = out.client.checkpoints.roll_back(found)
    out.answer(
        done,
        f"the workspace is as it was at {found.id}; as it was before is {done['safety_id']}",
        next_actions=[f"parhelia checkpoint rollback {done['safety_id']}"],
    )


class _Words(TypedDict, total=False):
    note: str
    tags: Sequence[str]
    protected: bool


def _say_of(name: str, how: str, **words: Unpack[_Words]) -> None:
    out = Out()
    found = out.client.checkpoints.get(name)
    done = out.client.checkpoints.describe(found.id, **words)
    out.answer(done, f"{done.id} {how}")


@checkpoint.command()
@_argument("name", "CHECKPOINT")
@output_options
def protect(name: str) -> None:
    """Keep a checkpoint whatever its age; it cannot be deleted."""
    _say_of(name, "is protected", protected=True)


@checkpoint.command()
@_argument("name", "CHECKPOINT")
@output_options
def unprotect(name: str) -> None:
    """Let a checkpoint be deleted again."""
    _say_of(name, "is not protected any more", protected=False)


@checkpoint.command()
@_argument("name", "CHECKPOINT")
@click.argument("tags", metavar="[TAG]...", nargs=-1)
@output_options
def tag(name: str, tags: tuple[str, ...]) -> None:
    """Give a checkpoint these tags and no others; tagged ones are kept, and answer to their tags."""
    _say_of(name, f"is tagged {', '.join(tags)}" if tags else "has no tags", tags=tags)


@checkpoint.command()
@_argument("name", "CHECKPOINT")
@click.argument("text", metavar="[TEXT]...", nargs=-1)
@output_options
def note(name: str, text: tuple[str, ...]) -> None:
    """Write a note on a checkpoint."""
    _say_of(name, "has this note" if text else "has no note", note=" ".join(text))


@checkpoint.command()
@_argument("name", "CHECKPOINT")
@yes_option
@output_options
def delete(name: str, yes: bool) -> None:
    """Delete a checkpoint; the workspace and other checkpoints stay as they are."""
    out = Out()
    found = out.client.checkpoints.get(name)
    confirmed(f"Delete {found.id}, {age(found.created_at)} old? It cannot be brought back.", yes)
    out.client.checkpoints.delete(found.id)
    out.answer({"id": found.id}, f"{found.id} is deleted", next_actions=["parhelia checkpoint gc"])


@checkpoint.command()
@click.argument("names", metavar="[CHECKPOINT]...", nargs=-1, shell_complete=completer("checkpoint"))
@output_options
def verify(names: tuple[str, ...]) -> int:
    """Read all that checkpoints hold and prove that it is whole; exit code 1 when something is damaged."""
    out = Out()
    door = out.client.checkpoints
    chosen = [door.get(each) for each in names] or [
        each for each in door.of() if each.state is CheckpointState.READY
    ]
    with waiting("reading checkpoints") as progress:
        found = door.verify(chosen, progress.stage)
    lines = [
        f"{name or 'the store'}: {one_line(problem.what)} {one_line(problem.path or '', 500)}".rstrip()
        for name, problems in found.items()
        for problem in problems
    ]
    out.answer(
        {"checked": [each.id for each in chosen], "problems": lines},
        "\n".join(lines) or f"{len(chosen)} checkpoints are whole",
    )
    return int(Exit.FAILURE if lines else Exit.OK)


@checkpoint.command()
@output_options
def gc() -> None:
    """Free the space that no checkpoint needs; this also happens by itself, once an hour."""
    out = Out()
    with waiting("freeing space"):
        done = out.client.checkpoints.collect()
        left = out.client.checkpoints.statistics()
    text = f"{size(int(done['freed_bytes']))} freed; {left.trees} states take {size(left.packed_bytes)}"
    out.answer({**done, "packed_bytes": left.packed_bytes, "unpacked_bytes": left.unpacked_bytes}, text)
