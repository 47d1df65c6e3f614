"""kill -9 at any moment: the store stays whole, and a workspace is the old or the new one."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from parhelia_tui.core.checkpoints.capture import capture
from parhelia_tui.core.checkpoints.collect import collect
from parhelia_tui.core.checkpoints.recover import Recovery, recover
from parhelia_tui.core.checkpoints.repository import Repository
from parhelia_tui.core.checkpoints.restore import restore
from parhelia_tui.core.checkpoints.rollback import rollback
from parhelia_tui.core.checkpoints.verify import verify
from tests.checkpoints.oddities import make_oddities, vandalise
from tests.checkpoints.strict import differences

ROOT = Path(__file__).resolve().parents[2]
FEW = 5
MANY = 100


@dataclass(frozen=True)
class Scene:
    """A store with two checkpoints of one workspace, and both as they have to come back."""

    store: Path
    live: Path
    first: str
    second: str
    wanted_first: Path
    wanted_second: Path


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    top = tmp_path_factory.mktemp("scene")
    live = top / "ws"
    make_oddities(live)
    with Repository(top / "store") as repository:
        first = capture(repository, live).tree
        restore(repository, first, top / "first")
        vandalise(live)
        second = capture(repository, live).tree
        restore(repository, second, top / "second")
    return Scene(top / "store", live, first, second, top / "first", top / "second")


def act(at: int, *words: object) -> int:
    """Run `killed.py`; give the number of touches, 0 when it was killed."""
    command = [sys.executable, "-m", "tests.checkpoints.killed", str(at), *map(os.fspath, map(str, words))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    if done.returncode == -signal.SIGKILL:
        return 0
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def points(total: int, many: bool) -> list[int]:
    """Choose moments: all over the work, and always the last ones, where things are published."""
    choose = random.Random(total)
    count = MANY if many else FEW
    chosen = {*range(max(1, total - count // 2), total + 1), *choose.choices(range(1, total + 1), k=count)}
    return sorted(chosen)


MODES = [pytest.param(False, id="some"), pytest.param(True, id="many", marks=pytest.mark.long)]


@pytest.fixture
def copies(scene: Scene, tmp_path: Path) -> Scene:
    """The scene, with a store of its own and a workspace that is as the second checkpoint."""
    shutil.copytree(scene.store, tmp_path / "store")
    with Repository(tmp_path / "store") as repository:
        restore(repository, scene.second, tmp_path / "ws")
    return Scene(
        tmp_path / "store",
        tmp_path / "ws",
        scene.first,
        scene.second,
        scene.wanted_first,
        scene.wanted_second,
    )


def assert_whole(scene: Scene, tmp_path: Path) -> None:
    """The store verifies and both checkpoints come back bit for bit."""
    with Repository(scene.store) as repository:
        assert verify(repository) == []
        for tree, wanted in ((scene.first, scene.wanted_first), (scene.second, scene.wanted_second)):
            out = tmp_path / "out"
            restore(repository, tree, out)
            assert differences(wanted, out) == []
            remove(out)


def remove(directory: Path) -> None:
    subprocess.run(["chmod", "-R", "u+rwX", directory], check=True)
    shutil.rmtree(directory)


@pytest.mark.parametrize("many", MODES)
def test_a_capture_that_is_killed_leaves_the_store_whole(copies: Scene, tmp_path: Path, many: bool) -> None:
    (copies.live / "new").chmod(0o755)
    (copies.live / "new" / "fresh").write_bytes(os.urandom(300_000))
    spare = tmp_path / "spare"
    shutil.copytree(copies.store, spare)
    total = act(0, "capture", spare, copies.live)
    for at in points(total, many):
        act(at, "capture", copies.store, copies.live)
        with Repository(copies.store) as repository:
            assert verify(repository) == []
    assert_whole(copies, tmp_path)
    with Repository(copies.store) as repository:
        third = capture(repository, copies.live)
        collect(repository, [copies.first, copies.second, third.tree])
        assert not list(copies.store.glob("*/*.new"))
        restore(repository, third.tree, tmp_path / "third")
    assert differences(copies.live, tmp_path / "third") == []
    assert_whole(copies, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("many", MODES)
def test_a_rollback_that_is_killed_is_finished_or_undone(copies: Scene, tmp_path: Path, many: bool) -> None:
    journal = tmp_path / "journal"
    total = act(0, "rollback", copies.store, copies.first, copies.live, journal)
    seen = set()
    with Repository(copies.store) as repository:
        for at in points(total, many):
            rollback(repository, copies.second, copies.live, journal)
            assert act(at, "rollback", copies.store, copies.first, copies.live, journal) == 0
            if at < total:
                # The way back may be cut off as well, or come to its end there; the last one is all recovered here.
                act(at % 23 + 5, "recover", copies.store, copies.live, journal)
            seen.add(recover(copies.live, journal))
            old = differences(copies.wanted_second, copies.live)
            new = differences(copies.wanted_first, copies.live)
            assert not old or not new, (at, total, old[:5], new[:5])
            assert not list(tmp_path.glob("journal*"))
            assert recover(copies.live, journal) is Recovery.NOTHING
    assert Recovery.FINISHED in seen
    assert_whole(copies, tmp_path)


@pytest.mark.parametrize("many", MODES)
def test_a_clean_up_that_is_killed_leaves_every_live_checkpoint(
    copies: Scene, tmp_path: Path, many: bool
) -> None:
    spare = tmp_path / "spare"
    shutil.copytree(copies.store, spare)
    total = act(0, "collect", spare, copies.second, copies.first)
    for at in points(total, many):
        shutil.rmtree(spare)
        shutil.copytree(copies.store, spare)
        assert act(at, "collect", spare, copies.second, copies.first) == 0
        with Repository(spare) as repository:
            assert verify(repository) == []
            collect(repository, [copies.second], dead=[copies.first])
            assert verify(repository) == []
            assert repository.trees() == [copies.second]
            assert not list(spare.glob("*/*.new"))
    with Repository(spare) as repository:
        restore(repository, copies.second, tmp_path / "out")
    assert differences(copies.wanted_second, tmp_path / "out") == []


@pytest.mark.long
@pytest.mark.parametrize("many", MODES)
def test_a_restore_that_is_killed_leaves_no_target(copies: Scene, tmp_path: Path, many: bool) -> None:
    place = tmp_path / "place"
    place.mkdir()
    total = act(0, "restore", copies.store, copies.first, place / "whole")
    assert differences(copies.wanted_first, place / "whole") == []
    for at in points(total, many):
        act(at, "restore", copies.store, copies.first, place / "out")
        if (place / "out").exists():
            assert differences(copies.wanted_first, place / "out") == []
            remove(place / "out")
    remove(place)
    assert_whole(copies, tmp_path)
