"""Profiles, and what extends what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parhelia_tui.core.model.errors import ParheliaError

if TYPE_CHECKING:
    from tests.settings.conftest import House

CHAIN = """
[defaults]
agent = "plain"

[profiles.base.defaults]
agent = "from-base"
priority = 1
env = { A = "base", B = "base" }

[profiles.top]
extends = "middle"
[profiles.top.defaults]
agent = "from-top"

[profiles.middle]
extends = "base"
[profiles.middle.defaults]
priority = 2
env = { B = "middle" }
"""


def test_a_profile_lies_over_the_files_and_what_it_extends(house: House) -> None:
    house.write(house.user_file, CHAIN)
    assert house.load().config.defaults.agent == "plain"
    loaded = house.load({"profile": "top"})
    defaults = loaded.config.defaults
    assert (defaults.agent, defaults.priority) == ("from-top", 2)
    assert defaults.env == {"A": "base", "B": "middle"}
    assert loaded.sources["defaults.agent"] == f"{house.user_file}:13 (profile top)"
    assert loaded.sources["defaults.priority"] == f"{house.user_file}:18 (profile middle)"
    assert loaded.profile == "top"


def test_variables_and_flags_lie_over_a_profile(house: House) -> None:
    house.write(house.user_file, CHAIN)
    environ = {"PARHELIA_PROFILE": "base", "PARHELIA_DEFAULTS__PRIORITY": "7"}
    assert house.load(environ=environ).config.defaults.priority == 7
    assert house.load(environ=environ).config.defaults.agent == "from-base"
    assert house.load({"defaults.agent": "flag"}, environ).config.defaults.agent == "flag"
    # The flag chooses before the variable does.
    assert house.load({"profile": "top"}, environ).config.defaults.agent == "from-top"
    assert house.load({"profile": None}, environ).profile == "base"
    assert house.load(environ={"PARHELIA_PROFILE": ""}).profile is None


def test_a_profile_may_be_split_over_two_files(house: House) -> None:
    house.write(house.system_file, "[profiles.ci.defaults]\nagent='machine'\npriority=4\n")
    house.write(house.user_file, "[profiles.ci.defaults]\nagent='user'\n")
    defaults = house.load({"profile": "ci"}).config.defaults
    assert (defaults.agent, defaults.priority) == ("user", 4)


def test_an_unknown_profile(house: House) -> None:
    house.write(house.user_file, CHAIN)
    with pytest.raises(ParheliaError) as caught:
        house.load({"profile": "middel"})
    assert caught.value.code == "E101"
    assert caught.value.message == (
        "flag: there is no profile 'middel' among base, middle, top; did you mean 'middle'?"
    )
    assert caught.value.details == {"known": ["base", "middle", "top"]}
    with pytest.raises(ParheliaError, match="E700: PARHELIA_PROFILE: there is no profile 'zzz' among base"):
        house.load(environ={"PARHELIA_PROFILE": "zzz"})
    house.user_file.unlink()
    with pytest.raises(ParheliaError, match="there is no profile 'base'; none is configured"):
        house.load({"profile": "base"})


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[profiles.a]\nextends = 'a'\n", 2, "profiles go round in a circle: a extends a"),
        (
            "[profiles.a]\nextends = 'b'\n[profiles.b]\nextends = 'c'\n[profiles.c]\nextends = 'b'\n",
            6,
            "profiles go round in a circle: b extends c extends b",
        ),
        ("[profiles.a]\nextends = 'b'\n", 2, "profile 'a' extends 'b', which does not exist"),
        (
            "[profiles.abc]\n[profiles.a]\nextends = 'abd'\n",
            3,
            "profile 'a' extends 'abd', which does not exist; did you mean 'abc'?",
        ),
    ],
)
def test_wrong_chains_are_refused_also_when_nobody_chose_them(
    house: House, text: str, line: int, said: str
) -> None:
    house.write(house.user_file, text)
    with pytest.raises(ParheliaError) as caught:
        house.load()
    assert caught.value.message == f"{house.user_file}:{line}: {said}"


def test_a_project_may_have_profiles_of_its_own(house: House) -> None:
    house.write(house.project_file, "[profiles.p.defaults]\nagent='x'\n[profiles.q]\nextends='p'\n")
    assert house.load({"profile": "q"}).config.defaults.agent == "x"


def test_a_project_cannot_reach_for_what_a_profile_of_the_user_allows(house: House) -> None:
    """A person who chooses a profile means their own, and a project's does not stand on one of theirs."""
    house.write(house.user_file, "[profiles.wild.local]\nunsandboxed=true\n[profiles.ci]\n")
    for text, said in (
        ("[profiles.ci]\nextends = 'wild'\n", "a project may not change profile 'ci'"),
        ("[profiles.new]\nextends = 'wild'\n", "a project may not build on profile 'wild' of yours"),
    ):
        house.write(house.project_file, text)
        with pytest.raises(ParheliaError) as caught:
            house.load()
        assert said in caught.value.message
        assert caught.value.message.startswith(f"{house.project_file}:")
