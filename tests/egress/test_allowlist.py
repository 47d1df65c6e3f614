"""A container of the network `allowlist`: who is called and denied is seen, and a person allows a host."""

from __future__ import annotations

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.egress.conftest import Fleet
from tests.support.dashboard import dashboard
from tests.support.fleet import container_of, reach
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

TRY = """
import os, time, urllib.request
# This machine's own names are reached without a proxy otherwise.
os.environ["no_proxy"] = os.environ["NO_PROXY"] = ""
while not os.path.exists("/workspace/end"):
    try:
        urllib.request.urlopen("https://localhost/", timeout=30)
    except OSError as error:
        print(error, flush=True)
    time.sleep(0.2)
"""


def trying(fleet: Fleet, client: Client) -> tuple[str, str]:
    """A task that tries to reach a host again and again; its id and its container's."""
    made = fleet.json(
        *("task", "create", "--network", "allowlist", "--workspace", str(fleet.workspace), "--env"),
        f"TRY={TRY}",
        'python3 -I -c "$TRY"',
    )
    reach(client, made["id"], TaskState.RUNNING, deadline_s=60)
    return made["id"], container_of(client, made["id"]).id


@pytest.mark.long
def test_the_api_is_reached_and_a_host_only_when_a_person_allows_it(fleet: Fleet, client: Client) -> None:
    assert fleet.ask(flags=("--network", "allowlist")) == "200 523\n"
    task, container = trying(fleet, client)
    wait_until(lambda: client.hosts_of(container), 60)
    (seen,) = client.hosts_of(container)
    assert (seen.host, seen.called) == ("localhost", 0)
    (told,) = fleet.json("events", "list", "--type", "network.denied")
    assert told["container_id"] == container
    assert f"parhelia container allow {container} localhost" in told["message"]
    fleet.json("container", "allow", container, "localhost")
    # It is on the list now, and leads to this machine, which needs a word of its own.
    wait_until(lambda: client.hosts_of(container)[0].denied > 2, 60)
    assert _spec_allows(fleet, container)
    (allowed,) = fleet.json("events", "list", "--type", "network.allowed")
    assert allowed["message"] == "localhost"
    assert "403" in "\n".join(client.log_tail(task))
    (fleet.workspace / "end").touch()


def _spec_allows(fleet: Fleet, container: str) -> bool:
    return "localhost" in (fleet.product.paths.container(container) / "egress.json").read_text()


@pytest.mark.long
def test_only_a_list_can_be_made_longer_and_only_by_hosts(fleet: Fleet, client: Client) -> None:
    made = fleet.json(
        *("task", "create", "--network", "api", "--workspace", str(fleet.workspace)),
        "sleep 600",
    )
    reach(client, made["id"], TaskState.RUNNING, deadline_s=60)
    container = container_of(client, made["id"]).id
    code, error = fleet.product.error("container", "allow", container, "example.org", env=fleet.env)
    assert (code, error["code"]) == (6, "E103")
    for wrong in ("https://example.org", "example.org:443", "*", "a b", "x.org/"):
        code, error = fleet.product.error("container", "allow", container, wrong, env=fleet.env)
        assert (code, error["code"]) == (2, "E100")


async def test_one_key_of_the_dashboard_shows_the_hosts_and_another_allows_one(
    fleet: Fleet, client: Client
) -> None:
    _, container = trying(fleet, client)
    async with dashboard(client) as seen:
        await seen.wait_for("running")
        await seen.press("h")
        await seen.wait_for("x denied", "localhost", "network allowlist")
        await seen.press("y")
        await seen.wait(lambda: _spec_allows(fleet, container))
        await seen.press("escape")
        await seen.wait_for("localhost is allowed now.")
    (fleet.workspace / "end").touch()


def test_the_configured_list_counts_for_every_container(fleet: Fleet) -> None:
    fleet.env["PARHELIA_NETWORK__ALLOW"] = '["example.org", "*.example.net"]'
    assert fleet.run("sh", "-c", "echo $HTTPS_PROXY $https_proxy", flags=("--network", "allowlist")) == (
        "http://127.0.0.1:17101 http://127.0.0.1:17101\n"
    )
    (path,) = fleet.product.paths.containers.glob("*/egress.json")
    assert '"allow": ["example.org", "*.example.net"]' in path.read_text()
