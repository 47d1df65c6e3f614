"""A workspace with every oddity that a checkpoint has to keep."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path


def make_oddities(top: Path) -> None:
    """Make it; nothing may be there yet."""
    top.mkdir()
    raw = os.fsencode(top)
    (top / "empty").touch()
    (top / "small").write_text("small\n")
    (top / "big").write_bytes(os.urandom(1 << 20) * 3 + b"end")
    (top / "exactly a piece").write_bytes(b"x" * (1 << 20))
    with open(top / "sparse", "wb") as file:
        file.write(b"head")
        file.seek(5 << 20)
        file.write(b"middle")
        file.truncate(9 << 20)
    for name in (
        b"new\nline",
        b"not \xff\xfe utf-8",
        b"-rf",
        b" space ",
        b"\x1b[31mred",
        "ümläut".encode(),
        b"x" * 255,
    ):
        with open(os.path.join(raw, name), "wb") as file:
            file.write(name)
    deep = top / "d"
    for number in range(40):
        deep = deep / f"level {number}"
    deep.mkdir(parents=True)
    (deep / "bottom").write_text("bottom")
    (top / "empty directory").mkdir()
    (top / "nowhere").symlink_to("does/not/exist")
    (top / "up").symlink_to("../../..")
    (top / "to a directory").symlink_to("d")
    os.symlink(b"\xff\n", os.path.join(raw, b"odd target"))
    os.link(top / "small", top / "d" / "the same")
    os.link(top / "small", top / "once more")
    os.link(top / "nowhere", top / "the same link", follow_symlinks=False)
    for mode in (0o000, 0o400, 0o755, 0o4755, 0o2711, 0o1644):
        (top / f"mode {mode:o}").write_text("m")
        (top / f"mode {mode:o}").chmod(mode)
    (top / "sticky").mkdir()
    (top / "sticky" / "inside").write_text("i")
    (top / "sticky").chmod(0o1755)
    (top / "closed").mkdir()
    (top / "closed" / "inside").write_text("i")
    os.setxattr(top / "small", "user.note", b"\0binary\xff")
    os.setxattr(top / "sticky", "user.empty", b"")
    os.mkfifo(top / "pipe")
    # The path of a socket is short, that of a test is not.
    opened = os.open(top, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"/proc/self/fd/{opened}/socket")
    os.close(opened)
    nested = top / "nested"
    nested.mkdir()
    (nested / "file").write_text("tracked")
    (nested / ".gitignore").write_text("ignored\n")
    (nested / "ignored").write_text("ignored by git, not by us")
    env = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "HOME": str(top),
    }
    for words in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *words], cwd=nested, env=env, check=True)
    os.utime(top / "small", ns=(1, 1_000_000_001))
    os.utime(top / "empty directory", ns=(1, -1_500_000_000))
    os.utime(top / "nowhere", ns=(1, 123_456_789_123_456_789), follow_symlinks=False)
    # As root one reads what nobody may.
    (top / "closed").chmod(0o000 if os.geteuid() == 0 else 0o500)
    if os.geteuid() != 0:
        (top / "mode 0").chmod(0o400)
    (top / "d").chmod(0o555)
    os.utime(top, ns=(1, 999_999_999))


def vandalise(top: Path) -> None:
    """Change something of every kind in what `make_oddities` made."""
    raw = os.fsencode(top)
    (top / "d").chmod(0o755)
    shutil.rmtree(top / "d" / "level 0" / "level 1")
    (top / "d" / "the same").unlink()
    (top / "d" / "the same").write_text("another file")
    (top / "big").write_bytes(b"short")
    with (top / "sparse").open("r+b") as file:
        file.seek(6 << 20)
        file.write(b"no hole any more")
    (top / "empty").unlink()
    (top / "empty").mkdir()
    (top / "empty" / "file").write_text("in a directory that was a file")
    (top / "empty directory").rmdir()
    (top / "empty directory").symlink_to("..")
    (top / "nowhere").unlink()
    (top / "nowhere").write_text("a file that was a link")
    os.unlink(os.path.join(raw, b"not \xff\xfe utf-8"))
    with open(os.path.join(raw, b"also \xff new"), "wb") as file:
        file.write(b"x")
    (top / "mode 755").chmod(0o644)
    (top / "sticky").chmod(0o700)
    os.setxattr(top / "sticky", "user.more", b"x")
    os.removexattr(top / "small", "user.note")
    (top / "nested" / "ignored").write_text("changed")
    shutil.rmtree(top / "nested" / ".git")
    (top / "new" / "deep").mkdir(parents=True)
    (top / "new" / "deep" / "file").write_text("new")
    (top / "new").chmod(0o555)
    os.utime(top / "exactly a piece", ns=(5, 5))
