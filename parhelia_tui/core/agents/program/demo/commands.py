"""Running commands that are allowed to fail, but not to hang or to outlive the program."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence

from .screen import clean
from .signals import Signals

PATIENCE_S = 60.0
OUTPUT_LIMIT = 65_536


def run(words: Sequence[str], cwd: str, signals: Signals) -> tuple[int, list[str]]:
    """Run a command to its end, or for a minute.

    Args:
        words: program and arguments.
        cwd: where.
        signals: waits for its output, so that a signal that ends this program ends the command as well.

    Returns:
        Its exit code as a shell says it, and the lines of its output.
    """
    try:
        child = subprocess.Popen(
            words,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # A session of its own: Ctrl+C is this program's to answer, and all of it can be killed at once.
            start_new_session=True,
        )
    except OSError as error:
        return 127, [f"{words[0]}: {error.strerror}"]
    end = time.monotonic() + PATIENCE_S
    said = b""
    try:
        said = _output(child, end, signals)
        child.wait(max(0.0, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        said += b"\n(it took too long)"
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
        code = child.wait()
    lines = [clean(line, 400) for line in said.decode("utf-8", "replace").splitlines()]
    return (128 - code if code < 0 else code), lines


def _output(child: subprocess.Popen[bytes], end: float, signals: Signals) -> bytes:
    """Read until the command closes its output or the time is over; what is too much is thrown away."""
    assert child.stdout is not None
    said = b""
    with child.stdout as pipe:
        while (left := end - time.monotonic()) > 0:
            if signals.wait(left, pipe.fileno()):
                some = os.read(pipe.fileno(), 16_384)
                if not some:
                    break
                said = (said + some)[:OUTPUT_LIMIT]
    return said
