"""A directory to work on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fleet import workspace


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The workspace of the test's tasks."""
    return workspace(tmp_path)
