"""What the start commit says of files: which are ignored, and which git stores in another form than they have on disk.

The rules of the workspace do not count: whoever works there can change them.
Source: gitignore(5), gitattributes(5).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from parhelia_tui.core.branches.git import Git

_ASKED = ("filter", "working-tree-encoding", "ident", "text", "eol")
_NO = ("unspecified", "unset", "")
_LOOKED_AT = 8000
"""A zero byte among the first so many makes a file binary, as for git."""


@dataclass(frozen=True, slots=True)
class Form:
    """How git stores a file.

    Attributes:
        lines: lines end with LF: `set`, `auto` (where it is text), or empty for as they are.
        filtered: what it passes through that we do not run; empty for nothing.
    """

    lines: str = ""
    filtered: str = ""

    def stored(self, data: bytes) -> bytes:
        """Give what git stores of a file's content."""
        if not self.lines or (self.lines == "auto" and b"\0" in data[:_LOOKED_AT]):
            return data
        return data.replace(b"\r\n", b"\n")


AS_IT_IS = Form()


def take_rules(git: Git, start: str, rule_files: Sequence[str]) -> None:
    """Put the start commit into git's index, and its files with rules into git's work tree.

    Args:
        rule_files: paths of `.gitignore` files of that commit.
    """
    git.run("read-tree", start)
    if rule_files:
        git.run("checkout-index", "--quiet", "-z", "--stdin", given=_list(rule_files))


def ignored(git: Git, paths: Iterable[str]) -> set[str]:
    """Name those of these paths that the rules ignore."""
    # So none begins with a colon, which would be magic (gitglossary(7), pathspec).
    given = _list(f"./{path}" for path in paths)
    # 1: none is.
    said = git.run("check-ignore", "--no-index", "-z", "--stdin", given=given, fine=(0, 1))
    return {os.fsdecode(each).removeprefix("./") for each in said.split(b"\0") if each}


def forms(git: Git, paths: Iterable[str]) -> dict[str, Form]:
    """Say in which form git stores files; those that are not named, as they are."""
    said = git.run("check-attr", "--cached", "-z", "--stdin", *_ASKED, given=_list(paths)).split(b"\0")
    told: dict[str, dict[str, str]] = {}
    for path, name, value in zip(said[0::3], said[1::3], said[2::3], strict=False):
        word = value.decode("utf-8", "replace")
        if word not in _NO or name == b"text":
            told.setdefault(os.fsdecode(path), {})[name.decode()] = word
    return {path: _form(values) for path, values in told.items()}


def _form(values: dict[str, str]) -> Form:
    filtered = next((name for name in _ASKED[:3] if name in values), "")
    if filtered:
        return Form(filtered=f"{filtered}={values[filtered]}" if values[filtered] != "set" else filtered)
    text = values.get("text", "unspecified")
    if text == "unset":
        return AS_IT_IS
    if text in ("set", "auto"):
        return Form(text)
    # An end of lines says that it is text.
    return Form("set" if "eol" in values else "")


def _list(paths: Iterable[str]) -> bytes:
    return b"".join(os.fsencode(path) + b"\0" for path in paths)
