"""The house: what is tracked, the lock files, the layers, the commands."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import parhelia_tui

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

# Put together from parts, so that this file does not name what it forbids.
REGISTRY = re.compile(
    r"(pypi|pythonhosted|npmjs)\." + r"(org|com)|registry\." + r"npm|--(extra-)?index-" + r"url"
)
# Names that examples use are nobody's.
SOMEBODY = (
    r"/(home|Users)"
    + r"/(?!(user|you|agent)\b)\w+|/ro"
    + r"ot/[\w.]|(?<![\w.$}/-])/work"
    + r"/|/tmp"
    + r"/w/"
)
HOME_PATH = re.compile(f"{SOMEBODY}|{re.escape(str(ROOT))}/")


def tracked() -> list[Path]:
    """Every text file that git knows and that is there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    paths = [ROOT / os.fsdecode(name) for name in listed.split(b"\0") if name]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:4096]]


def lines_with(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    """Where a pattern stands, as path:line."""
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path in paths
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_tracked_line_names_a_registry() -> None:
    assert lines_with(REGISTRY, tracked()) == []


def test_no_tracked_line_names_a_path_of_somebodys_machine() -> None:
    assert lines_with(HOME_PATH, tracked()) == []


@pytest.mark.parametrize("name", ["run", "dev", "lock"])
def test_a_lock_file_holds_exact_versions_with_hashes_and_nothing_else(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert "://" not in text
    entries = [
        line for line in text.replace("\\\n", " ").splitlines() if line.strip() and line.strip()[0] != "#"
    ]
    form = re.compile(r"[a-z0-9][a-z0-9.-]*==[\w.+!-]+( ;[^#]*?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*")
    assert entries
    assert [entry[:60] for entry in entries if not form.fullmatch(entry)] == []


def locked(name: str) -> dict[str, str]:
    """The pinned versions of a lock file."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9][a-z0-9.-]*)==([^ ;\\]+)", text, re.MULTILINE))


def test_the_lock_for_work_holds_the_lock_for_running() -> None:
    run, dev = locked("run"), locked("dev")
    assert {name: dev.get(name) for name in run} == run


def test_every_dependency_is_bounded_and_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for line in project["project"]["dependencies"]:
        name, low, high = re.fullmatch(r"([a-z0-9-]+)>=([\d.]+),<([\d.]+)", line).groups()  # type: ignore[union-attr]
        version = [int(part) for part in locked("run")[name].split(".")]
        assert [int(part) for part in low.split(".")] <= version < [int(part) for part in high.split(".")]


def test_the_shim_imports_the_standard_library_alone() -> None:
    foreign = []
    for path in sorted((ROOT / "parhelia_tui" / "core" / "shim").glob("**/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            foreign += [
                f"{path.name}: {name}"
                for name in names
                if name.partition(".")[0] not in sys.stdlib_module_names
                and not f"{name}.".startswith("parhelia_tui.core.shim.")
            ]
    assert foreign == []


@pytest.mark.parametrize("command", ["parhelia", "parhelia-tui"])
def test_every_command_says_its_version(command: str) -> None:
    done = subprocess.run(
        [BIN / command, "--version"], capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert parhelia_tui.__version__ in done.stdout


def test_the_changelog_has_a_place_for_what_is_new() -> None:
    assert re.search(r"^## \[?Unreleased\]?$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_every_make_target_is_in_the_help_and_phony() -> None:
    text = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z][a-z-]*):", text, re.MULTILINE)
    assert set(targets) >= {
        "run",
        "demo",
        "test",
        "check",
        "bench",
        "test-long",
        "acceptance",
        "lock",
        "snapshots",
    }
    for target in targets:
        assert re.search(rf"^{target}:.* ## .", text, re.MULTILINE), target
        assert f".PHONY: {target}\n" in text, target


SKIPPED = '<skipped message="no tmux here"/>'


@pytest.mark.parametrize(
    ("inside", "long", "code", "said"),
    [
        ("", "", 0, ""),
        (SKIPPED, "", 1, "skipped, so not proven: tests.there::test_it: no tmux here"),
        ('<skipped type="pytest.xfail"/>', "", 0, ""),
        ("", "sleep 60", 0, "there was no time for all of the long tests: 1 ran, and they alone count"),
        ("<failure/>", "sleep 60", 1, "failed: tests.there::test_it"),
        ("", "exit 2", 2, ""),
    ],
    ids=["all-ran", "skipped", "known-fault", "no-time", "no-time-and-one-failed", "failed"],
)
def test_what_a_change_must_pass_fails_where_a_test_did_not_run(
    tmp_path: Path, inside: str, long: str, code: int, said: str
) -> None:
    """The real script over a `make` that writes the reports which the real one would have pytest write."""
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "run").write_bytes((ROOT / ".ci" / "run").read_bytes())
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    report = f'<testsuite><testcase classname="tests.there" name="test_it">{inside}</testcase></testsuite>'
    make = tmp_path / "make"
    make.write_text(
        f'#!/bin/sh\necho "$1" >> called\necho \'{report}\' > "${{2#ARGS=--junitxml=}}"\n'
        f'[ "$1" != test-long ] || {{ {long or ":"}; }}\n'
    )
    make.chmod(0o755)
    done = subprocess.run(
        ["bash", str(tmp_path / ".ci" / "run")],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "CI_LIMIT_S": "3"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert (tmp_path / "called").read_text().split() == ["check", "test", "test-long"]
    assert done.stderr.strip().endswith(said)
    assert bool(done.stderr) == bool(said)
