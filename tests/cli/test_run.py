"""`parhelia run`: a command in a fresh container."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from parhelia_tui.core.model.states import CONTAINER_LIVE
from tests.support.outer_terminal import OuterTerminal
from tests.support.product import PARHELIA, Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

EMPTY = ("--mode", "empty")


def only_task(product: Product) -> dict[str, object]:
    """The one task of the store."""
    (task,) = product.json("task", "list")
    assert isinstance(task, dict)
    return task


def nothing_lives(product: Product) -> bool:
    """Whether no container is left."""
    return product.json("container", "list") == []


def test_the_output_and_the_exit_code_of_the_command_are_passed_through(product: Product) -> None:
    done = product.run("run", "echo out; exit 42", *EMPTY)
    assert (done.returncode, done.stdout, done.stderr) == (42, "out\n", "")
    assert nothing_lives(product)


def test_a_command_of_several_words_gets_each_as_it_was_typed(product: Product) -> None:
    done = product.run("run", *EMPTY, "--", "printf", "[%s]", "a b", "$HOME", "it's", "", "日本 é")
    assert (done.returncode, done.stdout) == (0, "[a b][$HOME][it's][][日本 é]")


def test_quotes_and_variables_of_one_word_are_the_container_s_shell_s(product: Product) -> None:
    done = product.run("run", *EMPTY, """echo 'hello world' && echo "$HOME" && echo \\$HOME""")
    assert (done.returncode, done.stdout) == (0, "hello world\n/home/agent\n$HOME\n")


def test_variables_are_given_and_the_user_s_own_are_not(product: Product) -> None:
    options = ("-e", "FOO=bar", "-e", "BAZ=q u=x", "-e", "EMPTY=")
    done = product.run("run", *EMPTY, *options, "env", env={"SECRET_OF_MINE": "1"})
    assert {"FOO=bar", "BAZ=q u=x", "EMPTY="} <= set(done.stdout.splitlines())
    assert "SECRET_OF_MINE" not in done.stdout


def test_it_works_in_the_directory_that_is_named_and_what_it_writes_is_the_user_s(
    product: Product, tmp_path: Path
) -> None:
    place = tmp_path / "a project with spaces\nand a newline"
    place.mkdir()
    (place / "in").write_text("here")
    done = product.run("run", "-w", str(place), "cat in; echo made > out")
    assert (done.returncode, done.stdout) == (0, "here")
    assert (place / "out").read_text() == "made\n"
    assert (place / "out").stat().st_uid == os.getuid()


def test_without_a_directory_it_works_in_the_present_one(product: Product, tmp_path: Path) -> None:
    place = tmp_path / "here"
    place.mkdir()
    assert product.run("run", "touch made", cwd=place).returncode == 0
    assert (place / "made").exists()


def test_a_clone_leaves_the_directory_as_it_is(product: Product, tmp_path: Path) -> None:
    place = tmp_path / "here"
    place.mkdir()
    (place / "kept").write_text("old")
    done = product.run("run", "--mode", "clone", "cat kept; echo new > kept", cwd=place)
    assert (done.returncode, done.stdout) == (0, "old")
    assert (place / "kept").read_text() == "old"


def test_the_slot_that_is_asked_for_is_the_container_s(product: Product) -> None:
    assert product.run("run", *EMPTY, "--slot", "5", "true").returncode == 0
    (container,) = product.json("container", "list", "--all")
    assert container["slot"] == 5


def test_a_command_that_is_not_there_has_the_shell_s_code_and_words(product: Product) -> None:
    done = product.run("run", *EMPTY, "no-such-program")
    assert done.returncode == 127
    assert "no-such-program" in done.stdout


@pytest.mark.parametrize(("name", "code"), [("TERM", 143), ("KILL", 137), ("SEGV", 139)])
def test_a_signal_that_ended_the_command_shows_in_the_code(product: Product, name: str, code: int) -> None:
    assert product.run("run", *EMPTY, f"kill -{name} $$").returncode == code


def test_output_comes_while_the_command_runs(product: Product, tmp_path: Path) -> None:
    place = tmp_path / "here"
    place.mkdir()
    process = product.start("run", "echo first; until [ -e go ]; do sleep 0.02; done; echo second", cwd=place)
    assert process.stdout is not None
    assert process.stdout.readline() == "first\n"
    (place / "go").touch()
    assert process.communicate(timeout=60)[0] == "second\n"
    assert process.returncode == 0


@pytest.mark.long
def test_ten_megabytes_come_complete_and_in_order(product: Product) -> None:
    done = product.run("run", *EMPTY, "seq 1 1450000")
    assert done.returncode == 0
    whole = "".join(f"{number}\n" for number in range(1, 1450001))
    assert len(whole) > 10_000_000
    assert hashlib.sha256(done.stdout.encode()).digest() == hashlib.sha256(whole.encode()).digest()


@pytest.mark.long
def test_ten_megabytes_without_a_newline_come_complete(product: Product) -> None:
    done = product.run("run", *EMPTY, "head -c 10000000 /dev/zero | tr '\\0' x")
    assert (done.returncode, len(done.stdout), set(done.stdout)) == (0, 10_000_000, {"x"})


def test_control_sequences_of_the_command_do_not_reach_the_terminal(product: Product) -> None:
    hostile = r"printf 'a\033]52;c;QUJD\007b\033[31mred\033[0m\033]0;title\033\\c\033[2Jd\rover\n\302\233e'"
    done = product.run("run", *EMPTY, hostile)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "\x9b" not in done.stdout
    assert "QUJD" not in done.stdout
    assert "abredcd" in done.stdout


def test_with_json_there_is_one_envelope_with_output_and_code(product: Product) -> None:
    done = product.run("run", *EMPTY, "--json", "echo 'é日'; exit 3")
    assert done.returncode == 3
    said = json.loads(done.stdout)
    assert said["success"] is False
    assert said["data"]["exit_code"] == 3
    assert said["data"]["output"] == "é日\n"
    assert said["data"]["state"] == "failed"
    assert said["next_actions"][0] == f"parhelia task show {said['data']['id']}"
    assert done.stderr == ""


def test_ctrl_c_cancels_and_leaves_no_container(product: Product) -> None:
    with OuterTerminal([PARHELIA, "run", *EMPTY, "echo READY; sleep 600"]) as terminal:
        terminal.wait_for(rb"READY")
        terminal.write(b"\x03")
        assert terminal.wait_end(20) == 130
        assert b"is being cancelled" in terminal.received
        assert b"Traceback" not in terminal.received
    wait_until(lambda: nothing_lives(product), 20)
    assert only_task(product)["state"] == "cancelled"


def test_sigterm_cancels_and_leaves_no_container(product: Product) -> None:
    process = product.start("run", *EMPTY, "echo READY; sleep 600")
    assert process.stdout is not None
    assert process.stdout.readline() == "READY\n"
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "is being cancelled" in errors
    wait_until(lambda: nothing_lives(product), 20)


def test_a_terminal_that_is_closed_does_not_end_the_work(product: Product, tmp_path: Path) -> None:
    place = tmp_path / "here"
    place.mkdir()
    command = "echo READY; until [ -e go ]; do sleep 0.02; done; echo done > end"
    with OuterTerminal([PARHELIA, "run", "-w", str(place), command]) as terminal:
        terminal.wait_for(rb"READY")
        os.kill(terminal.process.pid, signal.SIGHUP)
        assert terminal.wait_end(20) == -signal.SIGHUP
    assert only_task(product)["state"] == "running"
    (place / "go").touch()
    wait_until(lambda: only_task(product)["state"] == "completed", 20)
    assert (place / "end").read_text() == "done\n"


@pytest.mark.long
def test_a_reader_that_leaves_ends_the_command(product: Product) -> None:
    done = subprocess.run(
        ["bash", "-c", '"$0" run --mode empty "yes" | head -n 2; echo "${PIPESTATUS[0]}"', PARHELIA],
        capture_output=True,
        text=True,
        timeout=60,
        env=product.environment(),
        cwd=product.home.parent,
    )
    assert done.stdout == "y\ny\n1\n"
    assert "Traceback" not in done.stderr
    wait_until(lambda: nothing_lives(product), 20)
    assert only_task(product)["state"] == "cancelled"


@pytest.mark.long
def test_a_lifetime_that_is_over_ends_it_with_its_own_code(product: Product) -> None:
    done = product.run("run", *EMPTY, "--timeout", "1s", "echo begun; sleep 600")
    assert (done.returncode, done.stdout) == (9, "begun\n")
    assert "lifetime" in done.stderr
    assert nothing_lives(product)


def test_a_container_that_somebody_ends_is_told_as_interrupted(product: Product) -> None:
    process = product.start("run", *EMPTY, "echo READY; sleep 600")
    assert process.stdout is not None
    assert process.stdout.readline() == "READY\n"
    (container,) = product.client().containers(sorted(CONTAINER_LIVE))
    assert product.run("container", "terminate", container.id).returncode == 0
    process.communicate(timeout=60)
    assert process.returncode == 130


@pytest.mark.long
def test_the_controller_that_is_killed_meanwhile_costs_nothing(product: Product, tmp_path: Path) -> None:
    place = tmp_path / "here"
    place.mkdir()
    process = product.start(
        "run", "echo one; until [ -e go ]; do sleep 0.02; done; echo two; exit 7", cwd=place
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "one\n"
    os.kill(product.json("controller", "status")["pid"], signal.SIGKILL)
    (place / "go").touch()
    assert process.communicate(timeout=30)[0] == "two\n"
    assert process.returncode == 7


def test_a_shell_or_attach_without_a_terminal_says_what_to_do(product: Product) -> None:
    code, error = product.error("shell", *EMPTY)
    assert (code, error["code"]) == (1, "E601")
    assert product.json("task", "list") == []


@pytest.mark.parametrize("command", ["-", "-x", "--version"])
def test_a_command_that_begins_with_a_dash_is_no_option_of_the_shell(product: Product, command: str) -> None:
    done = product.run("run", *EMPTY, "--", command)
    assert done.returncode == 127
    assert command in done.stdout
