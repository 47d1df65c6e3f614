"""Run the tests that tests/acceptance.toml lists, and say what is met and what is open, by document."""

from __future__ import annotations

import argparse
import sys
import textwrap
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import pytest

LIST = Path(__file__).resolve().parent.parent / "tests" / "acceptance.toml"


@dataclass(frozen=True, slots=True)
class Document:
    """What one document asks for (`ids`), and the tests that prove what is met, by id."""

    name: str
    ids: list[str]
    tests: dict[str, list[str]]


def read(path: Path = LIST) -> list[Document]:
    """The documents of an acceptance file.

    Raises:
        KeyError: when a document has no `ids` or no `met`.
        tomllib.TOMLDecodeError: when it is not TOML, or an id stands twice under `met`.
    """
    tables = tomllib.loads(path.read_text())
    return [Document(name, table["ids"], table["met"]) for name, table in tables.items()]


@dataclass(slots=True, eq=False)
class Outcomes:
    """A pytest plugin that keeps how each test went; a test of many parameters is one.

    Compared by identity, as pytest puts its plugins into a set.
    """

    passed: set[str] = field(default_factory=set)
    spoilt: set[str] = field(default_factory=set)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep one phase of one test: only a call that passed counts for it, anything but passing against."""
        # pytest-xdist adds "@group" to the id of a test that names a group.
        name = function_of(report.nodeid.rsplit("@", 1)[0])
        if not report.passed:
            self.spoilt.add(name)
        elif report.when == "call":
            self.passed.add(name)

    def hold(self, tests: list[str]) -> bool:
        """Whether there is a test in a list, and each one passed."""
        names = {function_of(test) for test in tests}
        return bool(names) and names <= self.passed - self.spoilt


def function_of(node_id: str) -> str:
    """A node id without its parameters."""
    return node_id.partition("[")[0]


def table(documents: list[Document], outcomes: Outcomes) -> str:
    """What is met, in total and open, by document, then the open ids by name."""
    rows = [("document", "met", "total", "open")]
    lines: list[str] = []
    all_met = 0
    for document in documents:
        met = {id_ for id_, tests in document.tests.items() if outcomes.hold(tests)}
        still_open = [id_ for id_ in document.ids if id_ not in met]
        all_met += len(met)
        rows.append((document.name, str(len(met)), str(len(document.ids)), str(len(still_open))))
        if still_open:
            text = f"{document.name}: {', '.join(still_open)}"
            lines += textwrap.wrap(text, 110, subsequent_indent="  ", break_on_hyphens=False)
    total = sum(len(document.ids) for document in documents)
    rows.append(("all", str(all_met), str(total), str(total - all_met)))
    counts = [f"{name:<10} {met:>5} {count:>6} {left:>6}" for name, met, count, left in rows]
    return "\n".join([*counts, "", "open:", *lines])


def main(arguments: list[str]) -> int:
    """Run and report.

    Args:
        arguments: `--list FILE` for another file than tests/acceptance.toml, and further arguments for pytest.

    Returns:
        0 when every listed test passed, else 1.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--list", type=Path, default=LIST)
    own, arguments = parser.parse_known_args(arguments)
    documents = read(own.list)
    listed = {test: None for document in documents for tests in document.tests.values() for test in tests}
    outcomes = Outcomes()
    code = 0
    if listed:
        code = pytest.main(["-q", *listed, *arguments], plugins=[outcomes])
        print()
    print(table(documents, outcomes))
    broken = sorted({function_of(test) for test in listed} - (outcomes.passed - outcomes.spoilt))
    for test in broken:
        print(f"listed, but did not pass: {test}", file=sys.stderr)
    return 1 if code or broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
