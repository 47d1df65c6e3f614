"""The demo agent's program where no terminal is: under a pipe, with nothing to read, with nobody to hear."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.agents.demo.agent import OPTIONS, PROGRAM
from parhelia_tui.core.agents.interpreter import interpreter


def command(tmp_path: Path, **options: Any) -> list[str]:
    """Write a script and give the command that plays it."""
    script = {"prompt": "join intervals", **{name: each.default for name, each in OPTIONS.items()}, **options}
    path = tmp_path / "script.json"
    path.write_text(json.dumps(script))
    return [*interpreter()[0], str(PROGRAM / "__main__.py"), str(path)]


def play(tmp_path: Path, place: Path, stdin: int = subprocess.DEVNULL, **options: Any) -> Any:
    """Play a script to its end."""
    return subprocess.run(
        command(tmp_path, pace=0, seed=1, **options),
        stdin=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=place,
        check=False,
    )


def test_a_question_that_nobody_can_answer_is_taken_for_yes(tmp_path: Path, place: Path) -> None:
    done = play(tmp_path, place, ask="always")
    assert (done.returncode, done.stderr) == (0, "")
    assert "[Y/n]" in done.stdout
    assert "Done: intervals." in done.stdout
    assert sorted(entry.name for entry in place.iterdir()) == ["intervals"]


def test_an_answer_may_come_from_a_pipe(tmp_path: Path, place: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"n\n")
    os.close(writing)
    try:
        asked = play(tmp_path, place, reading, ask="always")
    finally:
        os.close(reading)
    assert asked.returncode == 0
    quiet = place / "quiet"
    quiet.mkdir()
    play(tmp_path, quiet, ask="never")
    test = "intervals/test_intervals.py"
    assert len((place / test).read_text()) < len((quiet / test).read_text())


def test_nothing_but_text_goes_where_no_terminal_is(tmp_path: Path, place: Path) -> None:
    done = play(tmp_path, place, ask="always", prompt="join\x1b[31m intervals\x07\r\n")
    assert [letter for letter in done.stdout if not letter.isprintable() and letter != "\n"] == []


def test_a_closed_standard_input_is_no_hindrance(tmp_path: Path, place: Path) -> None:
    words = ["/bin/sh", "-c", 'exec "$@" <&-', "sh", *command(tmp_path, pace=0, seed=1, ask="always")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, cwd=place, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_it_ends_when_nobody_hears_it_any_more(tmp_path: Path, place: Path) -> None:
    process = subprocess.Popen(
        command(tmp_path, pace=0, seed=1, ask="never", flood_mb=5),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=place,
    )
    assert process.stdout is not None
    process.stdout.read(1000)
    process.stdout.close()
    assert process.wait(60) == 129
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()


@pytest.mark.parametrize("text", ["", "{"])
def test_a_script_that_cannot_be_read_is_said(tmp_path: Path, place: Path, text: str) -> None:
    words = command(tmp_path)
    Path(words[-1]).write_text(text)
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, cwd=place, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("the demo agent's script cannot be read: ")
    assert "Traceback" not in done.stderr
