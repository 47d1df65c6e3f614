"""Writing a commit into objects of ours, out of files that are read as they are sent (git-fast-import(1))."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from parhelia_tui.core.branches.compare import Differing, read
from parhelia_tui.core.branches.git import AUTHOR, EMAIL, Git
from parhelia_tui.core.branches.rules import AS_IT_IS
from parhelia_tui.core.branches.walk import LINK, LeftOut
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line

ALL_MOST = 4 << 30
"""Bytes of all files that differ."""
_REF = "refs/heads/made"


def write_commit(
    git: Git, start: str, opened: int, prefix: str, found: Differing, message: str, at: float
) -> str:
    """Write one commit on top of another; what cannot be read any more is told of in `found.left_out`.

    Args:
        start: what it stands on.
        opened: descriptor of the workspace.
        prefix: where that lies in the repository.
        found: what differs.
        at: epoch seconds.

    Returns:
        Its name.

    Raises:
        ParheliaError: E500 when git does not take it, E507 for too much.
    """
    with tempfile.TemporaryFile() as wrong:
        running = git.start("fast-import", "--quiet", "--done", wrong=wrong.fileno())
        assert running.stdin is not None
        try:
            with running.stdin as stream:
                marks = _send_files(stream, opened, prefix, found)
                _send_commit(stream, start, found, marks, message, at)
        except BrokenPipeError:
            pass
        finally:
            code = _end(running)
        if code != 0:
            wrong.seek(0)
            said = wrong.read(4000).decode("utf-8", "replace").strip().splitlines() or [f"code {code}"]
            raise ParheliaError("E500", f"git does not take the files: {one_line(said[0], 300)}")
    return git.run("rev-parse", "--verify", _REF).decode().strip()


def _end(running: subprocess.Popen[bytes]) -> int:
    try:
        return running.wait(60)
    except subprocess.TimeoutExpired:
        running.kill()
        return running.wait()


def _send_files(stream: IO[bytes], opened: int, prefix: str, found: Differing) -> dict[str, int]:
    """Send all contents; give the number of each by path."""
    marks: dict[str, int] = {}
    left = ALL_MOST
    within = f"{prefix}/" if prefix else ""
    for path, mode in {**found.added, **found.changed}.items():
        data = read(opened, path.removeprefix(within), mode)
        if isinstance(data, str):
            found.left_out.append(LeftOut(path, data))
            continue
        left -= len(data)
        if left < 0:
            raise ParheliaError("E507", f"the files that differ hold more than {ALL_MOST >> 30} GB")
        if mode != LINK:
            data = found.forms.get(path, AS_IT_IS).stored(data)
        marks[path] = len(marks) + 1
        stream.write(b"blob\nmark :%d\n" % marks[path] + b"data %d\n" % len(data))
        stream.write(data)
        stream.write(b"\n")
    return marks


def _send_commit(
    stream: IO[bytes], start: str, found: Differing, marks: dict[str, int], message: str, at: float
) -> None:
    words = message.encode("utf-8", "replace")
    who = f"{AUTHOR} <{EMAIL}> {int(at)} +0000".encode()
    stream.write(b"commit %s\nauthor %s\ncommitter %s\n" % (_REF.encode(), who, who))
    stream.write(b"data %d\n%s\nfrom %s\n" % (len(words), words, start.encode()))
    for path in found.deleted:
        stream.write(b"D %s\n" % _quoted(path))
    modes = {**found.added, **found.changed}
    for path, mark in marks.items():
        stream.write(b"M %s :%d %s\n" % (modes[path].encode(), mark, _quoted(path)))
    stream.write(b"\ndone\n")


def _quoted(path: str) -> bytes:
    raw = os.fsencode(path).replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"' + raw + b'"'


def message_of(title: str, task_id: str) -> str:
    """Say in a commit what it is."""
    return f"{one_line(title, 200) or task_id}\n\n{mark_of(task_id)}\n"


def mark_of(task_id: str) -> str:
    """The line of a message by which a commit of ours is known."""
    return f"Parhelia-Task: {task_id}"


def deliver(ours: Git, theirs: Git, commit: str, known: Sequence[str], folder: Path) -> None:
    """Bring a commit into the user's objects, checked as what a stranger sends.

    Args:
        ours: has it.
        theirs: writes into the user's objects.
        known: commits that are there already.
        folder: for a file on the way.

    Raises:
        ParheliaError: E500 when git finds something wrong with it; then nothing was brought.
    """
    said = ours.run(
        "pack-objects",
        "--revs",
        "--local",
        "--quiet",
        str(folder / "made"),
        given="".join(f"{each}\n" for each in (commit, *(f"^{each}" for each in known))).encode(),
    )
    place = folder / f"made-{said.decode().strip()}.pack"
    # Here first: what is refused there leaves its half behind.
    ours.run("index-pack", "--strict", "-o", str(folder / "made.idx"), str(place))
    with place.open("rb") as pack:
        theirs.run("index-pack", "--strict", "--stdin", given=pack)
