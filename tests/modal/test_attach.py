"""Terminals of sandboxes over ssh: ours and OpenSSH's, pinned, resized, cut and found again."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from tests.support import sshd
from tests.support.modal_provider import Provider
from tests.support.outer_terminal import OuterTerminal
from tests.support.product import PARHELIA, Product
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.long,
    pytest.mark.real,
    pytest.mark.skipif(not sshd.there_is_one(), reason="no ssh server for sandboxes, or no second user"),
]

WAIT_S = 60.0
CTRL_Q = b"\x11"
ECHO = "echo READY; while read -r line; do echo got:$line:; done"


def begun(product: Product, command: str) -> str:
    """Create a task at the provider, wait until its terminal can be reached, and give its id."""
    where = ("--backend", "modal", "--mode", "empty", "--agent", "shell")
    task_id = str(product.json("task", "create", *where, command)["id"])
    wait_until(lambda: product.run("session", "capture", task_id).returncode == 0, WAIT_S)
    return task_id


def attached(task_id: str, term: str = "xterm-256color") -> OuterTerminal:
    """A shell that attaches on a terminal of a type, and then says the exit code."""
    line = f"TERM={term} {shlex.join([PARHELIA, 'attach', task_id])}"
    return OuterTerminal(["bash", "-c", f"echo BEFORE; {line}; echo BACK=$?; read -r rest; echo GOT=$rest"])


def test_what_is_typed_arrives_and_ctrl_q_leaves_it_running(cloud: Product) -> None:
    task_id = begun(cloud, ECHO)
    with attached(task_id) as terminal:
        before = terminal.modes()
        terminal.wait_for(rb"READY", WAIT_S)
        terminal.write(b"hello\r")
        terminal.wait_for(rb"got:hello:", WAIT_S)
        terminal.write(CTRL_Q)
        terminal.wait_for(rb"BACK=0\r\n", WAIT_S)
        assert terminal.modes() == before
        terminal.write(b"typed\n")
        terminal.wait_for(rb"GOT=typed", WAIT_S)
    assert cloud.json("task", "show", task_id)["state"] == "running"


@pytest.mark.parametrize("key", [CTRL_Q, b"\x03"])
def test_who_waits_for_a_sandbox_that_does_not_answer_is_told_and_may_leave(
    cloud: Product, key: bytes
) -> None:
    task_id = begun(cloud, ECHO)
    (container,) = cloud.json("container", "list")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        _move_tunnel(cloud.paths.container(container["id"]), silent.getsockname()[1])
        with attached(task_id) as terminal:
            before = terminal.modes()
            terminal.wait_for(b"Connecting to " + container["id"].encode() + rb".*Ctrl\+Q leaves", WAIT_S)
            terminal.write(b"typed" + key)
            terminal.wait_for(rb"BACK=0\r\n", WAIT_S / 4)
            assert terminal.modes() == before


def test_what_is_typed_before_there_is_a_connection_arrives(cloud: Product) -> None:
    task_id = begun(cloud, ECHO)
    (container,) = cloud.json("container", "list")
    run = cloud.paths.container(container["id"])
    port = json.loads((run / "sandbox.json").read_text())["port"]
    with socket.socket() as late:
        late.bind(("127.0.0.1", 0))
        late.listen()
        _move_tunnel(run, late.getsockname()[1])
        with attached(task_id) as terminal:
            terminal.wait_for(rb"Connecting to", WAIT_S)
            terminal.write(b"early\r")
            near, _ = late.accept()
            with near, socket.create_connection(("127.0.0.1", port)) as far:
                carrying = [threading.Thread(target=_carry, args=pair) for pair in ((near, far), (far, near))]
                for thread in carrying:
                    thread.start()
                terminal.wait_for(rb"got:early:", WAIT_S)
                terminal.write(CTRL_Q)
                terminal.wait_for(rb"BACK=0\r\n", WAIT_S)
                for end in (near, far):
                    end.shutdown(socket.SHUT_RDWR)
                for thread in carrying:
                    thread.join(WAIT_S)


def _move_tunnel(run: Path, port: int) -> None:
    """Have a sandbox be reached elsewhere."""
    place = run / "sandbox.json"
    place.write_text(json.dumps({**json.loads(place.read_text()), "host": "127.0.0.1", "port": port}))


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)


def test_the_window_in_the_sandbox_follows_the_terminal(cloud: Product) -> None:
    task_id = begun(
        cloud, "trap 'echo size $(stty size) end' WINCH; echo READY; while :; do sleep 0.05; done"
    )
    with attached(task_id) as terminal:
        terminal.wait_for(rb"READY", WAIT_S)
        for number in range(50):
            terminal.resize(70 + number % 7, 20 + number % 5)
        terminal.resize(93, 31)
        # tmux keeps a line for itself.
        terminal.wait_for(rb"size 30 93 end", WAIT_S)


def test_a_wrong_host_key_is_refused_and_nothing_is_typed_into_it(cloud: Product) -> None:
    task_id = begun(cloud, ECHO)
    (container,) = cloud.json("container", "list")
    place = cloud.paths.container(container["id"]) / "ssh"
    # Another sandbox's key, as somebody in between would have.
    other = (place / "client_key.pub").read_text()
    (place / "known_hosts").write_text(f"{container['id']} {other}")
    with attached(task_id) as terminal:
        said = terminal.wait_for(rb"BACK=\d+", WAIT_S)
    assert b"E601" in said
    assert b"is not the sandbox that it should be" in said
    assert b"READY" not in said


def test_a_tunnel_that_is_cut_ten_times_loses_no_line(cloud: Product, provider: Provider) -> None:
    count = "i=$((i+1)); echo line $i; sleep 0.05"
    script = f"i=0; until [ -e /workspace/go ]; do {count}; done; echo LAST; sleep 600"
    task_id = begun(cloud, script)
    (sandbox,) = provider.sandboxes()
    with attached(task_id) as terminal:
        terminal.wait_for(rb"line \d+", WAIT_S)
        for _ in range(10):
            provider.order("cut", id=sandbox["id"])
            # Each picture after a cut begins with a cleared screen.
            terminal.wait_for(rb"\x1b\[H\x1b\[2J.*line \d+", WAIT_S)
        (Path(sandbox["root"]) / "workspace" / "go").touch()
        terminal.wait_for(rb"LAST", WAIT_S)
        terminal.write(CTRL_Q)
        terminal.wait_for(rb"BACK=0", WAIT_S)
    shown = cloud.run("session", "capture", task_id, "--lines", "10000").stdout
    numbers = [int(each) for each in re.findall(r"^line (\d+)$", shown, re.MULTILINE)]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert numbers[0] == 1


def test_two_viewers_see_the_same_and_either_may_leave(cloud: Product) -> None:
    task_id = begun(cloud, ECHO)
    with attached(task_id) as one, attached(task_id) as two:
        for each in (one, two):
            each.wait_for(rb"READY", WAIT_S)
        one.write(b"shared\r")
        for each in (one, two):
            each.wait_for(rb"got:shared:", WAIT_S)
        one.write(CTRL_Q)
        one.wait_for(rb"BACK=0", WAIT_S)
        two.write(b"still\r")
        two.wait_for(rb"got:still:", WAIT_S)


def test_openssh_s_own_client_attaches_and_runs_commands(cloud: Product, tmp_path: Path) -> None:
    task_id = begun(cloud, ECHO)
    told = cloud.json("session", "ssh-config", task_id)
    config = tmp_path / "config"
    config.write_text(told["config"])
    assert {"TCPKeepAlive yes", "ServerAliveInterval 30", "StrictHostKeyChecking yes"} <= {
        line.strip() for line in told["config"].splitlines()
    }
    with OuterTerminal(["ssh", "-F", str(config), told["session"]]) as terminal:
        terminal.wait_for(rb"READY", WAIT_S)
        terminal.write(b"plain\r")
        terminal.wait_for(rb"got:plain:", WAIT_S)
    done = subprocess.run(
        ["ssh", "-F", str(config), told["container_id"], "hostname"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "modal\n"), done.stderr


def test_openssh_knows_a_session_by_what_it_was_asked_for_with(cloud: Product, tmp_path: Path) -> None:
    task_id = begun(cloud, ECHO)
    config = tmp_path / "config"

    def meant(name: str) -> dict[str, str]:
        """What ssh would do for this name, without going there."""
        said = subprocess.run(
            ["ssh", "-G", "-F", str(config), name], capture_output=True, text=True, check=True
        )
        return dict(line.partition(" ")[::2] for line in said.stdout.splitlines())

    for typed in (task_id, task_id[2:8]):
        told = cloud.json("session", "ssh-config", typed)
        config.write_text(told["config"])
        attaches = meant(told["session"])
        assert "attach-session" in attaches["remotecommand"]
        assert [meant(each) for each in (typed, task_id)] == [
            attaches | {"host": typed},
            attaches | {"host": task_id},
        ]
        runs = meant(told["container_id"])
        assert (runs["port"], runs.get("remotecommand")) == (attaches["port"], None)


def test_nobody_comes_in_by_password_or_with_another_key(cloud: Product, tmp_path: Path) -> None:
    task_id = begun(cloud, ECHO)
    told = cloud.json("session", "ssh-config", task_id)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "other")], check=True)
    config = tmp_path / "config"
    config.write_text(re.sub(r'IdentityFile "[^"]*"', f'IdentityFile "{tmp_path}/other"', told["config"]))
    done = subprocess.run(
        ["ssh", "-o", "BatchMode=yes", "-F", str(config), told["container_id"], "true"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )
    assert done.returncode == 255
    assert "Permission denied (publickey)" in done.stderr


def test_text_is_pasted_and_the_screen_is_read_over_ssh(cloud: Product) -> None:
    task_id = begun(cloud, ECHO)
    assert cloud.run("session", "send", task_id, "from afar").returncode == 0
    wait_until(lambda: "got:from afar:" in cloud.run("session", "capture", task_id).stdout, WAIT_S)


def test_leaving_takes_a_checkpoint_of_what_the_sandbox_holds(cloud: Product, tmp_path: Path) -> None:
    config = Path(str(tmp_path / "config")) / "parhelia"
    config.mkdir(parents=True)
    (config / "config.toml").write_text('[checkpoints]\nautomatic = "all"\n')
    task_id = begun(cloud, "echo kept > file; echo READY; sleep 600")
    with attached(task_id) as terminal:
        terminal.wait_for(rb"READY", WAIT_S)
        terminal.write(CTRL_Q)
        terminal.wait_for(rb"BACK=0", WAIT_S)

    def taken() -> list[dict[str, object]]:
        found = json.loads(cloud.run("checkpoint", "list", task_id, "--json").stdout)["data"]
        return [each for each in found if each["trigger"] == "detach" and each["state"] == "ready"]

    wait_until(taken, WAIT_S)
    assert taken()[0]["files"] == 1


def test_a_session_of_this_machine_needs_no_ssh(cloud: Product) -> None:
    task_id = str(cloud.json("task", "create", "--mode", "empty", "--agent", "shell", "sleep 600")["id"])
    wait_until(lambda: cloud.json("task", "show", task_id)["state"] == "running", WAIT_S)
    code, error = cloud.error("session", "ssh-config", task_id)
    assert (code, error["code"]) == (8, "E603")


def test_a_terminal_of_a_type_that_shows_no_session_is_told_by_its_type(cloud: Product) -> None:
    task_id = begun(cloud, ECHO)
    with attached(task_id, "dumb") as terminal:
        said = terminal.wait_for(rb"BACK=1\r\n", WAIT_S).decode()
        assert "E601: tmux cannot use this terminal, whose type is TERM=dumb: open terminal failed" in said
