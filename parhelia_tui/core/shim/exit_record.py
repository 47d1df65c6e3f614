"""exit.json: how the container ended. Its place on the disk is kept free from the start."""

from __future__ import annotations

import time

from parhelia_tui.core.shim import system
from parhelia_tui.core.shim.lean import dumps, signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

NAME = "exit.json"
UNFINISHED = "exit.json.new"
RESERVE = 64 * 1024
"""Bytes kept free for the record, so that a full disk does not lose an exit code."""


def reserve(directory: str) -> int:
    """Make the file that becomes exit.json, with its place on the disk.

    Returns:
        Its descriptor.

    Raises:
        OSError: the disk is full.
    """
    flags = system.O_RDWR | system.O_CREAT | system.O_CLOEXEC
    descriptor = system.open(system.join(directory, UNFINISHED), flags, 0o600)
    try:
        system.posix_fallocate(descriptor, 0, RESERVE)
    except BaseException:
        system.close(descriptor)
        raise
    return descriptor


def record(
    status: int | None,
    started_at: float | None,
    reason: str,
    detail: str,
    tail: list[str],
    output_bytes: int,
) -> dict[str, Any]:
    """Put together how the container ended.

    Args:
        status: of the main process, as waitpid(2) gives it; None when it could not be had.
        started_at: when it started, in epoch seconds; None when it never did.
        reason: why it was ended; empty when it ended by itself.
    """
    if status is None:
        code = 128 + signals.SIGKILL
    elif system.WIFSIGNALED(status):
        code = 128 + system.WTERMSIG(status)
    else:
        code = system.WEXITSTATUS(status)
    if not reason and started_at is None:
        reason = "start_failed"
        said = [line for line in tail if line.strip()]
        detail = said[-1] if said else f"it ended with {code} before its start"
    return {
        "exit_code": code,
        # Bubblewrap and shells tell of a signal as 128 + its number.
        "signal": code - 128 if 128 < code <= 128 + 64 else None,
        "reason": reason or "exited",
        "detail": detail,
        "at": time.time(),
        "started_at": started_at,
        "tail": tail,
        "output_bytes": output_bytes,
    }


def finish(descriptor: int, directory: str, content: dict[str, Any], make_room: Callable[[], None]) -> None:
    """Write the record so that it is there as a whole or not at all, also after a power cut.

    Args:
        descriptor: from `reserve`; closed here.
        make_room: called when a file system that writes elsewhere (as btrfs does) finds no place.

    Raises:
        OSError: it could not be written even so.
    """
    fields = {**content, "tail": list(content["tail"])}
    data = dumps(fields).encode("ascii")
    while len(data) > RESERVE and fields["tail"]:
        del fields["tail"][0]
        data = dumps(fields).encode("ascii")
    try:
        try:
            _write(descriptor, data)
        except OSError:
            make_room()
            _write(descriptor, dumps({**fields, "tail": []}).encode("ascii"))
    finally:
        system.close(descriptor)
    system.rename(system.join(directory, UNFINISHED), system.join(directory, NAME))
    folder = system.open(directory, system.O_RDONLY | system.O_DIRECTORY | system.O_CLOEXEC)
    try:
        system.fsync(folder)
    finally:
        system.close(folder)


def _write(descriptor: int, data: bytes) -> None:
    done = 0
    while done < len(data):
        done += system.pwrite(descriptor, data[done:], done)
    system.ftruncate(descriptor, len(data))
    system.fsync(descriptor)
