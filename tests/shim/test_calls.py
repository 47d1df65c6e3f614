"""Following a container by a fork of the keeper, over a shell that copies."""

from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from parhelia_tui.core.backends.modal.shim_file import follow_words
from parhelia_tui.core.shim import elsewhere, exit_record, spool
from parhelia_tui.core.shim.calls import LINES, Calls
from parhelia_tui.core.shim.main import LOCK
from tests.support.waiting import wait_until

PATIENCE_S = 60.0
KEEPER = """
import sys
from parhelia_tui.core.shim.calls import Calls
calls = Calls(sys.argv[1])
while True:
    calls.serve(0.05)
"""
STOOD_ASIDE = "sleep 60"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run directory in which a container has ended."""
    place = tmp_path / "run"
    place.mkdir()
    (place / spool.NAME).write_text('{"seq": 1}\n')
    (place / exit_record.NAME).write_text("{}")
    return place


@pytest.fixture
def callers() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that are ended with the test."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for each in started:
        # Who calls ends with its input, and what it started ends with it.
        if each.stdin is None:
            each.kill()
        elif not each.stdin.closed:
            each.stdin.close()
    for each in started:
        each.wait(PATIENCE_S)
        if each.stdout is not None:
            each.stdout.close()


def call(run: Path, offset: int = 0, *, waits_s: int = 60) -> subprocess.Popen[bytes]:
    """Ask to be told, as a command in a sandbox does."""
    words = [each.replace(STOOD_ASIDE, f"sleep {waits_s}") for each in follow_words(str(run), offset, 0)]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def keep(run: Path) -> subprocess.Popen[bytes]:
    """Answer calls."""
    return subprocess.Popen([sys.executable, "-c", KEEPER, str(run)])


def told(caller: subprocess.Popen[bytes]) -> list[bytes]:
    """What it is told until its end."""
    assert caller.stdout is not None
    lines = [caller.stdout.readline()]
    while not lines[-1].startswith(b"{}"):
        assert lines[-1], lines
        lines.append(caller.stdout.read(2) if lines[-1].startswith(b"exit ") else caller.stdout.readline())
    return lines


def test_each_caller_is_told_from_where_it_was_and_leaves_nothing(
    run: Path, callers: list[subprocess.Popen[bytes]]
) -> None:
    # The first is there before the keeper.
    first = call(run)
    callers.append(first)
    wait_until(lambda: (run / elsewhere.CALLS).is_fifo(), PATIENCE_S)
    callers.append(keep(run))
    second = call(run, len('{"seq": 1}\n'))
    callers.append(second)
    assert told(first) == [b"spool 11\n", b'{"seq": 1}\n', b"exit 2\n", b"{}"]
    assert told(second) == [b"exit 2\n", b"{}"]
    assert list((run / LINES).iterdir()) == []
    for each in (first, second):
        assert each.stdin is not None
        # Its input is handed on: with its end the answer ends.
        each.stdin.close()
        assert each.wait(PATIENCE_S) in (0, 1)


def test_the_end_is_told_after_the_last_record(run: Path, callers: list[subprocess.Popen[bytes]]) -> None:
    """A supervisor writes it after its exit record, and who is told of the end reads nothing more."""
    lock = os.open(run / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    callers.append(keep(run))
    caller = call(run)
    callers.append(caller)
    assert caller.stdout is not None
    assert [caller.stdout.readline() for _ in range(2)] == [b"spool 11\n", b'{"seq": 1}\n']
    with (run / spool.NAME).open("a") as records:
        records.write('{"seq": 2}\n')
    assert [caller.stdout.readline() for _ in range(2)] == [b"spool 11\n", b'{"seq": 2}\n']
    os.close(lock)
    assert told(caller) == [b"exit 2\n", b"{}"]


def test_the_directories_above_are_open_to_others_and_the_lines_to_nobody(
    tmp_path: Path, callers: list[subprocess.Popen[bytes]]
) -> None:
    """What lies beside the agent's socket is read by another user."""
    run = tmp_path / "var" / "run"
    callers.append(call(run, waits_s=1))
    wait_until(lambda: (run / elsewhere.CALLS).is_fifo(), PATIENCE_S)
    modes = [
        stat.S_IMODE(each.stat().st_mode) for each in (run.parent, run, run / LINES, run / elsewhere.CALLS)
    ]
    assert modes == [0o755, 0o755, 0o700, 0o600]


def test_a_caller_whom_nobody_answers_goes(run: Path, callers: list[subprocess.Popen[bytes]]) -> None:
    """Else a sandbox whose keeper hangs would never be idle."""
    caller = call(run, waits_s=1)
    callers.append(caller)
    assert caller.wait(PATIENCE_S) in (0, 1)
    wait_until(lambda: list((run / LINES).iterdir()) == [], PATIENCE_S)


def test_a_call_that_is_none_ends_nobody(run: Path, callers: list[subprocess.Popen[bytes]]) -> None:
    keeper = keep(run)
    callers.append(keeper)
    wait_until(lambda: (run / elsewhere.CALLS).is_fifo(), PATIENCE_S)
    with (run / elsewhere.CALLS).open("wb") as door:
        door.write(b"\n../../etc 0 0\nx\nbrought\n\xff \xff\n")
    caller = call(run)
    callers.append(caller)
    assert told(caller)[-1] == b"{}"
    assert keeper.poll() is None


def test_the_keeper_outlives_that_no_process_is_to_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent may take all that there are, and the end of the keeper would be that of the sandbox."""

    def refuse(*_: object, **__: object) -> int:
        raise BlockingIOError

    calls = Calls(str(tmp_path))
    (tmp_path / elsewhere.CALLS).write_text("1 0 0\n")
    monkeypatch.setattr(os, "fork", refuse)
    monkeypatch.setattr(os, "posix_spawnp", refuse)
    calls.serve(PATIENCE_S)
    assert elsewhere.tmux(str(tmp_path), "has-session") == 1


def test_a_keeper_of_an_earlier_version_is_asked_by_a_command_of_its_own(run: Path) -> None:
    (run / "spec.json").write_text("{}")
    words = [
        each.replace("import sys\n", "import sys\nsys.stdout.write('started\\n')\n", 1)
        for each in follow_words(str(run), 0, 0)
    ]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_S)
    assert done.stdout.startswith(b"started")
    assert not (run / elsewhere.CALLS).exists()
