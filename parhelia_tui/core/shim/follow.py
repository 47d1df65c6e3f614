"""Telling somebody far away what a container says, as it comes: frames on standard output.

A frame is a line `KIND LENGTH` and so many bytes: `spool` and `log` carry on from where the last one ended, `cut` says
that the log begins anew and how often it had been turned over by then, `exit` is the exit record after the whole spool,
`beat` that nothing is new. Where the container is brought first, `brought` is the first frame: 0, or a number and why it
could not be.
"""

from __future__ import annotations

import os
import select
import sys
import time

from parhelia_tui.core.shim import elsewhere, exit_record, handing, locks, spool
from parhelia_tui.core.shim.main import LOCK
from parhelia_tui.core.shim.turned_log import PIECE, TurnedLog

QUICK_S, SLOW_S = 0.005, 0.2
QUICK_FOR_S = 5.0
BEAT_S = 5.0
SILENCE_S = 90.0
"""Seconds without a word from the reader after which it is taken for gone."""
LAST_STEPS_S = 5.0
"""Seconds after its exit record for which a supervisor is waited for, which writes its last record then."""


def follow(
    directory: str, spool_offset: int, log_offset: int, archive_bytes: int = 0, log_turn: int = 0
) -> int:
    """Tell until standard input ends or is silent; each byte on it renews the lease.

    Args:
        directory: the run directory.
        spool_offset, log_offset: bytes that the reader has already.
        archive_bytes: length of the archive that standard input begins with, which brings the container.
        log_turn: how often the log that the reader has those bytes of had been turned over.

    Returns:
        0.
    """
    # It may be started together with the sandbox, before anything was brought.
    elsewhere.make(directory)
    elsewhere.renew(directory)
    if archive_bytes:
        code, why = handing.receive(directory, archive_bytes)
        _frame("brought", f"{code} {why}".encode())
    with TurnedLog(directory, log_turn, log_offset) as log:
        _tell(directory, log, spool_offset)
    return 0


def _tell(directory: str, log: TurnedLog, spool_offset: int) -> None:
    heard = told = changed = time.monotonic()
    ended = False
    while True:
        now = time.monotonic()
        wait = QUICK_S if now - changed < QUICK_FOR_S else SLOW_S
        if select.select([0], [], [], wait)[0]:
            said = os.read(0, 4096)
            if not said:
                return
            heard = time.monotonic()
            elsewhere.renew(directory, said)
        if now - heard > SILENCE_S:
            return
        # Looked for before the last records are read: there are none after it.
        record = None if ended else _end(directory)
        moved = False
        while came := log.next():
            moved = True
            _frame(*came)
        while data := _read(directory, spool.NAME, spool_offset):
            moved = True
            spool_offset += len(data)
            _frame("spool", data)
        if record:
            ended = True
            _frame("exit", record)
        if moved or record:
            changed = told = time.monotonic()
        elif now - told > BEAT_S:
            told = now
            _frame("beat", b"")


def _end(directory: str) -> bytes:
    """Read how the container ended; nothing as long as its supervisor may still write."""
    try:
        since = time.time() - os.stat(os.path.join(directory, exit_record.NAME)).st_mtime
    except OSError:
        return b""
    if since < LAST_STEPS_S and locks.is_held(os.path.join(directory, LOCK)):
        return b""
    return _read(directory, exit_record.NAME, 0)


def _read(directory: str, name: str, offset: int) -> bytes:
    try:
        descriptor = os.open(os.path.join(directory, name), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.pread(descriptor, PIECE, offset)
    finally:
        os.close(descriptor)


def _frame(kind: str, data: bytes) -> None:
    sys.stdout.buffer.write(f"{kind} {len(data)}\n".encode() + data)
    sys.stdout.buffer.flush()
