"""A checkpoint of a workspace in which somebody works, of one that is empty, and of one that is gone."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from parhelia_tui.core.checkpoints import scouts
from parhelia_tui.core.checkpoints.capture import Capture, capture
from parhelia_tui.core.checkpoints.repository import Repository
from parhelia_tui.core.checkpoints.restore import restore
from parhelia_tui.core.checkpoints.verify import verify
from parhelia_tui.core.checkpoints.watch import Watch
from parhelia_tui.core.model.errors import ParheliaError
from tests.checkpoints.strict import differences
from tests.support.waiting import wait_until

WRITER = """
import os, random, sys
top = sys.argv[1]
choose = random.Random(1)
made = 0
while True:
    place = os.path.join(top, f"d{choose.randrange(20)}")
    os.makedirs(place, exist_ok=True)
    name = os.path.join(place, f"f{choose.randrange(40)}")
    what = choose.randrange(6)
    try:
        if what < 3:
            with open(name, "ab" if what else "wb") as file:
                file.write(choose.randbytes(choose.randrange(3000)))
        elif what == 3:
            os.unlink(name)
        elif what == 4:
            os.rename(name, name + "x")
        else:
            os.rename(place, os.path.join(top, f"d{choose.randrange(20)}"))
    except OSError:
        pass
    made += 1
    if made == 2000:
        open(top + ".ready", "w").close()
"""


@contextmanager
def stopped(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Let a process stand still."""
    process.send_signal(signal.SIGSTOP)
    wait_until(lambda: Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T", 30)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    live = tmp_path / "ws"
    live.mkdir()
    process = subprocess.Popen([sys.executable, "-c", WRITER, live])
    try:
        wait_until((tmp_path / "ws.ready").exists, 60)
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("processes", [1, 3])
def test_what_is_captured_is_what_was_there_in_the_pause(
    repository: Repository,
    tmp_path: Path,
    writer: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
    processes: int,
) -> None:
    monkeypatch.setattr(scouts, "_WORTH", 0)
    live = tmp_path / "ws"
    previous = None
    for number in range(4):
        copy = tmp_path / f"copy{number}"

        @contextmanager
        def pause(copy: Path = copy) -> Iterator[None]:
            with stopped(writer):
                yield
                subprocess.run(["cp", "-a", live, copy], check=True)

        made = capture(repository, live, previous, pause=pause, processes=processes)
        previous = made.tree
        assert made.watched
        assert made.unsettled == ()
        restore(repository, made.tree, tmp_path / f"out{number}")
        assert differences(copy, tmp_path / f"out{number}") == []
    assert verify(repository) == []


@pytest.mark.parametrize("again", [False, True])
def test_what_happens_to_a_directory_before_it_is_watched_is_seen(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    live = tmp_path / "ws"
    (live / "above" / "below").mkdir(parents=True)
    os.utime(live / "above" / "below", ns=(1, 1))
    before = capture(repository, live).tree if again else None
    add = Watch.add

    def late(watch: Watch, opened: int, path: str) -> None:
        if path == "above/below":
            # The directory above has been listed.
            (live / path / "late").touch()
        add(watch, opened, path)

    monkeypatch.setattr(Watch, "add", late)
    made = capture(repository, live, before)
    restore(repository, made.tree, tmp_path / "out")
    assert differences(live, tmp_path / "out") == []
    assert made.unsettled == ()


LIMITED = """
import sys
from pathlib import Path
from parhelia_tui.core.checkpoints import scouts
from parhelia_tui.core.checkpoints.capture import capture
from parhelia_tui.core.checkpoints.repository import Repository
Path("/proc/sys/user/max_inotify_watches").write_text("3")
store, live, late = map(Path, sys.argv[1:])
def progress(stage, done, total):
    if stage == "scanning":
        late.write_text("written while it was read")
with Repository(store) as repository:
    made = capture(repository, live, progress=progress)
    print(made.watched, made.tree)
"""


def test_where_watches_run_out_everything_is_walked_again(repository: Repository, tmp_path: Path) -> None:
    live = tmp_path / "ws"
    for number in range(10):
        (live / f"d{number}").mkdir(parents=True)
    late = live / "d5" / "late"
    # In a user namespace of its own a process may lower its own limit, and nobody else's.
    done = subprocess.run(
        ["unshare", "-Ur", sys.executable, "-c", LIMITED, repository.root, live, late],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    watched, tree = done.stdout.split()
    assert watched == "False"
    restore(repository, tree, tmp_path / "out")
    assert differences(live, tmp_path / "out") == []


def test_two_captures_of_one_workspace_at_once(repository: Repository, tmp_path: Path) -> None:
    live = tmp_path / "ws"
    live.mkdir()
    for number in range(200):
        (live / f"f{number}").write_bytes(os.urandom(2000))
    made: list[Capture] = []

    def one() -> None:
        with Repository(repository.root) as mine:
            made.append(capture(mine, live))

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({each.tree for each in made}) == 1
    assert len(made) == 3
    assert verify(repository) == []


def test_an_empty_and_a_vanished_workspace(repository: Repository, tmp_path: Path) -> None:
    live = tmp_path / "ws"
    live.mkdir()
    made = capture(repository, live)
    assert (made.files, made.bytes) == (0, 0)
    restore(repository, made.tree, tmp_path / "out")
    assert differences(live, tmp_path / "out") == []
    live.rmdir()
    with pytest.raises(ParheliaError, match="E204"):
        capture(repository, live)
    live.write_text("no directory")
    with pytest.raises(ParheliaError, match="E204"):
        capture(repository, live)


def test_a_workspace_that_vanishes_meanwhile_is_an_empty_one_or_an_error(
    repository: Repository, tmp_path: Path
) -> None:
    live = tmp_path / "ws"
    (live / "d").mkdir(parents=True)
    (live / "d" / "f").write_text("x")

    def progress(stage: str, done: int, total: int) -> None:
        shutil.rmtree(live, ignore_errors=True)

    made = capture(repository, live, progress=progress)
    assert made.files == 0
    assert verify(repository) == []


def test_a_change_that_leaves_size_and_time_is_seen(repository: Repository, tmp_path: Path) -> None:
    live = tmp_path / "ws"
    live.mkdir()
    (live / "f").write_text("one")
    os.utime(live / "f", ns=(1, 1))
    first = capture(repository, live)
    (live / "f").write_text("two")
    os.utime(live / "f", ns=(1, 1))
    second = capture(repository, live, first.tree)
    assert second.changed == 1
    # The same within one step of the kernel's clock, again and again.
    for number in range(50):
        (live / "f").write_text(f"{number:03}")
        os.utime(live / "f", ns=(1, 1))
        made = capture(repository, live)
        assert made.tree != second.tree
        second = made


def test_a_capture_that_is_cancelled_leaves_nothing(repository: Repository, tmp_path: Path) -> None:
    live = tmp_path / "ws"
    live.mkdir()
    for number in range(50):
        (live / f"f{number}").write_bytes(os.urandom(20_000))

    class Enough(Exception):
        pass

    def progress(stage: str, done: int, total: int) -> None:
        if stage == "storing":
            raise Enough

    with pytest.raises(Enough):
        capture(repository, live, progress=progress)
    assert repository.trees() == []
    assert list((repository.root / "packs").iterdir()) == []
    before = time.monotonic()
    assert capture(repository, live).files == 50
    assert time.monotonic() - before < 60
