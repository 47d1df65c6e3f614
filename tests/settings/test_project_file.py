"""A project's file comes from a workspace that may be hostile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.config import Config
from parhelia_tui.core.settings.config_files import project_file
from parhelia_tui.core.settings.config_layers import leaves
from parhelia_tui.core.settings.project_rules import FREE, NARROWER
from tests.support.in_namespace import run_on_small_disk

if TYPE_CHECKING:
    from tests.settings.conftest import House


def test_the_nearest_file_counts(house: House) -> None:
    deep = house.project / "src" / "deep"
    deep.mkdir(parents=True)
    house.write(house.project.parent / ".parhelia.toml", "zzz = 1\n")
    house.write(house.project_file, "[defaults]\nagent = 'demo'\n")
    loaded = house.load(cwd=deep)
    assert loaded.config.defaults.agent == "demo"
    assert loaded.files == [house.project_file]


def test_the_search_ends_below_the_home(house: House) -> None:
    environ = {"HOME": str(house.home)}
    house.write(house.home / ".parhelia.toml", "")
    house.write(house.root / ".parhelia.toml", "")
    assert project_file(house.project, environ) is None
    assert project_file(house.home, environ) is None
    # Not in the home at all: it goes up, past the root of the test.
    other = house.root / "srv" / "project"
    other.mkdir(parents=True)
    assert project_file(other, environ) == house.root / ".parhelia.toml"


def test_the_search_ends_below_a_public_directory(house: House) -> None:
    public = house.root / "public"
    inside = public / "project"
    inside.mkdir(parents=True)
    house.write(public / ".parhelia.toml", "")
    environ = {"HOME": str(house.home)}
    assert project_file(inside, environ) == public / ".parhelia.toml"
    public.chmod(0o1777)
    assert project_file(inside, environ) is None
    assert project_file(public, environ) is None


@pytest.mark.real
def test_the_search_ends_at_the_border_of_a_filesystem(house: House) -> None:
    house.write(house.project_file, "")
    script = """
import sys
from pathlib import Path
from parhelia_tui.core.settings.config_files import project_file
below = Path(sys.argv[1], "below")
below.mkdir()
print(project_file(below, {"HOME": "/nowhere"}))
Path(sys.argv[1], ".parhelia.toml").touch()
print(project_file(below, {"HOME": "/nowhere"}))
"""
    disk = house.project / "disk"
    assert run_on_small_disk(script, disk, 64).split() == ["None", str(disk / ".parhelia.toml")]


def test_a_directory_that_is_gone_has_no_file(house: House) -> None:
    assert project_file(house.project / "gone", {"HOME": str(house.home)}) is None


def test_a_link_in_the_path_is_not_the_way_up(house: House) -> None:
    """The search follows the real directories, so a link cannot lend a project another one's file."""
    house.write(house.project_file, "")
    elsewhere = house.root / "elsewhere"
    elsewhere.mkdir()
    (house.project / "link").symlink_to(elsewhere)
    assert project_file(house.project / "link", {"HOME": str(house.home)}) is None


def _wrong(house: House, text: str) -> ParheliaError:
    house.write(house.project_file, text)
    with pytest.raises(ParheliaError) as caught:
        house.load()
    assert caught.value.code == "E700"
    return caught.value


REFUSED = sorted(
    {path for path, _ in leaves(Config().model_dump())} - FREE - set(NARROWER) | {("defaults", "backend")}
)


@pytest.mark.parametrize("path", REFUSED, ids=".".join)
def test_whatever_the_table_does_not_name_is_refused(house: House, path: tuple[str, ...]) -> None:
    value = Config().model_dump()[path[0]][path[1]]
    if value is None:
        value = 1.5 if path[1].endswith("_usd") else 64 if path[0] == "local" else "anything"
    written = {True: "true", False: "false"}.get(value, repr(value)) if isinstance(value, bool) else repr(
        list(value) if isinstance(value, tuple) else value
    )  # fmt: skip
    error = _wrong(house, f"\n[{'.'.join(path[:-1])}]\n{path[-1]} = {written}\n")
    key = ".".join(path)
    assert error.message == (
        f"{house.project_file}:3: a project may not set {key};"
        " set it in your own configuration file, by a variable or by a flag"
    )
    assert error.details == {
        "key": key,
        "place": f"{house.project_file}:3",
        "file": str(house.project_file),
        "line": 3,
    }


def test_every_key_of_the_tables_exists() -> None:
    known = {path for path, _ in leaves(Config().model_dump())} | {("defaults", "env")}
    assert known >= FREE | set(NARROWER)


def test_a_new_table_is_refused_until_somebody_allows_it() -> None:
    free = {path[0] for path in FREE | set(NARROWER)}
    assert free == {"defaults"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[defaults]\nnetwork = 'open'\n", "a project may not raise defaults.network from none to open"),
        ("[defaults]\npriority = 1\n", "a project may not raise defaults.priority from 0 to 1"),
        (
            "[defaults.limits]\npids = 5000\n",
            "a project may not raise defaults.limits.pids from 4096 to 5000",
        ),
        (
            "[defaults.env]\nANTHROPIC_BASE_URL = 'x'\n",
            "a project may not set the variable ANTHROPIC_BASE_URL",
        ),
        ("[defaults.env]\nparhelia_x = 'x'\n", "a project may not set the variable parhelia_x"),
        ("[profiles.p.local]\nunsandboxed = true\n", "a project may not set local.unsandboxed"),
        ("[profiles.p.defaults]\nnetwork = 'open'\n", "a project may not raise defaults.network"),
    ],
)
def test_a_project_cannot_widen(house: House, text: str, said: str) -> None:
    error = _wrong(house, text)
    assert error.message.startswith(f"{house.project_file}:2: {said}"), error.message


def test_a_project_may_narrow_what_the_user_opened(house: House) -> None:
    house.write(house.user_file, "[defaults]\nnetwork='open'\npriority=5\n")
    text = (
        "[defaults]\nnetwork='none'\npriority=3\nworkspace_mode='clone'\n[defaults.limits]\ncpus=1\npids=64\n"
    )
    house.write(house.project_file, text)
    config = house.load().config
    assert (config.defaults.network, config.defaults.priority) == ("none", 3)
    assert (config.defaults.workspace_mode, config.defaults.limits.cpus) == ("clone", 1.0)
    house.write(house.project_file, "[defaults]\nnetwork='open'\npriority=5\n")
    assert house.load().config.defaults.network == "open"


def test_a_project_may_say_how_work_on_it_is_done(house: House) -> None:
    house.write(
        house.project_file, "[defaults]\nagent='demo'\npersistent=true\nenv={LANG='C', NODE_ENV='x'}\n"
    )
    defaults = house.load().config.defaults
    assert (defaults.agent, defaults.persistent) == ("demo", True)
    assert defaults.env == {"LANG": "C", "NODE_ENV": "x"}


def test_a_flag_and_a_variable_may_open_what_a_project_may_not(house: House) -> None:
    house.write(house.project_file, "[defaults]\nnetwork='none'\n")
    assert house.load({"defaults.network": "open"}).config.defaults.network == "open"
    environ = {"PARHELIA_DEFAULTS__NETWORK": "open"}
    assert house.load(environ=environ).config.defaults.network == "open"


def test_the_users_own_file_is_never_a_projects(house: House) -> None:
    """A configuration directory that is itself the working directory, by a link, keeps its rights."""
    house.write(house.user_file, "[local]\nunsandboxed = true\n")
    house.project_file.symlink_to(house.user_file)
    loaded = house.load()
    assert loaded.config.local.unsandboxed
    assert loaded.files == [house.user_file]
