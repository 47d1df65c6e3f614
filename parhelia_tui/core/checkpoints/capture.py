"""A checkpoint made of a workspace, most of it while the agent goes on working."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from parhelia_tui.core.checkpoints import stat_cache
from parhelia_tui.core.checkpoints.bounds import NAMES_LIMIT
from parhelia_tui.core.checkpoints.changes import count_files
from parhelia_tui.core.checkpoints.content import attributes
from parhelia_tui.core.checkpoints.folder import Folder
from parhelia_tui.core.checkpoints.intake import Intake
from parhelia_tui.core.checkpoints.manifest import Entry
from parhelia_tui.core.checkpoints.progress import Progress, Teller, quiet
from parhelia_tui.core.checkpoints.repository import Repository, reporting
from parhelia_tui.core.checkpoints.scan import Scan
from parhelia_tui.core.checkpoints.stat_cache import Remembered
from parhelia_tui.core.checkpoints.tree import Tree, make_tree
from parhelia_tui.core.checkpoints.watch import Watch
from parhelia_tui.core.checkpoints.workspace import open_workspace, too_many, workspace_rules
from parhelia_tui.core.checkpoints.writing import write_listings

Pause = Callable[[], AbstractContextManager[object]]

_ROUNDS = 4
"""How often what changed is taken again before the agent is paused."""

_FEW = 32
"""With so few names touched, the pause is short enough."""

_SKIPPED_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Skipped:
    """What is no part of a checkpoint though no rule says so."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Capture:
    """A checkpoint that exists.

    Attributes:
        tree: its name in the store; the same state of a workspace has the same name.
        files: names of files and symbolic links.
        bytes: what they hold.
        changed: names of files that were added, changed or deleted since the tree before; all where there was none.
        added_bytes: what the store grew by.
        paused_s: how long the agent stood still.
        skipped: the first thousand of what could not be taken.
        ignored: how many names the rules left out.
        unsettled: files that were still being written when they were taken for the last time; empty after a true pause.
        watched: the kernel told of all changes; otherwise the pause held a second walk over everything.
    """

    tree: str
    files: int
    bytes: int
    changed: int
    added_bytes: int
    paused_s: float
    skipped: tuple[Skipped, ...]
    ignored: int
    unsettled: tuple[str, ...]
    watched: bool


def now(act: Callable[[], None]) -> None:
    """Do it at once."""
    act()


def capture(
    repository: Repository,
    source: Path,
    previous: str | None = None,
    *,
    ignore: Sequence[str] = (),
    progress: Progress = quiet,
    pause: Pause = nullcontext,
    processes: int = 1,
    later: Callable[[Callable[[], None]], None] = now,
) -> Capture:
    """Make a checkpoint; it exists whole when this returns, and not at all when it raises.

    Args:
        repository: where it goes.
        source: the workspace.
        previous: a tree to count changes against; it need not be there any more.
        ignore: lines in gitignore's syntax that come before those of the workspace's own file.
        progress: is told where this is; what it raises ends it.
        pause: makes a context manager within which the agent stands still.
        processes: how many may look for what changed and read what is new; more than one only where this process has
            no other threads.
        later: takes what is left to do when the checkpoint is there: to let go of what watched for changes, and to
            write down what was seen. Somebody who waits may be told first.

    Raises:
        ParheliaError: E204 when the workspace is not there or no directory; E600 when it cannot be stored.
    """
    source = Path(os.path.abspath(source))
    with repository.locked(), reporting("make the checkpoint"), open_workspace(source) as opened:
        rules = workspace_rules(opened, ignore)
        cached = stat_cache.load(repository, source, rules.key)
        intake = Intake(repository.packs, repository.objects)
        hasher = intake.hasher
        watch = Watch()
        try:
            scan = Scan(repository.objects, hasher, rules, watch, Teller(progress), processes, intake)
            top = scan.top(opened, cached.top if cached else None)
            for _ in range(_ROUNDS):
                touched = _touched(scan, watch)
                if not watch.complete or sum(map(len, touched.values())) <= _FEW:
                    break
                top = scan.again(opened, top, touched)
                touched = {}
            with pause():
                started = time.monotonic()
                watched = watch.complete
                touched = _merged(touched, _touched(scan, watch))
                if not watch.complete:
                    watched = False
                    top = scan.top(opened, top)
                    touched = _touched(scan, watch)
                if touched:
                    top = scan.again(opened, top, touched)
                status = os.fstat(opened)
                xattrs = attributes(opened)
                paused = time.monotonic() - started
            progress("storing", 0, 0)
            same = cached if not scan.changed else None
            listing = write_listings(top, scan.changed, repository.objects, hasher.listing)
            tree = _tree(_counts(repository, same, top), listing, status, xattrs)
            intake.finish()
            repository.publish(tree)
        except BaseException:
            intake.abandon()
            raise
        finally:
            repository.objects.let_go()
            later(watch.close)
        if cached is not None and cached.tree == tree.name and not scan.changed:
            repository.remembered = cached
        else:
            later(partial(stat_cache.save, repository, source, rules.key, tree.name, top))
        return Capture(
            tree.name,
            tree.files,
            tree.bytes,
            _count(repository, previous, tree),
            intake.written,
            paused,
            _skipped(top),
            tree.ignored,
            tuple(
                sorted(
                    f"{path}/{name}" if path else name
                    for path, names in scan.unsettled().items()
                    for name in names
                )
            ),
            watched,
        )


def _touched(scan: Scan, watch: Watch) -> Mapping[str, set[str]]:
    return _merged(scan.unsettled(), watch.touched())


def _merged(one: Mapping[str, set[str]], other: Mapping[str, set[str]]) -> Mapping[str, set[str]]:
    return {path: one.get(path, set()) | other.get(path, set()) for path in {*one, *other}}


def _counts(repository: Repository, same: Remembered | None, top: Folder) -> tuple[int, int, int]:
    """Give how many files there are, their bytes, and how many names the rules left out."""
    if same is not None:
        before = repository.tree(same.tree)
        return before.files, before.bytes, before.ignored
    files = size = ignored = names = 0
    for folder in top.all():
        names += len(folder.names)
        files += folder.files
        size += folder.size
        ignored += len(folder.ignored)
    if names > NAMES_LIMIT:
        raise too_many()
    return files, size, ignored


def _tree(
    counts: tuple[int, int, int], listing: bytes, status: os.stat_result, xattrs: Mapping[str, bytes]
) -> Tree:
    mode = stat.S_IFDIR | stat.S_IMODE(status.st_mode)
    top = Entry(".", mode, status.st_mtime_ns, 0, status.st_uid, status.st_gid, listing, xattrs=xattrs)
    return make_tree(top, *counts)


def _skipped(top: Folder) -> tuple[Skipped, ...]:
    found: list[Skipped] = []
    if not any(folder.skipped for folder in top.all()):
        return ()
    for path, folder in top.walk():
        for name, reason in folder.skipped.items():
            found.append(Skipped(f"{path}/{name}" if path else name, reason))
            if len(found) == _SKIPPED_LIMIT:
                return tuple(found)
    return tuple(found)


def _count(repository: Repository, previous: str | None, tree: Tree) -> int:
    if previous is None or not repository.has_tree(previous):
        return tree.files
    if previous == tree.name:
        return 0
    # The new objects are in packs that are seen by a refresh alone. What was read stays: gc waits.
    repository.objects.index.refresh()
    before = repository.tree(previous)
    return count_files(repository.objects.listing, before.top.content, tree.top.content)
