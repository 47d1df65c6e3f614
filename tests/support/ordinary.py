"""The installed product as an ordinary user runs it, also where the tests run as root."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from parhelia_tui.core.settings.removal import remove_tree
from tests.support.product import PARHELIA, Product
from tests.support.waiting import wait_until

NUMBER = 54321
"""Of a user without an account."""
ROOT = Path(__file__).resolve().parent.parent.parent


class OrdinaryProduct(Product):
    """The product of an ordinary user; asked by commands alone, because the store's files are the user's.

    Args:
        home: the user's home, which holds the state directory.
    """

    def __init__(self, home: Path) -> None:
        super().__init__(home / "state", (*_as_ordinary_user(), PARHELIA))

    def environment(self, env: object = None) -> dict[str, str]:
        """An environment of the user's own."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home.parent),
            "PARHELIA_HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PARHELIA_LOCAL__GRACE_S": "0.2",
            "PARHELIA_DEFAULTS__AGENT": "shell",
        }

    def _end_containers(self) -> None:
        for container in self.json("container", "list"):
            self.run("container", "terminate", "--yes", container["id"])
        wait_until(lambda: self.json("container", "list") == [], 30)


@contextlib.contextmanager
def ordinary_product() -> Iterator[OrdinaryProduct]:
    """Give the product in a home of an ordinary user's, with a workspace `work` beside the state directory."""
    # Not below the tests' own directory, which is closed to others.
    home = Path(tempfile.mkdtemp(prefix="ph-"))
    try:
        (home / "work").mkdir()
        if os.geteuid() == 0:
            for path in (home, home / "work"):
                os.chown(path, NUMBER, NUMBER)
        made = OrdinaryProduct(home)
        try:
            yield made
        finally:
            made.close()
    finally:
        remove_tree(home)
        assert not home.exists()


def _as_ordinary_user() -> list[str]:
    """What runs a command as an ordinary user; nothing where the tests are one."""
    if os.geteuid() != 0:
        return []
    become = ["setpriv", f"--reuid={NUMBER}", f"--regid={NUMBER}", "--clear-groups"]
    needed = {Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve(), ROOT}
    closed = {first for path in needed if (first := _first_closed(path))}
    if not closed:
        return become
    # The interpreter lies in somebody's home: there, in a mount namespace, nothing but it can be seen.
    lines = ["set -e", "hold=$(mktemp -d)"]
    behind = [path for path in sorted(needed) if any(path.is_relative_to(each) for each in closed)]
    for number, path in enumerate(behind):
        lines += [f"mkdir $hold/{number}", f"mount --bind {path} $hold/{number}"]
    lines += [f"mount -t tmpfs -o mode=755 none {each}" for each in sorted(closed)]
    for number, path in enumerate(behind):
        lines += [f"mkdir -p {path}", f"mount --move $hold/{number} {path}"]
    lines += ["rm -r $hold", 'exec "$@"']
    return ["unshare", "--mount", "--propagation=private", "sh", "-c", "\n".join(lines), "sh", *become]


def _first_closed(path: Path) -> Path | None:
    for folder in [*reversed(path.parents), path]:
        if not folder.stat().st_mode & 0o001:
            return folder
    return None
