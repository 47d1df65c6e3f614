"""The real Claude Code at the versions that `scripts/bootstrap dev` brings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

NEW, OLD = "2.1.329", "2.1.197"
VERSIONS = (NEW, OLD)

at_every_version = pytest.mark.parametrize("version", [NEW, pytest.param(OLD, marks=pytest.mark.long)])
"""The older one takes its turn in `make test-long`."""


def claude(version: str = NEW) -> Path:
    """Give the path of one version; the test is skipped, and says why, where npm could not bring it."""
    path = path_of(version)
    if not path.is_file():
        pytest.skip(f"Claude Code {version} is not there: `scripts/bootstrap dev` brings it where npm is")
    return path


def path_of(version: str) -> Path:
    """Where one version lies, if it is there."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    store = os.environ.get("PARHELIA_TEST_AGENTS") or Path(cache, "parhelia-dev", "claude-code")
    return Path(store, "node_modules", f"claude-{version}", "claude")
