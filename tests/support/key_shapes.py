"""One key of every shape that is known, as a provider would give it; none opens anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_BODY = "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6"

SHAPES = {
    "a model's provider": f"sk-ant-api03-{_BODY}",
    "a host of repositories": f"ghp_{_BODY}",
    "its newer token": f"github_pat_{_BODY}",
    "another host of repositories": f"glpat-{_BODY}",
    "a chat": f"xoxb-{_BODY}",
    "an app of a chat": f"xapp-1-{_BODY}",
    "a cloud": "AKIAQRSTUVWXYZ234567",
    "another cloud": f"AIza{_BODY}abc",
    "a token of it": f"ya29.{_BODY}",
    "a registry": f"npm_{_BODY}",
    "another registry": f"pypi-{_BODY}{_BODY}",
    "a registry of images": f"dckr_pat_{_BODY}",
    "a hub of models": f"hf_{_BODY}",
    "a payment": f"sk_live_{_BODY}",
    "mail": f"SG.{_BODY}.{_BODY}",
    "sandboxes": "as-A1b2C3d4E5f6G7h8I9j0K1",
    "a signed token": f"eyJhbGciOiJI.{_BODY}.{_BODY}",
    "a private key": f"-----BEGIN PRIVATE KEY-----\n{_BODY}\n-----END PRIVATE KEY-----",
}

TELLING = {name: each.split("\n")[1] if "\n" in each else each for name, each in SHAPES.items()}
"""Of each key the part that must be seen nowhere, without a line's end."""


def seen_in(data: bytes) -> list[str]:
    """Name the keys that are found in something."""
    return [name for name, each in TELLING.items() if each.encode() in data]


def files_with_keys(top: Path) -> Iterator[tuple[Path, list[str]]]:
    """Find the files below a directory that hold a key."""
    for path in top.rglob("*"):
        if path.is_file() and not path.is_symlink() and (found := seen_in(path.read_bytes())):
            yield path, found
