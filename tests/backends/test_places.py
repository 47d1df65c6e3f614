"""Workspaces and state directories in odd places, as the backend alone meets them."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from parhelia_tui.core.backends.local import workspaces
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.paths import Paths
from tests.support.in_namespace import run_on_small_disk
from tests.support.local import Local
from tests.support.product import Product

pytestmark = pytest.mark.real


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A directory on a file system in memory."""
    made = Path(tempfile.mkdtemp(prefix="ph-", dir="/dev/shm"))
    yield made
    shutil.rmtree(made)


def deep(tmp_path: Path) -> Path:
    """A directory whose path has nearly as many bytes as the kernel takes (PATH_MAX, 4096)."""
    made = tmp_path
    while len(str(made)) < 3700:
        made /= "d" * 200
    return made


def made_in(local: Local, workspace: Path) -> bool:
    """Whether what a command makes in its workspace is in that directory."""
    container = local.create("pwd; echo done > made; exec test -O .", workspace)
    record = local.end(container)
    assert (record.exit_code, record.tail) == (0, ("/workspace",)), record
    return (workspace / "made").read_text() == "done\n"


@pytest.mark.parametrize(
    "place", ["not UTF-8", "colons, commas\\and\ttabs", "deep", "a link", "another file system"]
)
def test_a_workspace_may_be_anywhere_and_have_any_name(
    local: Local, tmp_path: Path, elsewhere: Path, place: str
) -> None:
    where = tmp_path / place
    if place == "not UTF-8":
        where = tmp_path / os.fsdecode(b"latin \xe9\xff")
    elif place == "deep":
        where = deep(tmp_path)
    elif place == "another file system":
        where = elsewhere / "work"
    if place == "a link":
        (tmp_path / "real").mkdir()
        where.symlink_to(tmp_path / "real")
    else:
        where.mkdir(parents=True)
    assert made_in(local, where)


@pytest.mark.parametrize("persistent", [False, True], ids=["", "persistent"])
def test_the_state_directory_may_have_any_name(tmp_path: Path, persistent: bool) -> None:
    name = "spaces, commas: colons; back\\slash 'and' \"quotes\" $(true)"
    product = Product(tmp_path / name / "state")
    local = Local(product.paths)
    try:
        work = tmp_path / "work"
        work.mkdir()
        container = local.create("echo $HOME; touch made", work, persistent=persistent)
        assert local.end(container).tail == ("/home/agent",)
        assert (work / "made").exists()
        mounts = Path("/proc/mounts").read_text()
        assert container not in mounts
    finally:
        local.close()
        product.close()


@pytest.mark.parametrize("place", ["the state directory", "below it", "above it", "a link below it"])
def test_what_would_show_a_container_the_state_is_refused(local: Local, tmp_path: Path, place: str) -> None:
    home = local.paths.home
    (home / "containers" / "other").mkdir(parents=True)
    where = {
        "the state directory": home,
        "below it": home / "containers" / "other",
        "above it": home.parent,
        "a link below it": tmp_path / "link",
    }[place]
    if place == "a link below it":
        where.symlink_to(home / "containers")
    with pytest.raises(ParheliaError) as refused:
        local.create("true", where)
    assert refused.value.code == "E204"
    assert "state of Parhelia" in refused.value.message


@pytest.mark.parametrize("place", ["/", "/etc", "/proc/self", "/dev", "/usr/lib"])
def test_a_part_of_the_system_is_refused(local: Local, place: str) -> None:
    with pytest.raises(ParheliaError) as refused:
        local.create("true", Path(place))
    assert refused.value.code == "E204"


READ_ONLY = """
import subprocess, sys
from pathlib import Path
from parhelia_tui.core.backends.local import workspaces
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.paths import Paths
disk = Path(sys.argv[1])
work = disk / "work"
work.mkdir()
subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
try:
    workspaces.checked(work, Paths(Path(sys.argv[2])))
except ParheliaError as error:
    print(error)
"""


def test_a_read_only_workspace_is_refused(tmp_path: Path) -> None:
    said = run_on_small_disk(READ_ONLY, tmp_path / "disk", 256, (str(tmp_path / "state"),))
    assert said.startswith("E204: ")
    assert "cannot be read and written" in said


FULL = """
import asyncio, json, sys
from pathlib import Path
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.paths import Paths
from tests.support.local import Local

disk, work = Path(sys.argv[1]), Path(sys.argv[2])
local = Local(Paths(disk / "state"))
seen = []
try:
    for free in map(int, sys.argv[4:]):
        ballast = disk / "ballast"
        with ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
            file.truncate(max(0, file.tell() - free * 1024))
        try:
            container = local.create("echo x; exit 7", work)
        except ParheliaError as error:
            left = [each.name for each in local.paths.containers.glob("*")]
            seen.append([error.code, left])
        else:
            seen.append([local.end(container).exit_code, list(local.look(container).exit.tail)])
            asyncio.run(local.backend.remove(container))
        ballast.unlink()
    container = local.create(sys.argv[3], work)
    with (disk / "ballast").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    (work / "go").touch()
    record = local.end(container)
    seen.append([record.exit_code, record.tail[-1], len(record.tail)])
finally:
    local.close()
print(json.dumps(seen))
"""


def test_a_container_on_a_full_disk_is_created_or_refused_and_a_running_one_keeps_its_end(
    tmp_path: Path,
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    flood = "until [ -e go ]; do sleep 0.02; done; yes | head -c 300000; echo; echo end; exit 8"
    free = [0, 8, 60, 120, 200, 400, 2000]
    seen = json.loads(run_on_small_disk(FULL, tmp_path / "disk", 6000, (str(work), flood, *map(str, free))))
    *created, running = seen
    assert created[0] == ["E507", []]
    assert created[-1] == [7, ["x"]]
    assert all(each in (["E507", []], [7, ["x"]]) for each in created), created
    assert running == [8, "end", 40]


def test_where_the_home_is_is_looked_up_once_for_many_and_again_after_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, work, named = tmp_path / "home", tmp_path / "work", tmp_path / "named"
    home.mkdir()
    work.mkdir()
    named.symlink_to(home)
    monkeypatch.setenv("HOME", str(named))
    paths = Paths(tmp_path / "state")
    assert workspaces.danger(work, paths) == ""
    named.unlink()
    named.symlink_to(work)
    assert workspaces.danger(work, paths) == ""
    monkeypatch.setattr(workspaces, "LOOKED_FOR_S", 0.0)
    assert workspaces.danger(work, paths) == "holds your home directory, which no container may see"
