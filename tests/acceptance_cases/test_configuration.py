"""Configuration as the installed command reads it: files, variables, flags, profiles, faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fleet import RELEASE, configure, workspace
from tests.support.product import Product
from tests.support.waiting import wait_until

SHOWN = ("defaults.network", "defaults.persistent", "defaults.workspace_mode", "defaults.agent")


def shown(product: Product, place: Path, *words: str, **env: str) -> dict[str, tuple[object, str]]:
    """The keys above as `config show` tells them in a directory, each with the file or layer it is from."""
    values = product.json("config", "show", *words, cwd=place, env=env)
    return {key: (values[key]["value"], values[key]["source"].split(":")[0]) for key in SHOWN}


@pytest.fixture
def no_agent_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable names the agent, which the tests of tasks have."""
    monkeypatch.delenv("PARHELIA_DEFAULTS__AGENT")


@pytest.mark.usefixtures("no_agent_named")
def test_without_a_file_everything_is_built_in(product: Product, place: Path) -> None:
    assert shown(product, place) == {
        "defaults.network": ("none", "built-in"),
        "defaults.persistent": (False, "built-in"),
        "defaults.workspace_mode": ("shared", "built-in"),
        "defaults.agent": ("claude", "built-in"),
    }


@pytest.mark.usefixtures("no_agent_named")
def test_user_project_and_variable_lie_over_each_other_and_what_is_not_set_stays(
    product: Product, place: Path, tmp_path: Path
) -> None:
    user = tmp_path / "config" / "parhelia" / "config.toml"
    configure(tmp_path, "[defaults]\nworkspace_mode = 'clone'\npersistent = false\nagent = 'demo'\n")
    assert shown(product, place)["defaults.agent"] == ("demo", str(user))
    (place / ".parhelia.toml").write_text("[defaults]\npersistent = true\nagent = 'shell'\n")
    project = str(place / ".parhelia.toml")
    assert shown(product, place) == {
        "defaults.network": ("none", "built-in"),
        "defaults.persistent": (True, project),
        "defaults.workspace_mode": ("clone", str(user)),
        "defaults.agent": ("shell", project),
    }
    said = shown(product, place, PARHELIA_DEFAULTS__AGENT="demo", PARHELIA_DEFAULTS__NETWORK="open")
    assert said["defaults.agent"] == ("demo", "PARHELIA_DEFAULTS__AGENT")
    assert said["defaults.network"] == ("open", "PARHELIA_DEFAULTS__NETWORK")
    assert said["defaults.persistent"] == (True, project)


def created(product: Product, place: Path, *words: str, **env: str) -> dict[str, object]:
    """A task as it is stored, created in a directory and under variables."""
    task = product.json("task", "create", *words, "true", cwd=place, env=env)
    assert isinstance(task, dict)
    return task


@pytest.mark.long
@pytest.mark.real
def test_a_flag_lies_over_a_variable_over_the_project_over_the_user(
    product: Product, place: Path, tmp_path: Path
) -> None:
    configure(tmp_path, "[defaults]\nworkspace_mode = 'shared'\npersistent = true\n")
    assert created(product, place)["persistent"] is True
    (place / ".parhelia.toml").write_text("[defaults]\npersistent = false\n")
    assert created(product, place)["persistent"] is False
    assert created(product, place, PARHELIA_DEFAULTS__PERSISTENT="true")["persistent"] is True
    task = created(product, place, "--no-persistent", PARHELIA_DEFAULTS__PERSISTENT="true")
    assert task["persistent"] is False
    assert created(product, place, "--persistent")["persistent"] is True
    assert created(product, place, "--mode", "clone")["workspace_mode"] == "clone"


@pytest.mark.parametrize("command", [("run", "true"), ("config", "check")], ids=" ".join)
def test_a_file_that_is_no_toml_is_named_with_line_and_fault(
    product: Product, place: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    configure(tmp_path, "[defaults]\nagent = \n")
    done = product.run(*command, cwd=place)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{tmp_path}/config/parhelia/config.toml:2" in done.stderr
    assert done.stderr.startswith("E700: ")
    assert "Traceback" not in done.stderr


PROFILES = """
[defaults.env]
KEPT = "from defaults"
BOTH = "from defaults"

[profiles.rust.defaults]
workspace_mode = "empty"

[profiles.rust.defaults.env]
RUST_BACKTRACE = "1"
BOTH = "from rust"
"""


@pytest.mark.real
def test_a_profile_gives_its_settings_and_variables_and_defaults_and_flags_stay(
    product: Product, place: Path, tmp_path: Path
) -> None:
    configure(tmp_path, PROFILES)
    (place / "mine").touch()
    look = 'echo "$KEPT, $BOTH, $RUST_BACKTRACE, $GIVEN, $(ls)"'
    done = product.run("run", "--profile", "rust", "-e", "GIVEN=by flag", look, cwd=place)
    assert done.stdout == "from defaults, from rust, 1, by flag, \n"
    done = product.run("run", "--profile", "rust", "-e", "BOTH=by flag", "-e", "GIVEN=", look, cwd=place)
    assert done.stdout == "from defaults, by flag, 1, , \n"
    assert product.run("run", look, cwd=place).stdout == "from defaults, from defaults, , , mine\n"


@pytest.mark.real
def test_what_runs_keeps_the_configuration_it_began_with(product: Product, tmp_path: Path) -> None:
    place = workspace(tmp_path)
    configure(tmp_path, "[defaults.env]\nWHICH = 'old'\n")
    first = product.start("run", f"touch begun; {RELEASE}; echo $WHICH", cwd=place)
    wait_until((place / "begun").exists, 30)
    configure(tmp_path, "[defaults.env]\nWHICH = 'new'\n")
    assert product.run("run", "echo $WHICH", cwd=place).stdout == "new\n"
    (place / "go").touch()
    assert first.communicate(timeout=60)[0] == "old\n"


@pytest.mark.real
def test_variables_of_a_file_are_all_given(product: Product, place: Path) -> None:
    (place / ".env").write_text("HOST=localhost\nTOKEN=a b=c\nEMPTY=\n")
    words = [word for line in (place / ".env").read_text().splitlines() for word in ("-e", line)]
    done = product.run("run", *words, 'echo "$HOST/$TOKEN/${EMPTY-unset}/"', cwd=place)
    assert done.stdout == "localhost/a b=c//\n"
