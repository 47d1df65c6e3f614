"""An ssh server for sandboxes: this system's own, or the one that `make setup` unpacked."""

from __future__ import annotations

import os
from pathlib import Path

INSIDE = "/__modal/sshd"
_WRAPPER = f'#!/bin/sh\nLD_LIBRARY_PATH={INSIDE}/lib exec {INSIDE}/sbin/sshd "$@"\n'


def unpacked() -> Path | None:
    """Where the unpacked one lies, with the command `sshd` made beside it; None where there is none."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    place = Path(os.environ.get("PARHELIA_TEST_SSHD") or Path(cache) / "parhelia-dev" / "sshd")
    return place if (place / "sbin" / "sshd").exists() else None


def there_is_one() -> bool:
    """Say whether sandboxes can have a server. It changes users, for which a namespace needs several ids."""
    return os.geteuid() == 0 and (Path("/usr/sbin/sshd").exists() or unpacked() is not None)


def lay_out(place: Path) -> dict[str, Path]:
    """Make what a sandbox is to see for it in a fresh directory, by its path inside; empty for nothing."""
    found = unpacked()
    if Path("/usr/sbin/sshd").exists() or found is None:
        return {}
    command = place / "sshd"
    place.mkdir(parents=True)
    command.write_text(_WRAPPER)
    command.chmod(0o755)
    return {INSIDE: found, "/__modal/commands": place}
