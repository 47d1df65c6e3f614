"""What sandboxes reach: through the proxy inside, by the provider's word, and what a person allows."""

from __future__ import annotations

from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.egress.conftest import Fleet
from tests.egress.test_allowlist import TRY
from tests.modal.test_money import FLAGS, WAIT_S
from tests.support.fleet import container_of, reach
from tests.support.modal_provider import Provider
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

DIRECT = """
import socket, sys
try:
    connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5)
    connection.sendall(b"GET / HTTP/1.1\\r\\n\\r\\n")
    print("reached" if connection.recv(1) else "refused")
except OSError:
    print("refused")
"""


@pytest.mark.long
def test_without_a_network_nothing_is_reached_and_of_an_api_its_host_alone(
    fleet: Fleet, provider: Provider
) -> None:
    words = ("python3", "-I", "-c", DIRECT, str(fleet.api.port))
    assert fleet.run(*words, flags=("--backend", "modal", "--network", "none")) == "refused\n"
    assert fleet.run(*words, flags=("--backend", "modal", "--network", "open")) == "reached\n"
    fleet.run("true", flags=FLAGS)
    nothing, everything, api = provider.sandboxes(running=False)
    assert (nothing["networks"], nothing["names"]) == ([], [])
    assert (everything["networks"], everything["names"]) == ([], [])
    assert (api["networks"], api["names"]) == (["127.0.0.1/32"], [])


@pytest.mark.long
def test_a_host_is_denied_and_told_of_until_a_person_allows_it(
    fleet: Fleet, client: Client, provider: Provider
) -> None:
    made = fleet.json(
        *("task", "create", "--backend", "modal", "--network", "allowlist", "--mode", "empty", "--env"),
        f"TRY={TRY}",
        'python3 -I -c "$TRY"',
    )
    reach(client, made["id"], TaskState.RUNNING, deadline_s=WAIT_S)
    container = container_of(client, made["id"]).id
    wait_until(lambda: client.hosts_of(container), WAIT_S)
    (seen,) = client.hosts_of(container)
    assert (seen.host, seen.called) == ("localhost", 0)
    (told,) = fleet.json("events", "list", "--type", "network.denied")
    assert f"parhelia container allow {container} localhost" in told["message"]
    fleet.json("container", "allow", container, "localhost")
    # It is on the list now, and leads to the sandbox itself, which needs a word of its own.
    (sandbox,) = provider.sandboxes()
    inside = Path(sandbox["root"]) / "var/lib/parhelia/egress.json"
    wait_until(lambda: '"allow": ["localhost"]' in inside.read_text(), WAIT_S)
    before = client.hosts_of(container)[0].denied
    wait_until(lambda: client.hosts_of(container)[0].denied > before, WAIT_S)
    (sandbox,) = provider.sandboxes()
    assert (sandbox["networks"], sandbox["names"]) == (["127.0.0.1/32"], ["localhost"])
