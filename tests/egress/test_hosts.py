"""Which hosts and addresses the list lets through, and what the first bytes of TLS say."""

from __future__ import annotations

import ipaddress
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parhelia_tui.core.egress.client_hello import NoHello, is_whole, server_name
from parhelia_tui.core.egress.hosts import allows, is_public, normal


@pytest.mark.parametrize(
    ("rule", "host", "wanted"),
    [
        ("example.org", "example.org", True),
        ("example.org", "www.example.org", False),
        ("example.org", "example.org.evil.net", False),
        ("example.org", "notexample.org", False),
        ("*.example.org", "www.example.org", True),
        ("*.example.org", "a.b.example.org", True),
        ("*.example.org", "example.org", False),
        ("*.example.org", ".example.org", False),
        ("*.example.org", "wwwexample.org", False),
    ],
)
def test_a_rule_names_a_host_or_all_below_it(rule: str, host: str, wanted: bool) -> None:
    assert allows([rule], host) is wanted


def test_a_name_is_compared_in_one_form() -> None:
    assert [normal(each) for each in ("Example.ORG.", "[::1]", "müller.de")] == [
        "example.org",
        "::1",
        "xn--mller-kva.de",
    ]
    for wrong in ("", ".", "a b", "a\nb", "x" * 300):
        with pytest.raises(ValueError):
            normal(wrong)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.1", "255.255.255.255", "240.0.0.1", "::1", "::", "fe80::1", "fd00::1", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::"),
    ],
)
def test_this_machine_its_neighbours_and_its_provider_are_not_reached(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address), ())


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101"])
def test_public_addresses_are_reached(address: str) -> None:
    assert is_public(ipaddress.ip_address(address), ())


def test_a_network_that_was_allowed_is_reached() -> None:
    assert is_public(ipaddress.ip_address("10.1.2.3"), ["10.0.0.0/8"])


def greeting(host: str | None) -> bytes:
    """The first bytes that this machine's own TLS sends."""
    context = ssl.create_default_context()
    context.check_hostname = host is not None
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname=host) if host else None
    if client is None:
        context.verify_mode = ssl.CERT_NONE
        client = context.wrap_bio(incoming, outgoing)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def test_the_greeting_of_a_real_client_names_its_host() -> None:
    data = greeting("www.example.org")
    assert [is_whole(data[:size]) for size in (0, 1, 4, len(data) - 1, len(data))] == [False] * 4 + [True]
    assert server_name(data) == "www.example.org"


def test_who_greets_nobody_is_told_so() -> None:
    with pytest.raises(NoHello):
        server_name(greeting(None))
    with pytest.raises(NoHello):
        is_whole(b"GET / HTTP/1.1")


def record(handshake: bytes) -> bytes:
    """One record of TLS."""
    return b"\x16\x03\x01" + len(handshake).to_bytes(2, "big") + handshake


def test_a_greeting_in_pieces_does_not_hide_the_rest_of_a_name() -> None:
    """Cut after an allowed name, it would be let through, and the server would read the name to its end."""
    whole = greeting("www.example.org.evil.net")[5:]
    at = whole.index(b".evil.net")
    with pytest.raises(NoHello):
        server_name(record(whole[:at]))
    # The same where the first piece says of itself that it is whole.
    with pytest.raises(NoHello):
        server_name(record(whole[:1] + (at - 4).to_bytes(3, "big") + whole[4:at]))


def test_a_greeting_names_one_host_alone() -> None:
    hello = greeting("www.example.org")[5:]
    name = b"\x00\x00\x00\x14\x00\x12\x00\x00\x0fwww.example.org"
    other = name.replace(b"www.example.org", b"www.example.net")
    assert server_name(record(hello)) == "www.example.org"
    assert name in hello
    for forged in (name + other, name.replace(b"\x14\x00\x12", b"\x14\x00\x24")):
        with pytest.raises(NoHello):
            server_name(record(_with(hello, name, forged)))


def _with(hello: bytes, name: bytes, forged: bytes) -> bytes:
    """A greeting with another extension in the place of that of its name, and lengths that fit."""
    more = len(forged) - len(name)
    made = hello.replace(name, forged)
    extensions = 4 + 34
    extensions += 1 + hello[extensions]
    extensions += 2 + int.from_bytes(hello[extensions : extensions + 2], "big")
    extensions += 1 + hello[extensions]
    size = int.from_bytes(made[extensions : extensions + 2], "big") + more
    made = made[:extensions] + size.to_bytes(2, "big") + made[extensions + 2 :]
    return made[:1] + (len(made) - 4).to_bytes(3, "big") + made[4:]


@given(st.binary(max_size=400), st.integers(0, 400))
def test_no_bytes_do_more_than_be_refused(noise: bytes, place: int) -> None:
    whole = bytearray(HELLO)
    whole[5 + place % (len(whole) - 5) :][: len(noise)] = noise
    for data in (bytes(whole), b"\x16\x03\x01\x01\x00" + noise):
        try:
            if is_whole(data):
                server_name(data)
        except NoHello:
            pass


HELLO = greeting("www.example.org")
