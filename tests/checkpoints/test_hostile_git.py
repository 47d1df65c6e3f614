"""A repository that leads out of its workspace: git neither reads there nor runs anything, within bounds."""

from __future__ import annotations

import ctypes
import hashlib
import os
import resource
import struct
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from parhelia_tui.core.checkpoints.git_changes import committed, since_commit
from parhelia_tui.core.checkpoints.git_state import git_state
from tests.checkpoints.test_git_state import git

SECRET = b"a secret of the user's\n"
PATIENT_S = 120.0
_OPEN, _ACCESS = 0x20, 0x1


@contextmanager
def unread(place: Path) -> Iterator[None]:
    """Prove that nobody opens or reads anything below a directory meanwhile: inotify(7)."""
    libc = ctypes.CDLL(None, use_errno=True)
    told = libc.inotify_init1(os.O_NONBLOCK)
    for each in (place, *(each for each in place.rglob("*") if each.is_dir())):
        assert libc.inotify_add_watch(told, os.fsencode(each), _OPEN | _ACCESS) >= 0
    try:
        yield
        with pytest.raises(BlockingIOError):
            os.read(told, 4096)
    finally:
        os.close(told)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A repository of the user's with a secret in it."""
    made = tmp_path / "outside"
    made.mkdir()
    git(made, "init", "-q", "-b", "main")
    (made / "secret").write_bytes(SECRET)
    git(made, "add", ".")
    git(made, "commit", "-qm", "theirs")
    return made


@pytest.fixture
def work(tmp_path: Path) -> Path:
    made = tmp_path / "ws"
    made.mkdir()
    git(made, "init", "-q", "-b", "main")
    (made / "file").write_text("mine\n")
    git(made, "add", ".")
    git(made, "commit", "-qm", "first")
    return made


def name_of(kind: str, data: bytes) -> str:
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(data)) + data).hexdigest()


def put(work: Path, kind: str, data: bytes) -> str:
    """Put an object into a repository, without git: it would look at it."""
    name = name_of(kind, data)
    place = work / ".git" / "objects" / name[:2] / name[2:]
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(zlib.compress(b"%s %d\0" % (kind.encode(), len(data)) + data))
    return name


def put_index(work: Path, path: bytes, content: str, mode: int = 0o100644) -> None:
    """Put an index with one name, which git would refuse to make (gitformat-index(5))."""
    entry = struct.pack(">10I20sH", 0, 0, 0, 0, 0, 0, mode, 0, 0, 0, bytes.fromhex(content), len(path)) + path
    entry += bytes(8 - len(entry) % 8)
    body = struct.pack(">4sII", b"DIRC", 2, 1) + entry
    (work / ".git" / "index").write_bytes(body + hashlib.sha1(body).digest())


def by_alternates(work: Path, outside: Path) -> None:
    (work / ".git" / "objects" / "info").mkdir(exist_ok=True)
    (work / ".git" / "objects" / "info" / "alternates").write_text(f"{outside}/.git/objects\n")


def by_a_relative_alternate(work: Path, outside: Path) -> None:
    by_alternates(work, Path("../../../outside"))


def by_a_link_of_all_objects(work: Path, outside: Path) -> None:
    (work / ".git" / "objects").rename(work / "aside")
    (work / ".git" / "objects").symlink_to(outside / ".git" / "objects")


def by_a_link_of_some_objects(work: Path, outside: Path) -> None:
    for each in (outside / ".git" / "objects").iterdir():
        there = work / ".git" / "objects" / each.name
        if not there.exists():
            there.symlink_to(each)


@pytest.mark.parametrize(
    "way", [by_alternates, by_a_relative_alternate, by_a_link_of_all_objects, by_a_link_of_some_objects]
)
def test_objects_elsewhere_are_not_read(work: Path, outside: Path, way: object) -> None:
    assert callable(way)
    mine, theirs = name_of("blob", b"mine\n"), name_of("blob", SECRET)
    assert committed(work, mine, 100, PATIENT_S) == b"mine\n"
    assert committed(outside, theirs, 100, PATIENT_S) == SECRET
    way(work, outside)
    with unread(outside):
        assert committed(work, theirs, 100, PATIENT_S) == b""
        git_state(work, timeout_s=PATIENT_S)
        since_commit(work, timeout_s=PATIENT_S)


