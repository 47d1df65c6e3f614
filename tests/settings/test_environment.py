"""Variables and flags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from parhelia_tui.core.model.errors import ParheliaError

if TYPE_CHECKING:
    from tests.settings.conftest import House


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        ("PARHELIA_DEFAULTS__NETWORK", "open", "open"),
        ("PARHELIA_DEFAULTS__AGENT", "demo", "demo"),
        ("PARHELIA_DEFAULTS__PRIORITY", "-4", -4),
        ("PARHELIA_DEFAULTS__LIMITS__CPUS", "1.5", 1.5),
        ("PARHELIA_DEFAULTS__LIMITS__CPUS", "2", 2.0),
        ("PARHELIA_LOCAL__UNSANDBOXED", "true", True),
        ("PARHELIA_LOCAL__UNSANDBOXED", "1", True),
        ("PARHELIA_LOCAL__UNSANDBOXED", "No", False),
        ("PARHELIA_SESSIONS__MAX_PER_CONTAINER", "1", 1),
        ("PARHELIA_LOCAL__SYSTEM_PATHS", '["/usr", "/nix"]', ("/usr", "/nix")),
        ("PARHELIA_DEFAULTS__ENV__My__Var", "4", "4"),
        ("PARHELIA_DEFAULTS__ENV__EMPTY", "", ""),
        ("PARHELIA_DEFAULTS__ENV", '{A = "1"}', {"A": "1"}),
    ],
)
def test_a_variable_sets_its_key(house: House, variable: str, text: str, value: Any) -> None:
    loaded = house.load(environ={variable: text})
    head, _, rest = variable.removeprefix("PARHELIA_").partition("__ENV__")
    found: Any = loaded.config
    for part in head.lower().split("__"):
        found = getattr(found, part)
    assert (found.env[rest] if rest else found) == value
    assert variable in loaded.sources.values()


def test_variables_for_other_ends_set_nothing(house: House) -> None:
    environ = {"PARHELIA_HOME": "/x", "PARHELIA_AGENT_SOCKET": "y", "PARHELIA": "z", "PARHELIA_ZZZ": "1"}
    environ |= {"PARHELIA_DEFAULTS__NETWORK": "", "OTHER__KEY": "1"}
    assert house.load(environ=environ).config == house.load().config


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        (
            "PARHELIA_DEFAULTS__NETWROK",
            "open",
            "unknown key 'netwrok' in [defaults]; did you mean 'network'?",
        ),
        ("PARHELIA_DEFAULT__NETWORK", "open", "unknown key 'default'; did you mean 'defaults'?"),
        ("PARHELIA_DEFAULTS__PRIORITY", "many", "defaults.priority: it should be a valid integer"),
        ("PARHELIA_DEFAULTS__PRIORITY", "1000", "defaults.priority: it should be less than or equal to 100"),
        (
            "PARHELIA_DEFAULTS__NETWORK",
            "1",
            "defaults.network: it should be 'none', 'api', 'allowlist' or 'open'",
        ),
        ("PARHELIA_LOCAL__UNSANDBOXED", "2", "local.unsandboxed: it should be a valid boolean"),
        ("PARHELIA_DEFAULTS", "x", None),
        ("PARHELIA_DEFAULTS__", "x", "unknown key '' in [defaults]"),
        ("PARHELIA_DEFAULTS__AGENT__X", "x", "defaults.agent: it should be a valid string"),
        ("PARHELIA_PROFILES__CI__DEFAULTS__AGENT", "x", "unknown key 'profiles'"),
    ],
)
def test_a_wrong_variable_is_named(house: House, variable: str, text: str, said: str | None) -> None:
    if said is None:
        assert house.load(environ={variable: text}).config == house.load().config
        return
    with pytest.raises(ParheliaError) as caught:
        house.load(environ={variable: text})
    assert caught.value.code == "E700"
    assert caught.value.message.startswith(f"{variable}: {said}"), caught.value.message


def test_a_table_and_a_key_of_it_may_both_be_given(house: House) -> None:
    environ = {"PARHELIA_DEFAULTS__ENV": '{A = "1", B = "1"}', "PARHELIA_DEFAULTS__ENV__B": "2"}
    assert house.load(environ=environ).config.defaults.env == {"A": "1", "B": "2"}


def test_a_wrong_flag_is_an_argument_that_cannot_be_used(house: House) -> None:
    with pytest.raises(ParheliaError) as caught:
        house.load({"defaults.network": "wide"})
    assert caught.value.code == "E101"
    assert caught.value.message == "flag: defaults.network: it should be 'none', 'api', 'allowlist' or 'open'"
    with pytest.raises(ParheliaError, match="E101: flag: unknown key 'netwrok'"):
        house.load({"defaults.netwrok": "none"})


def test_only_a_flag_a_variable_or_the_user_can_lift_the_isolation(house: House) -> None:
    assert house.load({"local.unsandboxed": True}).config.local.unsandboxed
    house.write(house.user_file, "[local]\nunsandboxed = true\n")
    assert house.load().config.local.unsandboxed
    assert not house.load({"local.unsandboxed": False}).config.local.unsandboxed
