"""What a container is said to use."""

from __future__ import annotations

import os
from pathlib import Path

from parhelia_tui.core.shim.usage import Usage


def test_a_group_that_nothing_was_touched_in_yet_is_no_container_without_memory(tmp_path: Path) -> None:
    (tmp_path / "memory.usage_in_bytes").write_text("0\n")
    usage = Usage([str(tmp_path)], 0)
    assert usage.sample(lambda: [os.getpid()])["memory_bytes"] > 0
    (tmp_path / "memory.usage_in_bytes").write_text("4096\n")
    assert usage.sample(lambda: [])["memory_bytes"] == 4096
