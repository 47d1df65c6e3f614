"""Prove that each test of tests/dashboard/keys.toml notices when its key does nothing: `make dead-keys`."""

from __future__ import annotations

import contextlib
import io
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support import waiting
from tests.support.dead_key import dead

TESTS = Path(__file__).resolve().parent.parent / "tests" / "dashboard"
PATIENCE = 0.3
"""Of the deadlines: what a dead key should have brought never comes, so it need not be waited for long."""


class Verdict:
    """Remembers whether a test ran, and failed."""

    def __init__(self) -> None:
        self.passed = self.failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take one report."""
        if report.when == "call":
            self.passed, self.failed = self.passed or report.passed, self.failed or report.failed


def notices(test: str, owner: str, key: str) -> bool:
    """Run a test with a key that does nothing; say whether it fails."""
    verdict = Verdict()
    options = ["-n0", "-q", "-p", "no:cacheprovider", "-m", "", str(TESTS / test)]
    with contextlib.redirect_stdout(io.StringIO()), dead(owner, key):
        pytest.main(options, plugins=[verdict])
    return verdict.failed


def main() -> int:
    """Try all keys, or those of the classes or the classes with keys (`WallScreen`, `WallScreen:t`) that are named."""
    waiting.PATIENCE = PATIENCE
    wanted, unnoticed = set(sys.argv[1:]), 0
    for owner, keys in tomllib.loads((TESTS / "keys.toml").read_text()).items():
        for key, test in keys.items():
            if wanted and not wanted & {owner, f"{owner}:{key}"}:
                continue
            good = notices(test, owner, key)
            unnoticed += not good
            print(f"{'' if good else 'NOT NOTICED  '}{owner}:{key}  {test}", flush=True)
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
