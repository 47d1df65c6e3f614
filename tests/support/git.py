"""The real git, with nothing of the configuration of whoever runs the tests."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def git(place: Path, *words: str) -> str:
    """Run git in a directory to its end, which must be a good one, and give what it says."""
    env = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "tester"),
        **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "tester@example.invalid"),
    }
    done = subprocess.run(["git", "-C", place, *words], env=env, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return os.fsdecode(done.stdout)
