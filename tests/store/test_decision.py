"""What docs/decisions/0001-sqlite-access.md promises to whoever opens the store."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_store_in_form_is_opened_without_sqlite_utils_and_pydantic(
    path: Path, db: sqlite3.Connection
) -> None:
    """60 and 50 ms that would be most of the time of a list."""
    code = """
import sys
from pathlib import Path
from parhelia_tui.core.store import containers, events, intents, ledger, sessions, tasks
from parhelia_tui.core.store.migrations import open_migrated
tasks.listed(open_migrated(Path(sys.argv[1])))
print(sorted({"sqlite_utils", "pydantic"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
