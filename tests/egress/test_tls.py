"""The way to a provider by TLS: with the certificate of a CA that this machine trusts, and no other."""

from __future__ import annotations

import datetime
import ipaddress
import json
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.egress.egress import egress
from tests.egress.upstream import KEY, running, says

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


class Authority:
    """A CA of the test's own.

    Args:
        directory: for its files.
    """

    def __init__(self, directory: Path, name: str = "ca") -> None:
        self._directory, self._key = directory, ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Test {name}")])
        self.file = directory / f"{name}.pem"
        made = self._begun(self._name, self._key, NOW + DAY).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.file.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def _begun(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, until: datetime.datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - 2 * DAY)
            .not_valid_after(until)
        )

    def server(self, address: str = "127.0.0.1", until: datetime.datetime = NOW + DAY) -> ssl.SSLContext:
        """Certify a server at an address."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        made = self._begun(subject, key, until).add_extension(names, critical=False)
        file = self._directory / "server.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


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
