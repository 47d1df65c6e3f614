"""What a container reaches: nothing with network `none`, what this machine reaches with `open`."""

from __future__ import annotations

import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.backends.conftest import Person

pytestmark = pytest.mark.real

TRY = """
import socket, sys
for address in sys.argv[1:]:
    if address.startswith("@"):
        kind, where = socket.AF_UNIX, "\\0" + address[1:]
    else:
        host, port = address.rsplit("|", 1)
        kind, where = (socket.AF_INET6 if ":" in host else socket.AF_INET), (host, int(port))
    try:
        with socket.socket(kind) as connection:
            connection.settimeout(5)
            connection.connect(where)
            print("reached", address, connection.recv(10).decode())
    except OSError as error:
        print("no", address)
"""


@contextmanager
def greeting(kind: socket.AddressFamily, address: object) -> Iterator[socket.socket]:
    """Somebody on this machine who greets whoever connects."""
    with socket.socket(kind) as listener:
        listener.bind(address)  # type: ignore[arg-type]
        listener.listen()
        stop = threading.Event()

        def greet() -> None:
            while True:
                connection, _ = listener.accept()
                with connection:
                    if stop.is_set():
                        return
                    connection.sendall(b"hello")

        thread = threading.Thread(target=greet)
        thread.start()
        try:
            yield listener
        finally:
            stop.set()
            with socket.socket(kind) as last:
                last.connect(listener.getsockname())
            thread.join()


def own_addresses() -> list[str]:
    """The addresses by which this machine is known to others, if it has any."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # No packet is sent; the kernel only chooses the way.
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return []
        return [probe.getsockname()[0]]


def test_with_network_none_no_listener_of_this_machine_is_reached(person: Person) -> None:
    with greeting(socket.AF_INET, ("0.0.0.0", 0)) as listener:
        port = listener.getsockname()[1]
        targets = [f"{host}|{port}" for host in ("127.0.0.1", "127.0.0.2", "0.0.0.0", *own_addresses())]
        targets += [f"::1|{port}", f"::ffff:127.0.0.1|{port}"]
        said = person.python(TRY, *targets, flags=("--network", "none"))
    assert said.splitlines() == [f"no {target}" for target in targets]


def test_with_network_none_no_nameless_socket_of_this_machine_is_reached(person: Person) -> None:
    name = f"parhelia-{uuid.uuid4().hex}"
    with greeting(socket.AF_UNIX, f"\0{name}"):
        assert person.python(TRY, f"@{name}", flags=("--network", "none")) == f"no @{name}"


def test_with_network_none_there_is_no_way_to_any_address(person: Person) -> None:
    script = """
import errno, socket
for kind, address in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET, "169.254.169.254"), (socket.AF_INET6, "2001:db8::1")):
    for transport in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        try:
            socket.socket(kind, transport).connect((address, 53))
            print("a way")
        except OSError as error:
            print(errno.errorcode[error.errno])
print([name for _, name in socket.if_nameindex()])
try:
    socket.getaddrinfo("example.com", 80)
    print("named")
except socket.gaierror:
    print("nameless")
"""
    said = person.python(script, flags=("--network", "none")).splitlines()
    assert said == ["ENETUNREACH"] * 6 + ["['lo']", "nameless"]


def test_with_network_none_there_is_a_loopback_of_its_own(person: Person) -> None:
    script = """
import socket
listener = socket.create_server(("127.0.0.1", 0))
near = socket.create_connection(listener.getsockname())
listener.accept()[0].sendall(b"near")
print(near.recv(10).decode(), socket.gethostbyname("localhost"))
"""
    assert person.python(script, flags=("--network", "none")) == "near 127.0.0.1"


def test_none_is_what_a_task_gets_that_asks_for_no_network(person: Person) -> None:
    script = "import socket; print([name for _, name in socket.if_nameindex()])"
    assert person.python(script) == "['lo']"


def test_with_network_open_it_reaches_what_this_machine_reaches(person: Person) -> None:
    with greeting(socket.AF_INET, ("127.0.0.1", 0)) as listener:
        target = f"127.0.0.1|{listener.getsockname()[1]}"
        assert person.python(TRY, target, flags=("--network", "open")) == f"reached {target} hello"


def test_no_raw_packets_can_be_sent(person: Person) -> None:
    script = """
import socket
for kind, transport, number in ((socket.AF_INET, socket.SOCK_RAW, 1), (socket.AF_PACKET, socket.SOCK_RAW, 3)):
    try:
        socket.socket(kind, transport, number)
        print("made")
    except OSError:
        print("refused")
"""
    assert person.python(script, flags=("--network", "open")).split() == ["refused", "refused"]
