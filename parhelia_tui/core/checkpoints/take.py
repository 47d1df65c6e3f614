"""Taking a checkpoint: the workspace, the agent's talk, the state of git and the versions of the tools."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from parhelia_tui.core.checkpoints.capture import Capture, capture
from parhelia_tui.core.checkpoints.files import directory
from parhelia_tui.core.checkpoints.git_state import git_state
from parhelia_tui.core.checkpoints.jobs import Subject, Taken
from parhelia_tui.core.checkpoints.progress import Progress, quiet
from parhelia_tui.core.checkpoints.repository import Repository
from parhelia_tui.core.checkpoints.still import Container
from parhelia_tui.core.checkpoints.stores import Stores
from parhelia_tui.core.model.text import one_line

Hold = Callable[[], contextlib.AbstractContextManager[object]]

SKIPPED_NAMED = 50
TOOLS = ("git", "node", "python3")
TOOL_S = 5.0


def take(stores: Stores, subject: Subject, progress: Progress, hold: Hold | None = None) -> Taken:
    """Take a checkpoint; the container stands still only while its last changes are read.

    Args:
        stores: where it goes.
        hold: makes a context manager within which the container stands still; its supervisor is asked where not given.

    Raises:
        ParheliaError: E204 where there is no workspace, E600.
    """
    hold = hold or Container(subject.supervisor).held
    began = time.monotonic()
    tools = {name: _ask_version(name) for name in TOOLS}
    state = git_state(subject.workspace)
    # Once before and once while all stands still: the second time nearly nothing is new.
    talk = _talk(stores.talks, subject, subject.previous_conversation, _of_talk(progress))

    @contextlib.contextmanager
    def pause() -> Iterator[None]:
        nonlocal talk
        with hold():
            talk = _talk(stores.talks, subject, talk.tree if talk else "")
            yield

    got = capture(
        stores.workspaces,
        subject.workspace,
        subject.previous or None,
        ignore=subject.ignore,
        progress=progress,
        pause=pause,
        processes=stores.processes,
        later=stores.later,
    )
    skipped = [f"{one_line(each.path, 200)}: {each.reason}" for each in got.skipped]
    skipped += [f"{one_line(path, 200)}: it was still being written" for path in got.unsettled]
    if len(skipped) > SKIPPED_NAMED:
        skipped[SKIPPED_NAMED:] = [f"and {len(skipped) - SKIPPED_NAMED} more"]
    return Taken(
        tree=got.tree,
        conversation=talk.tree if talk else "",
        files=got.files,
        bytes=got.bytes,
        changed_files=got.changed,
        added_bytes=got.added_bytes + (talk.added_bytes if talk else 0),
        skipped=skipped,
        pause_s=round(got.paused_s, 4),
        took_s=round(time.monotonic() - began, 4),
        git=dataclasses.asdict(state) if state else {},
        environment={name: version for name, asked in tools.items() if (version := _version(asked))},
    )


def _of_talk(progress: Progress) -> Progress:
    return lambda stage, done, total: progress(f"the talk: {stage}", done, total)


def _talk(
    repository: Repository, subject: Subject, previous: str, progress: Progress = quiet
) -> Capture | None:
    """Take the agent's talk.

    The home is the agent's own, so it may put a link to somewhere else in the place of any directory, also
    between two looks: each step on the way is opened from the one before, and links are not followed.
    """
    if subject.home is None or not subject.talk:
        return None
    try:
        with contextlib.ExitStack() as opened:
            place = opened.enter_context(directory(str(subject.home)))
            for step in Path(subject.talk).parts:
                place = opened.enter_context(directory(step, place))
            return capture(repository, Path(f"/proc/self/fd/{place}"), previous or None, progress=progress)
    except OSError:
        # It has not begun to talk, or keeps no directory there.
        return None


def _ask_version(tool: str) -> subprocess.Popen[bytes] | None:
    # The system inside is this machine's, so what is here is there.
    path = shutil.which(tool)
    if path is None:
        return None
    return subprocess.Popen(
        [path, "--version"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )


def _version(asked: subprocess.Popen[bytes] | None) -> str:
    if asked is None:
        return ""
    try:
        said, _ = asked.communicate(timeout=TOOL_S)
    except subprocess.TimeoutExpired:
        asked.kill()
        asked.communicate()
        return ""
    words = said.decode("utf-8", "replace").split()
    return one_line(words[-1] if words else "", 60)
