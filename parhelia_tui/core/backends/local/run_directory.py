"""The run directory of a container: made before its shim starts, removed when it is forgotten."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from parhelia_tui.core.backends.base import ExitRecord
from parhelia_tui.core.backends.local import etc, overlay
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.paths import private_directory
from parhelia_tui.core.settings.removal import remove_tree
from parhelia_tui.core.shim import exit_record, pid_file, spec, spool
from parhelia_tui.core.shim.locks import is_held
from parhelia_tui.core.shim.main import LOCK
from parhelia_tui.core.shim.processes import send
from parhelia_tui.core.shim.spec import Spec

SESSIONS = "sessions"
ELSEWHERE = "sandbox.json"
"""Marks the run directory of a container that another backend runs, and that is mirrored here."""


def prepare(run: Path, container_id: str, *, own_system: bool, layer: Path | None, network: bool) -> None:
    """Make the directory with all that the shim needs but its spec.

    The place of the exit record is taken here, so a disk that is too full for it is noticed before the start.

    Args:
        layer: of an image, with which its own system begins.

    Raises:
        OSError, ParheliaError: the disk is full, or the place cannot be used.
    """
    # Each directory more costs a tenth of a millisecond; the others are made by who puts something there.
    for path in (run, run / "home", run / "agent"):
        private_directory(path)
    for name, text in etc.own(container_id).items():
        (run / name).write_text(text)
    if own_system:
        overlay.prepare(run, container_id, layer=layer, network=network)
    os.close(exit_record.reserve(str(run)))


def write_spec(run: Path, content: Spec) -> None:
    """Write spec.json, as a whole or not at all."""
    write_whole(run / spec.NAME, content.as_text())


def write_session(run: Path, name: str, command: Sequence[str]) -> None:
    """Write what a further session runs, where its pane finds it."""
    write_whole(private_directory(run / SESSIONS) / f"{name}.json", json.dumps({"command": list(command)}))


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that nobody sees half of it."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode("ascii") if isinstance(content, str) else content)
        unfinished.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise


def is_alive(run: Path) -> bool:
    """Say whether a shim lives: it holds its lock as long as it does, and the kernel lets it go with it."""
    return is_held(str(run / LOCK))


def was_started(run: Path) -> bool:
    """Say whether a shim ever began with this container."""
    return (run / spool.NAME).exists() or (run / exit_record.NAME).exists()


def exit_of(run: Path) -> ExitRecord | None:
    """Read exit.json; None when there is none, or one that a damaged disk has spoiled."""
    try:
        return ExitRecord.from_json(json.loads((run / exit_record.NAME).read_bytes()))
    except (FileNotFoundError, ValueError, TypeError, AttributeError, RecursionError):
        return None


def spec_of(run: Path) -> Spec | None:
    """Read spec.json; None when there is none that can be read."""
    try:
        return spec.load(str(run))
    except (OSError, ValueError, AttributeError):
        return None


def processes_of(run: Path) -> dict[str, int]:
    """The processes that the shim wrote down (`shim`, `child`, `first`), as far as they still are those."""
    return pid_file.read(str(run))


def kill_shim(run: Path) -> None:
    """Kill a living shim, and so its container; nobody else, should its pid have gone to another process."""
    pid = processes_of(run).get("shim")
    if pid is not None and is_alive(run):
        send(pid, signal.SIGKILL)


def remove(run: Path) -> None:
    """Remove the directory, whatever a container has put in it.

    Raises:
        ParheliaError: E500 when something of it stays.
    """
    remove_tree(run)
    if run.exists():
        raise ParheliaError("E500", f"{run} cannot be removed")
