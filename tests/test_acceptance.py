"""tests/acceptance.toml: every id once, every listed test there."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from scripts import acceptance
from scripts.acceptance import Document, Outcomes

ROOT = Path(__file__).resolve().parent.parent

SIZES = {"parhelia": 28, "waves": 6, "coi": 215, "exam": 152, "mycelium": 11}
"""How many ids each document has."""


def functions(path: Path) -> set[str]:
    """The tests of a file as pytest names them after the path: `test_name`, `TestClass::test_name`."""
    found: set[str] = set()

    def collect(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
                found.add(prefix + node.name)
            elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
                collect(node.body, f"{prefix}{node.name}::")

    collect(ast.parse(path.read_text()).body, "")
    return found


def missing(documents: list[Document]) -> list[str]:
    """The listed tests that do not exist."""
    lost = []
    for test in {test for document in documents for tests in document.tests.values() for test in tests}:
        file, _, name = acceptance.function_of(test).partition("::")
        if not (ROOT / file).is_file() or name not in functions(ROOT / file):
            lost.append(test)
    return sorted(lost)


def test_each_document_has_all_its_ids_and_each_id_stands_once() -> None:
    documents = acceptance.read()
    counts = Counter(id_ for document in documents for id_ in document.ids)
    assert [id_ for id_, count in counts.items() if count > 1] == []
    assert {document.name: len(document.ids) for document in documents} == SIZES


def test_only_known_ids_are_met_and_each_by_a_test() -> None:
    for document in acceptance.read():
        assert set(document.tests) <= set(document.ids), document.name
        assert [id_ for id_, tests in document.tests.items() if not tests] == []


def test_every_listed_test_exists() -> None:
    assert missing(acceptance.read()) == []


def test_a_listed_test_that_is_not_there_is_found() -> None:
    here = "tests/test_acceptance.py::test_every_listed_test_exists"
    documents = [
        Document("d", ["A", "B"], {"A": [here], "B": ["tests/test_acceptance.py::test_no", "no.py::x"]})
    ]
    assert missing(documents) == ["no.py::x", "tests/test_acceptance.py::test_no"]


def report(node_id: str, outcome: str, when: str = "call") -> pytest.TestReport:
    """What pytest says of one phase of one test."""
    # `when` and `outcome` are literals to pytest, and words here.
    return pytest.TestReport(node_id, ("", None, ""), {}, outcome, None, when)  # type: ignore[arg-type]


def test_an_id_is_met_only_when_all_its_tests_passed() -> None:
    outcomes = Outcomes()
    for one in (
        report("t.py::test_a[1]", "passed"),
        report("t.py::test_a[2]", "passed"),
        report("t.py::test_b[1]", "passed"),
        report("t.py::test_b[2]", "failed"),
        report("t.py::test_c", "passed"),
        report("t.py::test_c", "failed", "teardown"),
        report("t.py::test_d", "skipped", "setup"),
        report("t.py::test_e@group", "passed"),
    ):
        outcomes.pytest_runtest_logreport(one)
    assert outcomes.hold(["t.py::test_a", "t.py::test_e"])
    assert not outcomes.hold(["t.py::test_a", "t.py::test_b[1]"])
    for name in ("test_b", "test_c", "test_d", "test_never_run"):
        assert not outcomes.hold([f"t.py::{name}"]), name
    assert not outcomes.hold([])


def test_listed_tests_are_run_and_counted(tmp_path: Path) -> None:
    here = "tests/test_acceptance.py::test_each_document_has_all_its_ids_and_each_id_stands_once"
    listed = tmp_path / "acceptance.toml"
    listed.write_text(f'[one]\nids = ["A", "B"]\n[one.met]\nA = ["{here}"]\n')
    ran = subprocess.run(
        [sys.executable, "scripts/acceptance.py", "--list", str(listed), "-p", "no:cacheprovider"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert [line.split() for line in ran.stdout.splitlines() if line.startswith(("one ", "all "))] == [
        ["one", "1", "2", "1"],
        ["all", "1", "2", "1"],
    ]


def test_the_table_counts_by_document() -> None:
    outcomes = Outcomes(passed={"t.py::test_a"})
    documents = [
        Document("one", ["A", "B"], {"A": ["t.py::test_a"], "B": ["t.py::test_b"]}),
        Document("two", ["C"], {}),
    ]
    lines = acceptance.table(documents, outcomes).splitlines()
    assert [line.split() for line in lines[:4]] == [
        ["document", "met", "total", "open"],
        ["one", "1", "2", "1"],
        ["two", "0", "1", "1"],
        ["all", "1", "3", "2"],
    ]
    assert lines[-2:] == ["one: B", "two: C"]
