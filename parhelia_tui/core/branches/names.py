"""Names that must not get into a tree, because some file system takes them for git's own."""

from __future__ import annotations

import re

# Passed over by HFS+ when it compares names; source: git's utf8.c, next_hfs_char.
_UNSEEN = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_GIT = re.compile(r"\.git|git~[0-9]+")
_RULES = re.compile(r"\.gitmodules|\.gitattributes|\.gitignore|\.mailmap|gi[0-9a-z]{1,6}~[0-9]+")


def is_gits_own(name: str) -> bool:
    """Say whether a name is `.git` for any file system: whatever its case, its short name, with unseen letters."""
    return any(_GIT.fullmatch(each) for each in _forms(name))


def is_rules(name: str) -> bool:
    """Say whether a name is that of a file with rules for git, which must be no symbolic link."""
    return any(_RULES.fullmatch(each) for each in _forms(name))


def is_submodules(name: str) -> bool:
    """Say whether a name is that of the file that says where submodules come from."""
    return any(each == ".gitmodules" for each in _forms(name))


def _forms(name: str) -> list[str]:
    # NTFS ends a name at a colon, and drops dots and blanks at its end.
    return [each.rstrip(". ") for each in re.split(r"[\\:]", _UNSEEN.sub("", name).casefold())]
