"""Who becomes the agent's user stays that, and nothing of an agent runs where there is nobody else to be."""

from __future__ import annotations

import subprocess
import sys

import pytest

from parhelia_tui.core.shim.agent_user import ONE_USER

BECOME = """
from pathlib import Path
from parhelia_tui.core.shim.agent_user import become
try:
    become(1000)
except OSError as error:
    print(error.strerror)
else:
    print("NoNewPrivs:\t1" in Path("/proc/self/status").read_text())
"""


def alone(*settings: str) -> str:
    """What it says in a user namespace of one id alone."""
    space = ["bwrap", "--unshare-user", "--uid", "0", "--gid", "0", "--dev-bind", "/", "/", "--proc", "/proc"]
    done = subprocess.run(
        [*space, "--", "env", *settings, sys.executable, "-c", BECOME],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.real
def test_where_there_is_one_user_alone_nothing_is_executed_unless_the_sandbox_is_meant_so() -> None:
    assert "one user alone" in alone()
    assert alone(f"{ONE_USER}=1") == "True"