@pytest.mark.parametrize("path", [b"../outside/secret", b"up/secret", b".git/../../outside/secret"])
def test_a_name_of_the_index_that_leads_out_is_not_looked_at(work: Path, outside: Path, path: bytes) -> None:
    (work / "up").symlink_to("../outside")
    put_index(work, path, name_of("blob", SECRET))
    with unread(outside):
        found = git_state(work, timeout_s=PATIENT_S)
        since_commit(work, timeout_s=PATIENT_S)
    # What is not there counts as deleted: whoever reads the secret finds that it is as the index says.
    assert found is not None
    assert found.unstaged in (1, None)


def test_a_nested_repository_that_is_elsewhere_is_not_followed(work: Path, outside: Path) -> None:
    for name in ("untracked", "sub"):
        (work / name).mkdir()
        (work / name / ".git").write_text(f"gitdir: {outside}/.git\n")
        (work / name / "file").write_text("x")
    put_index(work, b"sub", name_of("blob", b"any"), 0o160000)
    (work / ".gitmodules").write_text('[submodule "sub"]\n\tpath = ../outside\n\turl = ext::touch /tmp/ran\n')
    with unread(outside):
        assert git_state(work, timeout_s=PATIENT_S) is not None
        since_commit(work, timeout_s=PATIENT_S)


def test_no_configuration_of_any_kind_is_read(work: Path, outside: Path, tmp_path: Path) -> None:
    trap = outside / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    more = outside / "more"
    more.write_text(f"[core]\n\tfsmonitor = {trap}\n")
    for key, value in (
        ("include.path", str(more)),
        ("core.worktree", str(outside)),
        ("core.attributesFile", str(more)),
        ("core.excludesFile", str(more)),
        ("core.alternateRefsCommand", str(trap)),
        ("extensions.worktreeConfig", "true"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.url", f"ext::{trap}"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.uploadpack", str(trap)),
        ("diff.evil.textconv", str(trap)),
        ("filter.evil.process", str(trap)),
    ):
        git(work, "config", "--file", ".git/config", key, value)
    (work / ".git" / "config.worktree").write_text(f"[core]\n\tfsmonitor = {trap}\n")
    (work / ".gitattributes").write_text("* diff=evil filter=evil\n")
    (work / "file").write_text("changed")
    missing = "12" * 20
    with unread(outside):
        found = git_state(work, timeout_s=PATIENT_S)
        changed = since_commit(work, timeout_s=PATIENT_S)
        assert committed(work, missing, 100, PATIENT_S) == b""
    assert found is not None
    assert changed is not None
    assert (found.unstaged, {each.path for each in changed.changes}) == (1, {".gitattributes", "file"})
    assert not (tmp_path / "sprung").exists()


def test_replaced_objects_replace_nothing(work: Path) -> None:
    mine = name_of("blob", b"mine\n")
    other = put(work, "blob", b"another\n")
    (work / ".git" / "refs" / "replace").mkdir(parents=True)
    (work / ".git" / "refs" / "replace" / mine).write_text(f"{other}\n")
    assert committed(work, mine, 100, PATIENT_S) == b"mine\n"


@pytest.mark.long
def test_a_tree_that_grows_without_end_takes_no_more_than_its_share(work: Path) -> None:
    names = [b"100644 %d\0" % each for each in range(10)]
    below = put(work, "blob", b"tiny")
    for _ in range(12):
        below = put(work, "tree", b"".join(each + bytes.fromhex(below) for each in names))
        names = [b"40000 %d\0" % each for each in range(10)]
    commit = put(work, "commit", f"tree {below}\nauthor a <a> 0 +0000\ncommitter a <a> 0 +0000\n\nx".encode())
    (work / ".git" / "refs" / "heads" / "main").write_text(f"{commit}\n")
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    found = git_state(work, timeout_s=3)
    assert found is not None
    assert (found.head, found.staged) == (commit, None)
    assert since_commit(work, timeout_s=3) is None
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_maxrss < 1.3 * (1 << 20)
    assert after.ru_utime - before < 30


def test_packed_refs_of_many_lines_take_little_more_than_their_size(work: Path) -> None:
    git(work, "pack-refs", "--all")
    head = git(work, "rev-parse", "HEAD")
    size = 8 << 20
    with (work / ".git" / "packed-refs").open("ab") as file:
        file.write(b"\n" * size)
    tracemalloc.start()
    try:
        found = git_state(work, timeout_s=PATIENT_S)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found is not None
    assert found.head == head
    assert most < 6 * size
