"""What the first frame does without."""

from __future__ import annotations

import subprocess
import sys

LATER = (
    "asyncssh",
    "libtmux",
    "modal",
    "parhelia_tui.core.model.placement",
    "parhelia_tui.core.model.targets",
    "pydantic",
    "sqlite_utils",
    "textual.widgets._text_area",
)


def test_nothing_is_imported_before_it_that_only_later_screens_need() -> None:
    code = f"import sys, parhelia_tui.app; print(sorted({set(LATER)!r} & set(sys.modules)))"
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert said.stdout.strip() == "[]"
