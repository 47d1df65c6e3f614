"""What a person does in `parhelia shell`: commands, files, history, completion, an editor."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.acceptance_cases.shells import PROMPT, Shell
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real


def test_it_starts_as_the_agent_in_the_workspace_with_the_variables_that_were_given(
    shell: Shell, place: Path, product: Product
) -> None:
    (place / "mine").write_text("of the host\n")
    terminal = shell("-w", str(place), "-e", "DEBUG=1")
    terminal.write(b'echo "<$(whoami) $PWD $(pwd) $DEBUG $(cat mine)>"\r')
    terminal.wait_for(rb"<agent /workspace /workspace 1 of the host>")
    (container,) = product.json("container", "list")
    assert container["workspace"] == str(place)


def test_lines_of_a_script_history_and_completion_work(shell: Shell, place: Path) -> None:
    (place / "a-long-name").write_text("its words\n")
    terminal = shell("-w", str(place))
    terminal.write(b'for each in 1 2\rdo\recho "<$((each * 21))>"\rdone\r')
    terminal.wait_for(rb"<21>.*<42>.*" + PROMPT)
    terminal.write(b'echo "<$((6 * 7))>"\r')
    terminal.wait_for(rb"<42>.*" + PROMPT)
    # The arrow up, twice, is the loop again.
    terminal.write(b"\x1b[A\x1b[A\r")
    terminal.wait_for(rb"<21>.*<42>.*" + PROMPT)
    terminal.write(b"cat a-l\t\r")
    terminal.wait_for(rb"its words.*" + PROMPT)


def test_files_go_both_ways_at_once_and_belong_to_the_user(shell: Shell, place: Path) -> None:
    terminal = shell("-w", str(place))
    terminal.write(b"echo inside > made; mkdir -p deep/er; echo two > deep/er/file\r")
    wait_until(lambda: (place / "deep/er/file").exists() and (place / "deep/er/file").read_text(), 30)
    assert (place / "made").read_text() == "inside\n"
    assert [path.stat().st_mode & 0o777 for path in (place / "made", place / "deep")] == [0o644, 0o755]
    for path in (place / "made", place / "deep", place / "deep/er/file"):
        assert (path.stat().st_uid, path.stat().st_gid) == (os.getuid(), os.getgid())
    (place / "of-the-host").write_text("just written\n")
    terminal.write(b'echo "<$(cat of-the-host)>"\r')
    terminal.wait_for(rb"<just written>")


def test_an_editor_on_the_whole_screen_changes_a_file_of_the_host(shell: Shell, place: Path) -> None:
    (place / "text").write_text("first\n")
    terminal = shell("-w", str(place))
    # A small editor of ours, as no machine has one for certain: raw keys, the other screen, Ctrl+X writes.
    (place / "edit.py").write_text(EDITOR)
    terminal.write(b"python3 edit.py text\r")
    terminal.wait_for(rb"EDITING first")
    terminal.write(b" and second")
    terminal.wait_for(rb"and second")
    terminal.write(b"\x18")
    terminal.wait_for(PROMPT)
    assert (place / "text").read_text() == "first and second\n"


EDITOR = """
import os, sys, tty
text = open(sys.argv[1]).read().rstrip()
tty.setraw(0)
os.write(1, b"\\x1b[?1049h\\x1b[2J\\x1b[HEDIT" + b"ING " + text.encode())
while (key := os.read(0, 1)) != b"\\x18":
    text += key.decode()
    os.write(1, key)
open(sys.argv[1], "w").write(text + "\\n")
os.write(1, b"\\x1b[?1049l")
os.system("stty sane")
"""
