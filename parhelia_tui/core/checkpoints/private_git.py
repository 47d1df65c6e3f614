"""Git over a workspace's objects, with nothing of what its repository asks for.

A repository configures programs: fsmonitor, hooks, filters (`git status` runs `filter.*.clean`), commands that fetch
missing objects. So git never reads the workspace's configuration: it gets a directory of ours as its own, with a
configuration of ours, a copy of the index, and the workspace's objects; what it can reach of this machine is in
`git_jail.py`. HEAD and refs are read here. Source: git(1), gitrepository-layout(5), gitattributes(5).
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from parhelia_tui.core.checkpoints.files import descriptor, open_below, read_whole
from parhelia_tui.core.checkpoints.workspace import open_workspace

BRANCH = "ref: refs/heads/"
REFS_LIMIT = 32 << 20
_NAME = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SMALL = 4 << 10
_INDEX_LIMIT = 256 << 20


def head_of(inside: int) -> tuple[str | None, str | None] | None:
    """Give the commit and the branch of an open `.git`; None where it has no HEAD."""
    told = read(inside, "HEAD", _SMALL)
    if told is None:
        return None
    text = os.fsdecode(told).strip()
    branch = text.removeprefix(BRANCH) if text.startswith(BRANCH) else None
    return (_resolve(inside, f"refs/heads/{branch}") if branch is not None else _name(text)), branch


def read(opened: int, path: str, limit: int) -> bytes | None:
    """Read a file below an open directory without following a link; None where there is none, or it is longer."""
    above, _, name = path.rpartition("/")
    try:
        with descriptor(open_below(opened, above)) as inside:
            return read_whole(inside, name, limit)
    except (OSError, ValueError):
        return None


def _name(text: str) -> str | None:
    return text if _NAME.fullmatch(text) else None


def _resolve(opened: int, ref: str) -> str | None:
    parts = ref.split("/")
    if "" in parts or "." in parts or ".." in parts:
        return None
    loose = read(opened, ref, _SMALL)
    if loose is not None:
        return _name(os.fsdecode(loose).strip())
    # Looked for as bytes: as lines, 32 MB of somebody hostile take twenty times as much.
    packed = b"\n" + (read(opened, "packed-refs", REFS_LIMIT) or b"") + b"\n"
    end = packed.find(b" " + os.fsencode(ref) + b"\n")
    return _name(os.fsdecode(packed[packed.rfind(b"\n", 0, end) + 1 : end])) if end > 0 else None


@dataclass(frozen=True, slots=True)
class Index:
    """An index, and when it was written: by that git knows which files may have changed after it without looking so."""

    data: bytes
    mtime_ns: int


def index_of(inside: int) -> Index | None:
    """Read the index of an open `.git`; None where there is none."""
    try:
        written = os.stat("index", dir_fd=inside, follow_symlinks=False).st_mtime_ns
    except OSError:
        return None
    data = read(inside, "index", _INDEX_LIMIT)
    return None if data is None else Index(data, written)


@contextmanager
def private(name: str | None, index: Index | None) -> Iterator[Path]:
    """Make a git directory of ours that stands for the workspace's; it goes afterwards.

    Args:
        name: of the commit that is its HEAD; one of any object tells by its length how names are made.
        index: of the workspace's repository.
    """
    with tempfile.TemporaryDirectory(prefix="parhelia-git-") as place:
        git = Path(place)
        for each in ("refs", "objects"):
            (git / each).mkdir()
        long = name is not None and len(name) == 64
        extension = "\n[extensions]\n\tobjectformat = sha256" if long else ""
        (git / "config").write_text(
            f"[core]\n\trepositoryformatversion = {int(long)}\n\tbare = false{extension}\n"
        )
        (git / "HEAD").write_text(f"{name or 'ref: refs/heads/none'}\n")
        if index is not None:
            (git / "index").write_bytes(index.data)
            os.utime(git / "index", ns=(index.mtime_ns, index.mtime_ns))
        yield git


@contextmanager
def repository(workspace: Path) -> Iterator[tuple[int, int] | None]:
    """Open a workspace and its `.git`, without following a link; gives both descriptors, None without a repository.

    Raises:
        ParheliaError: E204 when the workspace cannot be opened.
    """
    with open_workspace(Path(os.path.abspath(workspace))) as opened:
        try:
            inside = open_below(opened, ".git")
        except OSError:
            yield None
            return
        with descriptor(inside):
            yield inside, opened


@contextmanager
def in_time(running: subprocess.Popen[bytes], timeout_s: float) -> Iterator[None]:
    """Kill a git that takes longer, as where an object is a pipe that nobody writes to; afterwards it has ended."""
    timer = threading.Timer(timeout_s, running.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        running.kill()
        running.wait()
        if running.stdout is not None:
            running.stdout.close()


def records(running: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """Give what git says, record by record: a workspace may have millions of names."""
    assert running.stdout is not None
    rest = b""
    while part := running.stdout.read(1 << 16):
        *whole, rest = (rest + part).split(b"\0")
        yield from whole
    running.wait()
