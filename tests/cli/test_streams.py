"""Output that is closed, full or of another alphabet, and a directory that is gone: words, codes, no traceback."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.support.outer_terminal import OuterTerminal
from tests.support.product import PARHELIA, Product

READS = ("status", "events list", "controller logs", "help", "--help", "task create --help")


def in_shell(product: Product, line: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which `$P` is the command."""
    return subprocess.run(
        ["bash", "-c", line],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=product.home.parent,
        env=product.environment({"P": PARHELIA, **env}),
        check=False,
    )


@pytest.mark.parametrize(
    ("redirection", "code"),
    [(">&-", "0"), ("2>&- >&- <&-", "0"), (">/dev/full", "1"), ("--json >/dev/full", "1")],
)
def test_an_output_that_is_closed_or_full_gives_a_code_and_no_traceback(
    product: Product, redirection: str, code: str
) -> None:
    reads = [each for each in READS if "--json" not in redirection or "--help" not in each]
    done = in_shell(product, "\n".join(f'"$P" {each} {redirection}; echo "{each}: $?"' for each in reads))
    assert done.stdout.splitlines() == [f"{each}: {code}" for each in reads]
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.stderr.count("E507: ") == (len(reads) if code == "1" else 0)


def test_errors_have_their_code_where_nobody_can_read_them(product: Product) -> None:
    done = in_shell(product, '"$P" task lst 2>&-; echo $?; "$P" task lst 2>/dev/full; echo $?')
    assert (done.stdout, done.stderr) == ("2\n2\n", "")


@pytest.mark.real
@pytest.mark.parametrize(
    "follower",
    ["events watch --from-start", "task watch $T --from-start", "task logs $T -f", "container watch"],
)
def test_a_reader_that_leaves_a_follower_ends_it(product: Product, follower: str) -> None:
    task_id = product.json("task", "create", "--mode", "empty", "echo READY; sleep 600")["id"]
    # Nothing happens any more that it could tell, and it ends.
    done = in_shell(product, f'"$P" {follower} | head -n 1 >&2; echo "${{PIPESTATUS[0]}}"', T=task_id)
    assert done.stdout == "1\n"
    assert len(done.stderr.splitlines()) == 1
    assert product.json("task", "list")[0]["wanted"] == "run"


@pytest.mark.real
def test_run_cancels_where_its_output_cannot_be_written(product: Product) -> None:
    done = in_shell(product, '"$P" run --mode empty "echo hi; sleep 600" >/dev/full; echo $?')
    assert done.stdout == "1\n"
    assert "is being cancelled" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.long
@pytest.mark.real
@pytest.mark.parametrize(
    ("env", "whole"),
    [
        ({"LC_ALL": "C"}, True),
        ({"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, False),
        ({"PYTHONIOENCODING": "ascii:strict"}, False),
    ],
)
def test_another_alphabet_of_the_terminal_ends_nothing(
    product: Product, env: dict[str, str], whole: bool
) -> None:
    done = product.run("task", "create", "--mode", "empty", "-", input="echo 'é 日本語 🙂'", env=env)
    assert done.returncode == 0, done.stderr
    task_id = done.stdout.split()[0]
    assert product.run("task", "watch", task_id, env=env).returncode == 0
    for words in (["task", "list"], ["task", "show", task_id], ["task", "logs", task_id], ["doctor"]):
        done = product.run(*words, env=env)
        assert (done.returncode, done.stderr) == (0, ""), words
    # Programs get it whole, whatever the terminal can show.
    assert product.json("task", "logs", task_id, env=env)["lines"] == ["é 日本語 🙂"]
    if whole:
        assert product.run("task", "logs", task_id, env=env).stdout == "é 日本語 🙂\n"


def test_words_that_are_no_utf_8_are_no_traceback(product: Product, tmp_path: Path) -> None:
    place = os.fsencode(tmp_path) + b"/w\xff"
    Path(os.fsdecode(place)).mkdir()
    for words, code in (
        ([b"task", b"show", b"\xff"], 1),
        ([b"task", b"create", b"-w", place, b"true"], 1),
        ([b"--batch", b"\xff"], 2),
        ([b"\xff"], 2),
        ([b"config", b"show", b"\xff"], 2),
    ):
        done = product.run(*words)
        assert (done.returncode, done.stdout) == (code, ""), words
        assert done.stderr.startswith("E"), words
        assert "E900" not in done.stderr
        assert "Traceback" not in done.stderr


def test_a_directory_that_is_gone_is_told_as_such(product: Product, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    line = f'mkdir {gone}; cd {gone}; rmdir {gone}; "$P" status; echo $?; "$P" task create true; echo $?'
    done = in_shell(product, line)
    assert done.stdout.startswith("controller  absent")
    assert done.stdout.splitlines()[-2:] == ["0", "1"]
    assert done.stderr.startswith("E204: the present directory is not there any more\n  try: cd\n")
    said = json.loads(
        in_shell(product, line.replace("task create", "task create --json")).stdout.splitlines()[-2]
    )
    assert said["error"]["code"] == "E204"


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {}])
def test_colours_are_for_terminals_that_want_them(product: Product, env: dict[str, str]) -> None:
    assert "\x1b" not in product.run("status", env=env).stdout
    with OuterTerminal([PARHELIA, "task", "show", "nothing"], product.environment(env)) as terminal:
        assert terminal.wait_end(30) == 1
        terminal.wait_for(rb"E201: there is no task")
    assert (b"\x1b[" in terminal.received) is (env == {})


def test_the_module_is_the_command(product: Product) -> None:
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "parhelia_tui", "task", "list", "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        env=product.environment(),
        check=False,
    )
    assert (done.returncode, json.loads(done.stdout)["data"]) == (0, [])


@pytest.mark.real
def test_without_words_a_terminal_gets_the_dashboard_and_everything_else_the_help(product: Product) -> None:
    assert product.run().stdout.startswith("Usage: parhelia [OPTIONS] [COMMAND]")
    with OuterTerminal([PARHELIA], product.environment(), columns=120, rows=40) as terminal:
        terminal.wait_for(rb"(?s)\x1b\[\?1049h.*[Tt]asks", 60)
        terminal.write(b"q")
        assert terminal.wait_end(60) == 0
    assert b"\x1b[?1049l" in terminal.received
