"""Which file wins, and what is said about a file that cannot be used."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.config import Config
from parhelia_tui.core.settings.config_files import load, user_file

if TYPE_CHECKING:
    from tests.settings.conftest import House


def test_without_files_everything_is_built_in(house: House) -> None:
    loaded = house.load()
    assert loaded.config == Config()
    assert set(loaded.sources.values()) == {"built-in"}
    assert loaded.files == []
    assert loaded.sources["local.unsandboxed"] == "built-in"


def test_each_layer_lies_over_the_one_before(house: House) -> None:
    house.write(
        house.system_file,
        "[defaults]\nagent='a1'\npriority=1\nnetwork='open'\n[sessions]\nmax_per_container=1\n",
    )
    house.write(house.user_file, "[defaults]\nagent='a2'\npriority=2\n[health]\ndead=20\n")
    house.write(house.project_file, "[defaults]\nagent='a3'\npriority=1\n")
    environ = {"PARHELIA_DEFAULTS__AGENT": "a4", "PARHELIA_CONTROLLER__MAX_CONTAINERS": "3"}
    loaded = house.load({"defaults.agent": "a5", "defaults.priority": None}, environ)
    config = loaded.config
    assert (config.defaults.agent, config.defaults.priority, config.defaults.network) == ("a5", 1, "open")
    assert config.controller.max_containers == 3
    assert config.sessions.max_per_container == 1
    assert config.health.dead == 20
    assert loaded.files == [house.system_file, house.user_file, house.project_file]
    assert loaded.sources["defaults.agent"] == "flag"
    assert loaded.sources["defaults.priority"] == f"{house.project_file}:3"
    assert loaded.sources["defaults.network"] == f"{house.system_file}:4"
    assert loaded.sources["controller.max_containers"] == "PARHELIA_CONTROLLER__MAX_CONTAINERS"
    assert loaded.sources["health.dead"] == f"{house.user_file}:5"
    assert loaded.sources["health.degraded"] == "built-in"


def test_lists_replace_and_tables_merge(house: House) -> None:
    house.write(house.system_file, "[local]\nsystem_paths=['/usr','/opt']\n[defaults.env]\nA='1'\nB='1'\n")
    house.write(house.user_file, "[local]\nsystem_paths=['/nix']\n[defaults]\nenv={B='2', C='2'}\n")
    loaded = house.load()
    assert loaded.config.local.system_paths == ("/nix",)
    assert loaded.config.defaults.env == {"A": "1", "B": "2", "C": "2"}
    assert loaded.sources["defaults.env.A"] == f"{house.system_file}:4"
    assert loaded.sources["defaults.env.B"] == f"{house.user_file}:4"


def test_false_and_zero_and_empty_are_set(house: House) -> None:
    house.write(
        house.system_file, "[defaults]\npersistent=true\npriority=5\n[local]\nsystem_paths=['/nix']\n"
    )
    house.write(house.user_file, "[defaults]\npersistent=false\npriority=0\n[local]\nsystem_paths=[]\n")
    config = house.load().config
    assert (config.defaults.persistent, config.defaults.priority) == (False, 0)
    assert config.local.system_paths == ()


def test_user_file_follows_xdg(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path)}
    assert user_file(home) == tmp_path / ".config/parhelia/config.toml"
    assert user_file({**home, "XDG_CONFIG_HOME": "/x"}) == Path("/x/parhelia/config.toml")
    # The specification: a relative path is to be ignored.
    assert user_file({**home, "XDG_CONFIG_HOME": "x"}) == tmp_path / ".config/parhelia/config.toml"
    assert user_file({**home, "XDG_CONFIG_HOME": ""}) == tmp_path / ".config/parhelia/config.toml"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[defaults]\nnetwrok = 'none'\n", 2, "unknown key 'netwrok' in [defaults]; did you mean 'network'?"),
        ("\n\n[default]\nagent = 'shell'\n", 3, "unknown key 'default'; did you mean 'defaults'?"),
        (
            "[defaults.limits]\npids = 9\n\ncpu = 2\n",
            4,
            "unknown key 'cpu' in [defaults.limits]; did you mean 'cpus'?",
        ),
        ("zzz = 1\n", 1, "unknown key 'zzz'"),
        ("defaults.limits.zzz = 1\n", 1, "unknown key 'zzz' in [defaults.limits]"),
        ("defaults = { agent = 'shell', zzz = 1 }\n", 1, "unknown key 'zzz' in [defaults]"),
        ("[defaults]\npriority = '4'\n", 2, "defaults.priority: it should be a valid integer"),
        ("[defaults]\npriority = true\n", 2, "defaults.priority: it should be a valid integer"),
        ("[defaults]\npersistent = 1\n", 2, "defaults.persistent: it should be a valid boolean"),
        (
            "[defaults]\nnetwork = 'wide'\n",
            2,
            "defaults.network: it should be 'none', 'api', 'allowlist' or 'open'",
        ),
        ("[defaults]\nenv = { A = 1 }\n", 2, "defaults.env.A: it should be a valid string"),
        ("[defaults.env]\n'A B' = '1'\n", 1, "defaults.env: 'A B' is not a name of an environment variable"),
        ("defaults = 3\n", 1, "defaults is a table, not a value"),
        ("[[defaults]]\nagent = 'shell'\n", 1, "defaults is a table, not a value"),
        ("[defaults]\nlimits = 3\n", 2, "defaults.limits is a table, not a value"),
        ("[local]\nsystem_paths = ['usr']\n", 2, "local.system_paths: each has to be an absolute path"),
        ("[local]\nsystem_paths = ['/']\n", 2, "local.system_paths: each has to be an absolute path"),
        ("[local]\nsystem_paths = ['/usr',\n 7]\n", 2, "local.system_paths.1: it should be a valid string"),
        (
            "[controller]\nmax_containers = 0\n",
            2,
            "controller.max_containers: it should be greater than or equal to 1",
        ),
        ("[controller]\nidle_exit_s = nan\n", 2, "controller.idle_exit_s: it should be"),
        ("profiles = 3\n", 1, "profiles is a table, not a value"),
        ("[profiles]\nci = 3\n", 2, "profiles.ci is a table, not a value"),
        (
            "[profiles.ci.defaults]\nagnt = 'a'\n",
            2,
            "unknown key 'agnt' in [defaults]; did you mean 'agent'?",
        ),
        ("[profiles.ci]\nextends = 3\n", 2, "profiles.ci.extends: it should be the name of a profile"),
        ("[profiles.'a.b']\n", 1, "'a.b' is no name of a profile"),
    ],
)
def test_a_wrong_key_is_named_with_file_and_line(house: House, text: str, line: int, said: str) -> None:
    house.write(house.user_file, text)
    with pytest.raises(ParheliaError) as caught:
        house.load()
    assert caught.value.code == "E700"
    assert caught.value.message.startswith(f"{house.user_file}:{line}: {said}")
    assert caught.value.details["file"] == str(house.user_file)
    assert caught.value.details["line"] == line


def test_the_first_of_several_mistakes_is_named(house: House) -> None:
    house.write(house.user_file, "[local]\nzzz = 1\n[defaults]\nyyy = 1\n")
    with pytest.raises(ParheliaError, match=":2: unknown key 'zzz'"):
        house.load()


def test_a_mistake_is_named_also_where_a_higher_layer_sets_the_key(house: House) -> None:
    house.write(house.user_file, "[defaults]\npriority = 'x'\n")
    with pytest.raises(ParheliaError, match=r"config.toml:2: defaults.priority"):
        house.load({"defaults.priority": 3})


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[defaults]\nagent = \n", ":2:9: "),
        ("[defaults\n", ":1:10: "),
        ("a = 1\na = 2\n", ":2:6: "),
        ("[defaults]\nagent = 'shell", ":2:15: "),
        ("x = [1, 2", ":1:10: "),
    ],
)
def test_a_fault_in_the_toml_has_line_and_column(house: House, text: str, place: str) -> None:
    house.write(house.user_file, text)
    with pytest.raises(ParheliaError) as caught:
        house.load()
    assert caught.value.code == "E700"
    assert caught.value.message.startswith(f"{house.user_file}{place}no TOML: "), caught.value.message


def test_files_that_are_no_text(house: House) -> None:
    house.write(house.user_file, "")
    house.user_file.write_bytes(b"[defaults]\n# \xff\n")
    with pytest.raises(ParheliaError, match=r"E700: .*config.toml:2: is not UTF-8"):
        house.load()
    house.user_file.write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(ParheliaError, match=r"E700: .*is larger than"):
        house.load()
    house.user_file.write_text("x = " + "[" * 50_000)
    with pytest.raises(ParheliaError, match=r"E700: .*too deep"):
        house.load()


def test_a_pipe_or_a_directory_is_no_file(house: House) -> None:
    os.mkfifo(house.project_file)
    with pytest.raises(ParheliaError, match=r"E700: .*is not a file"):
        house.load()
    house.project_file.unlink()
    house.project_file.mkdir()
    with pytest.raises(ParheliaError, match=r"E700: .*is not a file"):
        house.load()
    house.project_file.rmdir()
    house.project_file.symlink_to(house.project_file)
    with pytest.raises(ParheliaError, match=r"E700: .*cannot be read"):
        house.load()


def test_names_from_files_cannot_act_on_a_terminal(house: House) -> None:
    house.write(house.project_file, '"\\u001b]52;c;YQ==\\u0007x\\u202e" = 1\n')
    with pytest.raises(ParheliaError) as caught:
        house.load()
    assert caught.value.message.endswith("unknown key 'x'")


def test_what_is_wrong_together_is_refused(house: House) -> None:
    house.write(house.system_file, "[health]\nunhealthy = 30\ndead = 40\n")
    assert house.load().config.health.unhealthy == 30
    house.write(house.user_file, "[health]\ndegraded = 35\n")
    with pytest.raises(ParheliaError) as caught:
        house.load()
    assert caught.value.message == (
        f"{house.system_file}:2: health.unhealthy: it should be more than health.degraded, 35"
    )
    house.write(house.user_file, "")
    house.write(house.system_file, "[health]\ndegraded = 7\n")
    with pytest.raises(ParheliaError, match=r"health.unhealthy: it should be more than health.degraded, 7"):
        house.load()


def test_no_project_is_read_without_a_directory(house: House) -> None:
    house.write(house.project_file, "zzz = 1\n")
    loaded = load(environ={"HOME": str(house.home)}, cwd=None, system_file=house.system_file)
    assert loaded.config == Config()


def test_fields_of_a_task_are_filled_from_the_defaults(house: House) -> None:
    house.write(house.user_file, "[defaults]\npriority=3\nenv={A='1',B='1'}\nlimits={cpus=2}\n")
    config = house.load().config
    fields = config.task_fields(
        {"prompt": "x", "priority": None, "env": {"B": "2"}, "limits": {"pids": 64, "cpus": None}}
    )
    assert fields["priority"] == 3
    assert fields["env"] == {"A": "1", "B": "2"}
    assert fields["limits"] == {"cpus": 2.0, "memory_mb": None, "pids": 64, "lifetime_s": 86400.0}
    assert fields["unsandboxed"] is False
    assert config.task_fields({"priority": 0, "unsandboxed": True})["priority"] == 0
    assert config.task_fields({"unsandboxed": True})["unsandboxed"] is True


def test_fields_of_a_task_make_a_request(house: House) -> None:
    from parhelia_tui.core.model.request import TaskRequest

    request = TaskRequest.model_validate(house.load().config.task_fields({"prompt": "x"}))
    assert (request.agent, request.network, request.limits.pids) == ("claude", "none", 4096)
