"""The way to a provider by TLS: with the certificate of a CA that this machine or its user trusts, and no other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from tests.egress.authority import DAY, NOW, Authority
from tests.egress.conftest import Fleet
from tests.egress.egress import egress
from tests.egress.upstream import KEY, Api, running, says
from tests.support.fleet import configure, create, end_of

# Node.js asks the address by TLS, with nothing said of certificates but by its environment.
NODE = """
const https = require("https");
const request = https.request(process.argv[1] + "/v1/models", (answer) => {
  answer.resume();
  answer.on("end", () => console.log("answered", answer.statusCode));
});
request.on("error", (error) => console.log("refused", error.code));
request.end();
"""


def test_a_provider_whose_certificate_is_trusted_is_asked(tmp_path: Path) -> None:
    ca = Authority(tmp_path)
    with (
        running(says("By TLS."), ca.server()) as api,
        egress(tmp_path, api.url, env={"SSL_CERT_FILE": str(ca.file)}) as it,
    ):
        connection = it.connect()
        for _ in range(2):
            response = it.ask(connection=connection)
            assert (response.status, b"By TLS." in response.read()) == (200, True)
        assert [each.headers["x-api-key"] for each in api.seen] == [KEY, KEY]
        # The second request goes over the connection of the first.
        assert api.connections == 1
        assert len(it.entries(2)) == 2


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("unknown", "unable to get local issuer certificate"),
        ("elsewhere", "IP address mismatch"),
        ("late", "certificate has expired"),
    ],
)
def test_a_provider_with_a_wrong_certificate_gets_no_key(tmp_path: Path, wrong: str, why: str) -> None:
    ca = Authority(tmp_path)
    server = {
        "unknown": lambda: Authority(tmp_path, "other").server(),
        "elsewhere": lambda: ca.server("127.0.0.2"),
        "late": lambda: ca.server(until=NOW - DAY),
    }[wrong]()
    with (
        running(says("Never."), server) as api,
        egress(tmp_path, api.url, env={"SSL_CERT_FILE": str(ca.file)}) as it,
    ):
        response = it.ask()
        error = json.loads(response.read())["error"]
        assert (response.status, error["type"]) == (502, "api_error")
        assert "the certificate of 127.0.0.1 is not accepted" in error["message"]
        assert why in error["message"]
        assert api.seen == []
        assert "is not accepted" in it.told("problem")[0]["words"]
        assert all(each.cost == 0 for each in it.entries(1))


@pytest.mark.parametrize(
    "more", ["", "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n# ours\n"]
)
def test_an_authority_of_the_users_own_counts_beside_this_machines(tmp_path: Path, more: str) -> None:
    ca = Authority(tmp_path)
    own = tmp_path / "own.pem"
    own.write_text(more + ca.file.read_text())
    with running(says("By TLS."), ca.server()) as api, egress(tmp_path, api.url, ca_file=str(own)) as it:
        assert it.ask().status == 200
    # The file is looked at for each new process; what cannot be read lets nothing out.
    own.write_text("no certificate")
    with running(says("Never."), ca.server()) as api, egress(tmp_path, api.url, ca_file=str(own)) as it:
        response = it.ask()
        assert response.status == 502
        said = json.loads(response.read())["error"]["message"]
        assert "network.ca_file" in said
        assert "there is no certificate in it" in said
        assert api.seen == []


@pytest.fixture
def company(fleet: Fleet, tmp_path: Path) -> Iterator[tuple[Authority, Api]]:
    """An API behind an authority that this machine does not know, and a fleet that is told of the API alone."""
    ca = Authority(tmp_path)
    with running(says("Hello"), ca.server()) as api:
        fleet.env["PARHELIA_API__URL"] = api.url
        yield ca, api


@pytest.mark.long
@pytest.mark.real
def test_a_container_reaches_an_api_behind_a_companys_own_authority(
    fleet: Fleet, company: tuple[Authority, Api], tmp_path: Path
) -> None:
    ca, api = company
    said = fleet.ask()
    assert "502 Parhelia: the certificate of 127.0.0.1 is not accepted" in said
    assert api.seen == []
    fleet.product.run("controller", "stop")
    configure(tmp_path, f'[network]\nca_file = "{ca.file}"\n')
    assert fleet.ask() == "200 523\n"
    assert api.seen[0].headers["x-api-key"] == KEY


@pytest.mark.long
@pytest.mark.real
@pytest.mark.parametrize("more", [(), ("--unsandboxed",)], ids=["plain", "bare"])
def test_node_in_a_container_knows_the_authority(
    fleet: Fleet, company: tuple[Authority, Api], tmp_path: Path, more: tuple[str, ...]
) -> None:
    ca, api = company
    words = ("node", "-e", NODE, api.url)
    flags = ("--network", "open", *more)
    assert fleet.run(*words, flags=flags) == "refused UNABLE_TO_VERIFY_LEAF_SIGNATURE\n"
    fleet.product.run("controller", "stop")
    configure(tmp_path, f'[network]\nca_file = "{ca.file}"\n')
    assert fleet.run(*words, flags=flags) == "answered 200\n"
    # Who says so for one task, says it for that.
    own = ("--env", "NODE_EXTRA_CA_CERTS=/nothing")
    assert "refused" in fleet.run(*words, flags=(*flags, *own))
    # Without TLS inside, nothing is shown.
    assert fleet.run("sh", "-c", "echo ${NODE_EXTRA_CA_CERTS-none}", flags=("--network", "api")) == "none\n"


@pytest.mark.real
def test_a_file_of_authorities_that_is_not_there_fails_the_task_in_words(
    fleet: Fleet, client: Client, tmp_path: Path
) -> None:
    configure(tmp_path, '[network]\nca_file = "/no/such/authorities.pem"\n')
    task = create(client, "true", fleet.workspace, network="open")
    ended = end_of(client, task.id, 60)
    assert "network.ca_file, /no/such/authorities.pem" in ended.reason


@pytest.mark.long
@pytest.mark.real
def test_the_doctor_says_whether_the_api_is_accepted(
    fleet: Fleet, company: tuple[Authority, Api], tmp_path: Path
) -> None:
    ca, _ = company

    def told() -> tuple[int, str]:
        done = fleet.product.run("doctor", "--json", env=fleet.env)
        parts = {each["name"]: each for each in json.loads(done.stdout)["data"]}
        return done.returncode, parts["certificates"]["how"] if "certificates" in parts else ""

    assert told() == (0, "")
    configure(tmp_path, f'[network]\nca_file = "{ca.file}"\n')
    assert told() == (0, f"1 of {ca.file} beside this machine's; 127.0.0.1 is accepted")
    other = Authority(tmp_path, "other")
    configure(tmp_path, f'[network]\nca_file = "{other.file}"\n')
    code, how = told()
    assert (code, "the certificate of 127.0.0.1 is not accepted" in how) == (8, True)
    configure(tmp_path, '[network]\nca_file = "/no/such.pem"\n')
    code, how = told()
    assert (code, "it cannot be read" in how) == (8, True)
