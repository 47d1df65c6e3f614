"""The way to allowed hosts: HTTPS by CONNECT to what is on the list, and a clear answer to everything else."""

from __future__ import annotations

import errno
import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from parhelia_tui.core.egress.settings import NAME, Settings
from tests.egress.egress import Egress, egress
from tests.support.waiting import wait_until

NOWHERE = "http://127.0.0.1:9"
LOOPBACK = ("127.0.0.0/8", "::1/128")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and a certificate of the test's own for `localhost`."""
    path = tmp_path / "server.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
            ),
            *(
                "-addext",
                "subjectAltName=DNS:localhost",
                "-keyout",
                str(path),
                "-out",
                str(tmp_path / "c.pem"),
            ),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    path.write_text(path.read_text() + (tmp_path / "c.pem").read_text())
    return path


def port_of_tls() -> socket.socket:
    """Listen at port 443 of loopback, when another test that does so as well has ended; skipped where nobody may."""
    had: list[socket.socket] = []

    def is_free() -> bool:
        try:
            had.append(socket.create_server(("127.0.0.1", 443)))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                pytest.skip(f"port 443 of loopback cannot be had: {error}")
        return bool(had)

    wait_until(is_free, 30)
    return had[0]


@contextmanager
def far(certificate: Path) -> Iterator[int]:
    """Somebody on port 443 of loopback, in a network namespace of nobody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with port_of_tls() as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                try:
                    with context.wrap_socket(connection, server_side=True) as spoken:
                        said = spoken.recv(100)
                        spoken.sendall(b"heard " + said)
                except OSError:
                    continue

        threading.Thread(target=serve, daemon=True).start()
        yield 443
        listener.shutdown(socket.SHUT_RDWR)


def ask(it: Egress, head: str, rest: bytes = b"") -> tuple[int, str]:
    """Send a head to the proxy; give the status and the body, until it closes."""
    with socket.create_connection(("127.0.0.1", it.proxy_port), timeout=60) as raw:
        raw.sendall(head.encode() + b"\r\nhost: x\r\n\r\n" + rest)
        said = b""
        while piece := raw.recv(65536):
            said += piece
    top, _, body = said.partition(b"\r\n\r\n")
    return int(top.split()[1]) if top else 0, body.decode()


def through(it: Egress, host: str, certificate: Path, name: str | None = None) -> bytes:
    """Speak TLS with a host through the proxy."""
    context = ssl.create_default_context(cafile=str(certificate))
    with socket.create_connection(("127.0.0.1", it.proxy_port), timeout=60) as raw:
        raw.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nhost: {host}:443\r\n\r\n".encode())
        said = b""
        while not said.endswith(b"\r\n\r\n"):
            said += raw.recv(1)
        assert said.startswith(b"HTTP/1.1 200 "), said
        with context.wrap_socket(raw, server_hostname=name or host) as spoken:
            spoken.sendall(b"hello")
            return spoken.recv(100)


def test_an_allowed_host_is_spoken_with_and_counted(tmp_path: Path, certificate: Path) -> None:
    with far(certificate), egress(tmp_path, NOWHERE, allow=("localhost",), allow_private=LOOPBACK) as it:
        assert through(it, "localhost", certificate) == b"heard hello"
        assert through(it, "LOCALHOST.", certificate, "localhost") == b"heard hello"
        assert it.told("called")[0]["host"] == "localhost"


def test_the_host_that_is_greeted_has_to_be_the_one_that_was_asked_for(
    tmp_path: Path, certificate: Path
) -> None:
    with far(certificate), egress(tmp_path, NOWHERE, allow=("localhost",), allow_private=LOOPBACK) as it:
        with pytest.raises((ssl.SSLError, OSError)):
            through(it, "localhost", certificate, "other.example.org")
        assert "greets another host" in it.told("denied")[0]["why"]
        status, said = ask(it, "CONNECT localhost:443 HTTP/1.1", b"GET / HTTP/1.1\r\n\r\n")
        assert (status, said) == (200, "")


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (
            "CONNECT files.example.org:443 HTTP/1.1",
            "files.example.org cannot be reached from here: it is not on",
        ),
        ("CONNECT example.org:22 HTTP/1.1", "only port 443 is allowed, not 22"),
        ("CONNECT example.org HTTP/1.1", "only port 443 is allowed"),
        ("CONNECT 1.1.1.1:443 HTTP/1.1", "it is not on the list"),
        ("CONNECT [::1]:443 HTTP/1.1", "it is not on the list"),
        ("GET http://example.org/ HTTP/1.1", "only HTTPS passes"),
        ("POST http://example.org/ HTTP/1.1", "only HTTPS passes"),
        ("GET / HTTP/1.1", "only HTTPS passes"),
    ],
)
def test_everything_else_is_refused_in_words_and_told(tmp_path: Path, head: str, words: str) -> None:
    with egress(tmp_path, NOWHERE, allow=("example.org",)) as it:
        status, said = ask(it, head)
        assert (status, words in said) == (403, True), said
        (told,) = it.told("denied")
        assert told["why"] in said


def test_an_allowed_name_that_leads_to_this_machine_is_refused(tmp_path: Path) -> None:
    with egress(tmp_path, NOWHERE, allow=("localhost",)) as it:
        status, said = ask(it, "CONNECT localhost:443 HTTP/1.1")
        assert status == 403
        assert "is not a public one" in said


@pytest.mark.long
def test_a_host_that_is_tried_again_and_again_is_told_once_and_counted(tmp_path: Path) -> None:
    with egress(tmp_path, NOWHERE) as it:
        for _ in range(20):
            ask(it, "CONNECT example.org:443 HTTP/1.1")
        assert len(it.told("denied")) == 1
        wait_until(lambda: len(it.told("denied")) == 2, 30)
        assert it.told("denied")[1]["times"] == 19


def test_a_host_that_is_allowed_later_is_reached_without_a_new_start(
    tmp_path: Path, certificate: Path
) -> None:
    with far(certificate), egress(tmp_path, NOWHERE, allow_private=LOOPBACK) as it:
        assert ask(it, "CONNECT localhost:443 HTTP/1.1")[0] == 403
        fields = json.loads((tmp_path / NAME).read_text())
        (tmp_path / NAME).write_text(Settings.from_json({**fields, "allow": ["localhost"]}).as_text())
        it.order(op="reload")
        wait_until(lambda: _is_let_in(it, certificate), 30)


def _is_let_in(it: Egress, certificate: Path) -> bool:
    try:
        return through(it, "localhost", certificate) == b"heard hello"
    except AssertionError:
        return False
