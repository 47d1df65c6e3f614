"""The emulated provider against the unmodified SDK, in both generations of the protocol."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.modal_provider import Provider
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.real, pytest.mark.long]

BEGIN = """
import modal, sys
app = modal.App.lookup("a", create_if_missing=True)
def create(*words, **more):
    return modal.Sandbox.create(*words, app=app, image=modal.Image.debian_slim(), **more)
"""
GENERATIONS = pytest.mark.parametrize("second", ["0", "1"])


def sdk(program: str, second: str = "1") -> str:
    """Run a program with the SDK at hand, and give what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + program],
        env={**os.environ, "MODAL_SANDBOX_V2": second},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@GENERATIONS
def test_a_command_has_its_streams_and_its_exit_code(provider: Provider, second: str) -> None:
    said = sdk(
        """
box = create("sleep", "1000", env={"WORD": "here"}, timeout=600)
one = box.exec("sh", "-c", "echo $WORD; cat; echo bad >&2; exit 3")
one.stdin.write("typed"); one.stdin.write_eof(); one.stdin.drain()
print(repr(one.stdout.read()), repr(one.stderr.read()), one.wait(), box.poll())
""",
        second,
    )
    assert said == "'here\\ntyped' 'bad\\n' 3 None\n"
    assert [each["generation"] for each in provider.sandboxes()] == [int(second) + 1]


@GENERATIONS
def test_a_sandbox_is_found_by_name_and_by_tags_until_it_ends(provider: Provider, second: str) -> None:
    said = sdk(
        """
box = create("sleep", "1000", name="n", tags={"k": "v"})
other = create("sleep", "1000", tags={"k": "w"})
listed = lambda: [each.object_id for each in modal.Sandbox.list(app_id=app.app_id, tags={"k": "v"})]
print(listed() == [box.object_id], modal.Sandbox.from_name("a", "n").object_id == box.object_id, box.get_tags())
try:
    create("sleep", "1", name="n")
except modal.exception.AlreadyExistsError:
    print("one of a name")
box.terminate()
print(listed(), box.poll())
""",
        second,
    )
    assert said == "True True {'k': 'v'}\none of a name\n[] 137\n"


def test_more_sandboxes_than_a_page_are_all_listed(provider: Provider) -> None:
    assert (
        sdk("""
for _ in range(60): create("sleep", "1000")
print(len(list(modal.Sandbox.list(app_id=app.app_id))))
""")
        == "60\n"
    )


@GENERATIONS
def test_a_tunnel_reaches_a_port_inside_and_no_other_sandbox(provider: Provider, second: str) -> None:
    said = sdk(
        """
import socket
serve = "import socket\\ns = socket.create_server(('', 22))\\nwhile 1:\\n c = s.accept()[0]; c.sendall(%r); c.close()"
from modal import Probe
for word in (b"one", b"two"):
    box = create("python3", "-c", serve % word, unencrypted_ports=[22], readiness_probe=Probe.with_tcp(22))
    box.wait_until_ready()
    with socket.create_connection(box.tunnels()[22].tcp_socket) as tunnel:
        print(tunnel.recv(9).decode())
""",
        second,
    )
    assert said == "one\ntwo\n"


def test_a_snapshot_is_an_image_of_what_a_sandbox_wrote(provider: Provider) -> None:
    assert (
        sdk("""
box = create("sleep", "1000")
box.exec("sh", "-c", "echo kept > /srv-file").wait()
image = box.snapshot_filesystem()
again = modal.Sandbox.create("sleep", "1000", app=app, image=image)
print(again.exec("cat", "/srv-file").stdout.read().strip())
""")
        == "kept\n"
    )


def test_a_volume_outlives_a_sandbox(provider: Provider) -> None:
    assert (
        sdk("""
volume = modal.Volume.from_name("v", create_if_missing=True)
create("sh", "-c", "echo kept > /vol/file", volumes={"/vol": volume}).wait()
print(create("sleep", "99", volumes={"/vol": volume}).exec("cat", "/vol/file").stdout.read().strip())
""")
        == "kept\n"
    )


def test_a_sandbox_ends_at_its_time_or_when_idle(provider: Provider) -> None:
    assert sdk("""
one, two = create("sleep", "1000", timeout=1), create("sleep", "1000", idle_timeout=1)
for box in (one, two):
    try:
        print(box.wait())
    except modal.exception.SandboxTimeoutError:
        print("timeout", box.poll())
""").startswith("timeout 124\n")


def test_no_process_of_an_ended_sandbox_is_left(provider: Provider) -> None:
    sdk('create("sh", "-c", "sleep 4242421 & sleep 4242421")')
    wait_until(lambda: _sleepers() == 2)
    provider.close()
    wait_until(lambda: _sleepers() == 0, 30)


def _sleepers() -> int:
    found = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found += (entry / "cmdline").read_bytes() == b"sleep\x004242421\0"
            except OSError:
                continue
    return found


def test_a_lost_answer_has_had_its_effect(provider: Provider) -> None:
    provider.order("fault", rpc="SandboxCreate*", status="INVALID_ARGUMENT", after=True)
    said = sdk("""
try:
    create("sleep", "1000", name="n")
except modal.exception.InvalidError as error:
    print(error, modal.Sandbox.from_name("a", "n").poll())
""")
    assert said == "on order None\n"


def test_a_limit_of_calls_is_met_by_the_sdk_with_patience(provider: Provider) -> None:
    provider.order("fault", rpc="SandboxListV2", times=2, status="UNAVAILABLE")
    assert sdk("print(len(list(modal.Sandbox.list(app_id=app.app_id))))") == "0\n"
    assert provider.order("calls")["SandboxListV2"] == 3


def test_a_vanished_sandbox_is_known_to_nobody(provider: Provider) -> None:
    sdk('create("sleep", "1000", name="n")')
    provider.order("vanish", id=provider.sandboxes()[0]["id"])
    assert (
        sdk("""
try:
    modal.Sandbox.from_name("a", "n")
except modal.exception.NotFoundError:
    print("gone")
""")
        == "gone\n"
    )


def test_a_provider_may_forget_tags(provider: Provider) -> None:
    sdk('create("sleep", "1000", tags={"k": "v"})')
    provider.order("forget_tags", id=provider.sandboxes()[0]["id"])
    assert sdk('print(len(list(modal.Sandbox.list(app_id=app.app_id, tags={"k": "v"}))))') == "0\n"
