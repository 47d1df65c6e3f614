"""The one object of a checkpoint that is a file of its own: the top of the workspace, and counts for a listing."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Any

from parhelia_tui.core.checkpoints.coding import DIGEST, damaged, digest, is_name
from parhelia_tui.core.checkpoints.manifest import Entry

_MAGIC = b"PT1\n"


@dataclass(frozen=True, slots=True)
class Tree:
    """What one checkpoint holds of a workspace.

    Attributes:
        name: the digest of all the rest, hexadecimal; the same state has the same name.
        top: the workspace directory itself.
        files: how many names of files there are, symbolic links too.
        bytes: what the files hold together.
        ignored: how many names the rules for exclusion left out.
    """

    name: str
    top: Entry
    files: int
    bytes: int
    ignored: int


def make_tree(top: Entry, files: int, size: int, ignored: int) -> Tree:
    """Make a tree with its name."""
    tree = Tree("", top, files, size, ignored)
    return Tree(digest(encode_tree(tree)).hex(), top, files, size, ignored)


def encode_tree(tree: Tree) -> bytes:
    """Write a tree: a magic line and JSON."""
    top = tree.top
    fields = {
        "content": top.content.hex(),
        "mode": top.mode,
        "mtime_ns": top.mtime,
        "uid": top.uid,
        "gid": top.gid,
        "xattrs": {key: b64encode(value).decode() for key, value in sorted(top.xattrs.items())},
        "files": tree.files,
        "bytes": tree.bytes,
        "ignored": tree.ignored,
    }
    return _MAGIC + json.dumps(fields, sort_keys=True).encode() + b"\n"


def decode_tree(name: str, data: bytes) -> Tree:
    """Read a tree.

    Raises:
        ParheliaError: E600 when it is damaged or not the one with this name.
    """
    if not is_name(bytes.fromhex(name), data):
        raise damaged(f"tree {name} is not what was written")
    try:
        fields: dict[str, Any] = json.loads(data.removeprefix(_MAGIC))
        content = bytes.fromhex(fields["content"])
        xattrs = {str(key): b64decode(value) for key, value in fields["xattrs"].items()}
        mode, mtime = int(fields["mode"]), int(fields["mtime_ns"])
        top = Entry(".", mode, mtime, 0, int(fields["uid"]), int(fields["gid"]), content, xattrs=xattrs)
        if (
            len(content) != DIGEST
            or not top.is_directory
            or not all(key.startswith("user.") for key in xattrs)
            or not (0 <= mode < 1 << 17 and -(1 << 63) <= mtime < 1 << 63)
            or not all(0 <= each < 1 << 32 for each in (top.uid, top.gid))
        ):
            raise ValueError("no directory")
        return Tree(name, top, int(fields["files"]), int(fields["bytes"]), int(fields["ignored"]))
    except (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError) as error:
        raise damaged(f"tree {name} cannot be read ({error})") from error
