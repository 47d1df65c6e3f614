"""What the command says of itself, and how it takes wrong words: no container is needed for it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.fleet import configure, workspace
from tests.support.outer_terminal import OuterTerminal
from tests.support.product import PARHELIA, Product


def test_help_names_the_product_and_its_commands(product: Product) -> None:
    done = product.run("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("parhelia", "task", "container", "session", "events", "run", "shell", "attach", "cleanup"):
        assert re.search(rf"\b{word}\b", done.stdout), word


def test_the_version_is_a_semantic_one(product: Product) -> None:
    done = product.run("--version")
    assert done.returncode == 0
    assert re.search(r"\b\d+\.\d+\.\d+([-+.][0-9A-Za-z.-]+)?$", done.stdout.strip())


def test_an_unknown_command_is_said_to_be_one_and_help_is_named(product: Product) -> None:
    done = product.run("invalid-command")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no command 'invalid-command'" in done.stderr
    assert "parhelia --help" in done.stderr


@pytest.mark.parametrize("command", ["run", "shell"])
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("-w", "/no/such/place"), 1, r"E204: the workspace '/no/such/place' .*No such file or directory"),
        (("-w", "../a-file"), 1, r"E204: the workspace '\.\./a-file' is not a directory"),
        (("--slot", "-1"), 2, "E100: --slot: .*greater than or equal to 1"),
        (("-e", "INVALID"), 2, "E101: 'INVALID' is no environment variable; write NAME=VALUE"),
        (("--profile", "python"), 2, "E101: .*there is no profile 'python' among go, rust"),
        (
            ("--persistent", "--unsandboxed"),
            2,
            r"E101: persistent and unsandboxed exclude each other: .*\n  try: parhelia run --persistent COMMAND\n",
        ),
    ],
    ids=["missing", "file", "slot", "variable", "profile", "excluding"],
)
def test_what_cannot_be_asked_for_is_refused_in_words_before_anything_starts(
    product: Product, tmp_path: Path, command: str, words: tuple[str, ...], code: int, said: str
) -> None:
    (tmp_path / "a-file").touch()
    configure(tmp_path, "[profiles.rust]\n[profiles.go]\n")
    here = workspace(tmp_path)
    if command == "shell":
        done = on_a_terminal(here, "shell", *words)
        assert "\x1b" not in done.stderr
    else:
        done = product.run("run", *words, "true", cwd=here)
    assert done.returncode == code
    assert re.search(said, done.stderr), done.stderr
    assert re.search(r"\n  try: .+\n  try: ", done.stderr)
    assert product.json("task", "list") == []


def test_a_command_that_misses_a_word_says_which_and_how_it_is_used(product: Product) -> None:
    done = product.run("session", "send")
    assert done.returncode == 2
    assert "missing argument 'SESSION'" in done.stderr
    assert "try: parhelia session send --help" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "name"),
    [
        (("session", "capture", "nothing"), "E200", "SESSION_NOT_FOUND"),
        (("session", "send", "nothing", "text"), "E200", "SESSION_NOT_FOUND"),
        (("session", "list", "--container", "nothing"), "E203", "CONTAINER_NOT_FOUND"),
        (("container", "show", "nothing"), "E203", "CONTAINER_NOT_FOUND"),
        (("task", "show", "nothing"), "E201", "TASK_NOT_FOUND"),
    ],
    ids=["capture", "send", "sessions", "container", "task"],
)
def test_what_is_not_there_is_said_so_with_at_least_two_ways_on(
    product: Product, words: tuple[str, ...], code: str, name: str
) -> None:
    done = product.run(*words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{code}: there is no ")
    assert len(re.findall(r"^  try: parhelia ", done.stderr, re.MULTILINE)) >= 2
    assert product.error(*words)[1]["name"] == name


def test_an_empty_fleet_is_said_to_be_empty(product: Product) -> None:
    for noun in ("task", "container", "session"):
        done = product.run(noun, "list")
        assert (done.returncode, done.stdout, done.stderr) == (0, "nothing there\n", "")
        assert product.json(noun, "list") == []
    status = product.run("status")
    assert status.returncode == 0
    assert "none yet" in status.stdout
    assert product.run("events", "list").returncode == 0


def on_a_terminal(here: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command that wants a terminal, without colours, in a directory; it speaks on standard error."""
    command = ["env", "-C", str(here), PARHELIA, *words]
    with OuterTerminal(command, {"NO_COLOR": "1"}, columns=300) as terminal:
        code = terminal.wait_end(30)
        said = terminal.received.decode().replace("\r\n", "\n")
    return subprocess.CompletedProcess(words, code, "", said)
