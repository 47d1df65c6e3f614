"""What differs between a commit and a workspace, by content."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from parhelia_tui.core.branches import rules
from parhelia_tui.core.branches.git import Git
from parhelia_tui.core.branches.names import is_submodules
from parhelia_tui.core.branches.walk import LINK, LeftOut, walk
from parhelia_tui.core.checkpoints.files import descriptor, open_below, read_whole
from parhelia_tui.core.model.errors import ParheliaError

FILE_MOST = 100 << 20
"""Bytes of a file: what most servers of git take, and what is held in memory."""
READ_MOST = 64 << 30
"""Bytes of all files: holes cost nothing where they are made, and time here."""
_SUBMODULE = "160000"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a commit: its mode and the name of its content."""

    mode: str
    name: str


@dataclass(frozen=True, slots=True)
class Differing:
    """What is other in a workspace than in a commit.

    Attributes:
        added, changed: modes by path.
        deleted: paths.
        left_out: what could not be taken.
        untouched: paths that are as they were when the task began, though not as in the commit.
        links_out: links that lead out of the repository.
        forms: how git stores those that are not as they are.
    """

    added: dict[str, str]
    changed: dict[str, str]
    deleted: list[str]
    left_out: list[LeftOut]
    untouched: list[str]
    links_out: list[str]
    forms: dict[str, rules.Form]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.deleted)


def differing(
    git: Git,
    start: str,
    opened: int,
    prefix: str,
    uncommitted: Mapping[str, str | None],
    *,
    with_ignored: bool,
) -> Differing:
    """Compare a workspace with a commit.

    Args:
        git: with a directory of ours; its index and its work tree are used up.
        start: the commit.
        opened: descriptor of the workspace.
        prefix: where it lies in the repository.
        uncommitted: what was other than in the commit when the task began, as `Start`.
        with_ignored: also what the commit's rules ignore.

    Raises:
        ParheliaError: E204 for far too many names, E500, E501 from git, E507 for far too much.
    """
    everything = dict(_entries(git, start))
    within = f"{prefix}/" if prefix else ""
    before = {path: entry for path, entry in everything.items() if path.startswith(within)}
    submodules = {path for path, entry in before.items() if entry.mode == _SUBMODULE}
    seen = walk(opened, prefix, submodules)
    rules.take_rules(git, start, [path for path, entry in everything.items() if _is_rules(path, entry)])
    fresh = [path for path in seen.files if path not in before]
    unwanted = rules.ignored(git, fresh) if fresh and not with_ignored else set()
    left_out, links_out, untouched = seen.left_out, [], []
    other: dict[str, str] = {}
    left = READ_MOST
    for path, mode in seen.files.items():
        if path in unwanted:
            continue
        if is_submodules(path.rpartition("/")[2]) and path not in before:
            left_out.append(LeftOut(path, "submodules stay as they were"))
            continue
        data = read(opened, path.removeprefix(within), mode)
        left -= len(data)
        if left < 0:
            raise ParheliaError("E507", f"the workspace holds more than {READ_MOST >> 30} GB")
        if isinstance(data, str):
            seen.leave(path, data)
            continue
        entry = Entry(mode, blob_name(data, len(start)))
        if uncommitted.get(path) == f"{entry.mode} {entry.name}":
            untouched.append(path)
        elif before.get(path) != entry:
            other[path] = mode
            if mode == LINK and _leads_out(path, data):
                links_out.append(path)
    forms = rules.forms(git, other) if other else {}
    _take_forms(opened, within, before, other, forms, left_out)
    gone = [path for path in before if path not in seen.files and not seen.keeps(path)]
    untouched += [path for path in gone if uncommitted.get(path, "") is None]
    return Differing(
        {path: mode for path, mode in other.items() if path not in before},
        {path: mode for path, mode in other.items() if path in before},
        sorted(set(gone) - set(untouched)),
        left_out,
        sorted(untouched),
        links_out,
        forms,
    )


def read(opened: int, path: str, mode: str) -> bytes | str:
    """Read a file or a link of a workspace; why it cannot be, in words, where it cannot.

    Args:
        path: from the workspace on.
    """
    above, _, name = path.rpartition("/")
    try:
        with descriptor(open_below(opened, above)) as inside:
            if mode == LINK:
                return os.fsencode(os.readlink(name, dir_fd=inside))
            if os.stat(name, dir_fd=inside, follow_symlinks=False).st_size > FILE_MOST:
                return f"more than {FILE_MOST >> 20} MB"
            return read_whole(inside, name, FILE_MOST)
    except OSError as error:
        return error.strerror or "it cannot be read"


def blob_name(data: bytes, length: int) -> str:
    """Give the name that git gives to a content.

    Args:
        length: of names in that repository: 40 or 64.
    """
    kind = "sha256" if length == 64 else "sha1"
    made = hashlib.new(kind, b"blob %d\0" % len(data), usedforsecurity=False)
    made.update(data)
    return made.hexdigest()


def _entries(git: Git, commit: str) -> Iterator[tuple[str, Entry]]:
    for line in git.run("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0"):
        if line:
            about, _, path = line.partition(b"\t")
            mode, _, name = about.decode().split(" ")
            yield os.fsdecode(path), Entry(mode, name)


def _is_rules(path: str, entry: Entry) -> bool:
    return path.rpartition("/")[2] == ".gitignore" and entry.mode not in (LINK, _SUBMODULE)


def _take_forms(
    opened: int,
    within: str,
    before: dict[str, Entry],
    other: dict[str, str],
    forms: dict[str, rules.Form],
    left_out: list[LeftOut],
) -> None:
    """Take out of what differs the files that only look different on disk, and those whose filter we do not run."""
    for path, form in forms.items():
        if other[path] == LINK:
            continue
        if form.filtered:
            left_out.append(LeftOut(path, f"it passes a filter ({form.filtered})"))
            del other[path]
        elif form.lines and path in before:
            data = read(opened, path.removeprefix(within), other[path])
            same = Entry(other[path], "" if isinstance(data, str) else _stored_name(form, data, before[path]))
            if same == before[path]:
                del other[path]


def _stored_name(form: rules.Form, data: bytes, entry: Entry) -> str:
    return blob_name(form.stored(data), len(entry.name))


def _leads_out(path: str, target: bytes) -> bool:
    to = os.fsdecode(target)
    way = os.path.normpath(f"{path.rpartition('/')[0] or '.'}/{to}")
    return to.startswith("/") or way == ".." or way.startswith("../")
