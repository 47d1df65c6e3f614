"""The API's key as a secret of the account: found by a sandbox's supervisor, and by nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.egress.conftest import ASK, Fleet
from tests.egress.test_secrets import SEARCH
from tests.egress.upstream import KEY
from tests.support.fleet import configure
from tests.support.modal_provider import Provider

pytestmark = pytest.mark.real

FLAGS = ("--backend", "modal", "--network", "api")
VARIABLE = "PARHELIA_API_KEY"


def without_key(fleet: Fleet) -> dict[str, str]:
    """What the product is run with where the key is not."""
    return {name: value for name, value in fleet.env.items() if name != "ANTHROPIC_API_KEY"}


@pytest.mark.long
def test_a_sandbox_has_the_key_of_the_secret_where_nobody_here_has_one_and_its_agent_does_not(
    fleet: Fleet, provider: Provider
) -> None:
    done = fleet.json("modal", "setup")
    assert done["secret"].startswith("parhelia (st-")
    assert provider.order("secrets") == {"parhelia": {VARIABLE: KEY}}
    fleet.env = without_key(fleet)
    said = fleet.run("sh", "-c", 'python3 -I -c "$0"; python3 -I -c "$1"', ASK, SEARCH, flags=FLAGS)
    assert said.splitlines() == ["200 523", "searched True found []", "ph- []"]
    assert fleet.api.seen[0].headers["x-api-key"] == KEY
    kept = [each for each in fleet.product.paths.home.rglob("*") if each.is_file()]
    assert kept
    assert not [str(each) for each in kept if KEY.encode() in each.read_bytes()]
    (sandbox,) = provider.sandboxes(running=False)
    assert KEY not in str(sandbox)


@pytest.mark.long
def test_a_newer_key_takes_the_place_of_the_older_one_and_none_leaves_it(
    fleet: Fleet, provider: Provider
) -> None:
    fleet.json("modal", "setup")
    fleet.env["ANTHROPIC_API_KEY"] = KEY + "2"
    first = fleet.json("modal", "setup")
    assert provider.order("secrets") == {"parhelia": {VARIABLE: KEY + "2"}}
    fleet.env = without_key(fleet)
    second = fleet.json("modal", "setup")
    assert second["secret"] == "none was made: the variable ANTHROPIC_API_KEY is not set here"
    assert {**second, "secret": first["secret"]} == first
    assert provider.order("secrets") == {"parhelia": {VARIABLE: KEY + "2"}}


@pytest.mark.long
def test_who_wants_no_secret_has_none_and_the_key_is_handed_over(
    fleet: Fleet, provider: Provider, tmp_path: Path
) -> None:
    configure(tmp_path, '[modal]\nsecret = ""\n')
    done = fleet.json("modal", "setup")
    assert done["secret"] == "none was made: modal.secret is empty"
    assert provider.order("secrets") == {}
    assert fleet.ask(flags=FLAGS).splitlines() == ["200 523"]
    assert fleet.api.seen[0].headers["x-api-key"] == KEY
