"""What a container shows of this machine beside its workspace: `--mount`, `[mounts]`."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.acceptance_cases.shells import Shell
from tests.support.fleet import RELEASE, configure, create, end_of, reach, workspace
from tests.support.git_server import GitServer
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real


def folder(tmp_path: Path, name: str, file: str = "file", text: str = "of the host\n") -> Path:
    """A directory of the user's with a file in it."""
    made = tmp_path / name
    made.mkdir()
    (made / file).write_text(text)
    return made


def test_a_mount_can_be_read_and_is_written_only_where_that_is_said(
    product: Product, client: Client, tmp_path: Path
) -> None:
    store = folder(tmp_path, "store")
    link = tmp_path / "link"
    link.symlink_to(store)
    place = str(workspace(tmp_path))
    done = product.run("run", "-w", place, "--mount", f"{link}:/storage", "cat /storage/file; >/storage/x")
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, "of the host")
    assert "Read-only file system" in done.stdout
    assert f"{link} leads to {store}; that is shown at /storage" in done.stderr
    assert not (store / "x").exists()
    # Two workspaces, one store: each finds what the other left.
    for name, before in (("one", "file"), ("two", "file one")):
        command = f"echo $(ls /storage); touch /storage/{name}"
        task = create(client, command, workspace(tmp_path, name), mounts={"/storage": f"{store}:rw"})
        assert end_of(client, task.id).last_line == before
    assert (store / "two").stat().st_uid == os.getuid()
    [container, *_] = product.json("container", "list", "--all")
    shown = [{"source": str(store), "target": "/storage", "writable": True}]
    assert container["mounts"] == shown
    assert product.json("task", "show", container["task_id"])["mounts"] == shown
    assert f"{store} at /storage, written" in product.run("task", "show", container["task_id"]).stdout


REFUSED = {
    "/x": "/nonexistent",
    "/state": "{state}",
    "/database": "{state}/parhelia.db",
    "/above": "{above}",
    "/home-of-the-user": "~/",
    "/all": "/",
    "/process": "/proc/self",
    "/kernel": "/sys/kernel",
    "/device": "/dev/null",
    "/services": "/run",
    "/passwords": "/etc/shadow",
    "/pipe": "{above}/pipe",
    "/socket": "{above}/socket",
    "/relative": "here",
    "/up": "{above}/work/../state",
    "/workspace/inside": "{above}/work",
    "/etc/ours": "{above}/work",
    "/run/parhelia": "{above}/work",
    "/home/agent": "{above}/work",
    "/home/agent/.claude/settings.json": "{above}/work",
    "/home/user": "{above}/work",
    "relative": "{above}/work",
    "/a/../etc": "{above}/work",
    "/": "{above}/work",
}


def test_what_no_container_may_see_is_refused_before_anything_is_made(
    product: Product, tmp_path: Path, unix_socket: Path
) -> None:
    product.home.mkdir()
    (product.home / "parhelia.db").touch()
    place = str(workspace(tmp_path))
    os.mkfifo(tmp_path / "pipe")
    names = {"state": product.home, "above": tmp_path}
    entries = [
        {"prompt": "true", "mounts": {target: source.format(**names)}} for target, source in REFUSED.items()
    ]
    lines = "".join(json.dumps(each) + "\n" for each in entries)
    done = product.run("--batch", "-", "-w", place, "--json", input=lines)
    faults = json.loads(done.stdout)["error"]["details"]["faults"]
    told = " ".join(fault.split(": ")[0] for fault in faults)
    assert [number for number in range(1, len(REFUSED) + 1) if f"input:{number}" not in told] == []
    assert product.json("task", "list") == []
    # Two at one place, and one where there is no isolation.
    at = ("--mount", f"{place}:/one")
    for words in (("-w", place, *at, *at), ("-w", place, *at, "--unsandboxed")):
        assert product.error("task", "create", *words, "true")[1]["code"] == "E101", words


@pytest.fixture
def unix_socket(tmp_path: Path) -> Any:
    """A socket of somebody's, by a short path that bind takes."""
    import socket

    here = os.open(tmp_path, os.O_PATH)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"/proc/self/fd/{here}/socket")
        yield tmp_path / "socket"
    os.close(here)


def test_the_file_of_a_project_may_show_nothing(product: Product, place: Path) -> None:
    (place / ".parhelia.toml").write_text('[mounts]\n"/keys" = "~/.ssh"\n')
    code, error = product.error("run", "-w", str(place), "true", cwd=place)
    assert (code, error["code"]) == (2, "E700")
    assert ".parhelia.toml:2: a project may not set mounts" in error["message"]


def test_a_link_that_was_put_in_the_place_of_a_mount_or_of_its_place_inside_is_not_followed(
    product: Product, client: Client, tmp_path: Path, place: Path
) -> None:
    store, private = folder(tmp_path, "store"), folder(tmp_path, "private")
    task = create(client, "true", place, mounts={"/storage": str(store)})
    assert end_of(client, task.id).state is TaskState.COMPLETED
    store.rename(tmp_path / "away")
    store.symlink_to(private)
    product.json("task", "retry", task.id)
    ended = end_of(client, task.id)
    assert ended.state is TaskState.FAILED
    assert "E207" in ended.reason
    assert "has become a link" in ended.reason
    # What a container leaves in its home leads the next one nowhere.
    links = f"ln -s {private} ~/out; ln -s /oldroot{tmp_path} ~/up"
    before = create(client, links, place, persistent=True)
    assert end_of(client, before.id).state is TaskState.COMPLETED
    for target in ("out/x", "up/x", "out"):
        shown = {f"/home/agent/{target}": str(tmp_path / "away")}
        ended = end_of(client, create(client, "true", place, persistent=True, mounts=shown).id)
        assert "something else is there already" in ended.reason, ended
    assert sorted(each.name for each in private.iterdir()) == ["file"]
    assert not (tmp_path / "x").exists()


def test_a_checkpoint_says_that_what_is_shown_is_no_part_of_it(
    product: Product, client: Client, tmp_path: Path, place: Path
) -> None:
    store = folder(tmp_path, "store")
    command = f"echo one > one; echo one > /storage/made; {RELEASE}"
    task = create(client, command, place, mounts={"/storage": f"{store}:rw"})
    reach(client, task.id, TaskState.RUNNING)
    wait_until((store / "made").exists, 20)
    kept = product.json("checkpoint", "create", task.id)
    assert kept["files"] == 1
    page = product.run("checkpoint", "show", kept["id"]).stdout
    assert f"not part of it  {store} at /storage, written" in page
    (store / "made").write_text("two\n")
    (place / "one").write_text("two\n")
    product.json("checkpoint", "rollback", kept["id"], "--yes")
    assert ((place / "one").read_text(), (store / "made").read_text()) == ("one\n", "two\n")
    (place / "go").touch()


PRIVILEGED = """
[profiles.privileged.defaults]
network = "open"

[profiles.privileged.mounts]
"/home/agent/.gitconfig" = "{user}/gitconfig"
"/home/agent/.ssh/known_hosts" = "{user}/known_hosts"
"/home/agent/.local/bin" = "{user}/tools"
"""


@pytest.fixture
def user(tmp_path: Path) -> Path:
    """What a person has: a key, a git configuration, a tool of their own, a repository at a server."""
    made = folder(tmp_path, "user", "gitconfig", "[user]\n\tname = Ada\n\temail = ada@example.org\n")
    tool = folder(made, "tools", "gh", "#!/bin/sh\necho gh version 2.0\n") / "gh"
    tool.chmod(0o755)
    key = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(made / "key"))
    subprocess.run(key, check=True, stdin=subprocess.DEVNULL)
    subprocess.run(("git", "init", "-q", "--bare", "-b", "main", str(made / "there.git")), check=True)
    configure(tmp_path, PRIVILEGED.format(user=made))
    return made


def test_a_shell_has_what_configuration_and_profile_show_and_what_is_named_beside_it(
    shell: Shell, place: Path, tmp_path: Path, user: Path
) -> None:
    store = folder(tmp_path, "store")
    dots = folder(tmp_path, "dots", "bashrc", "alias hello='echo \"<$((6*7))>\"'\n")
    always = f'[mounts]\n"/home/agent/.bashrc" = "{dots}/bashrc"\n"/storage" = "/nonexistent"\n'
    (user / "known_hosts").touch()
    configure(tmp_path, always + PRIVILEGED.format(user=user))
    terminal = shell("-w", str(place), "--profile", "privileged", "--mount", f"{store}:/storage:rw")
    terminal.write(b"hello; echo made > /storage/made\r")
    terminal.wait_for(rb"<42>")
    wait_until((store / "made").exists, 20)
    terminal.write(b'echo "<$(gh --version) of $(git config user.name)>"\r')
    terminal.wait_for(rb"<gh version 2.0 of Ada>")


PUSHES = """
set -e
gh --version
git clone -q {url} {name}
cd {name}
echo {name} > {name}
git add .
git commit -q -m {name}
git push -q origin HEAD:main
"""


@pytest.mark.long
def test_a_profile_gives_tools_and_a_git_configuration_and_a_key_or_an_agent_of_keys_opens_a_server(
    product: Product, user: Path, place: Path
) -> None:
    key = ("--mount", f"{user / 'key'}:/home/agent/.ssh/id_ed25519")
    with GitServer((user / "key.pub").read_text()) as server:
        (user / "known_hosts").write_text(server.known_hosts)
        url = server.url(user / "there.git")
        words = ("-w", str(place), "--profile", "privileged")
        # Without a key nobody comes in.
        assert product.run("run", *words, f"git clone -q {url} none").returncode != 0
        done = product.run("run", *words, *key, PUSHES.format(url=url, name="one"))
        assert (done.returncode, done.stdout.splitlines()[0]) == (0, "gh version 2.0"), done
        with SshAgent(user / "key") as socket:
            given = ("--mount", f"{socket}:/ssh-agent:rw", "-e", "SSH_AUTH_SOCK=/ssh-agent", "--persistent")
            has = {"SSH_AUTH_SOCK": str(socket)}
            done = product.run("run", *words, *given, PUSHES.format(url=url, name="two"), env=has)
            assert (done.returncode, done.stdout.splitlines()[0]) == (0, "gh version 2.0"), done
            seen = product.run("run", *words, *given, "ls -A ~/.ssh; ssh-add -l", env=has)
            assert "id_ed25519" not in seen.stdout
            assert "(ED25519)" in seen.stdout
            # Of all sockets that one alone, and it is always written.
            assert product.error("run", *words, *given, "true")[1]["code"] == "E207"
            error = product.error("run", *words, "--mount", f"{socket}:/ssh-agent", "true", env=has)[1]
            assert error["code"] == "E207"
            assert "/ssh-agent:rw" in error["message"]
    log = ("git", "-C", str(user / "there.git"), "log", "--format=%an <%ae> %s", "main")
    seen_there = subprocess.run(log, capture_output=True, text=True, check=True).stdout.splitlines()
    assert seen_there == ["Ada <ada@example.org> two", "Ada <ada@example.org> one"]
    # The ordinary container beside it has none of that.
    assert product.run("run", "-w", str(place), "command -v gh || git config user.name").returncode != 0


class SshAgent:
    """An ssh agent that holds a key, in the foreground so that it ends with us."""

    def __init__(self, key: Path) -> None:
        self._key = key
        self._socket = key.with_name("agent")

    def __enter__(self) -> Path:
        self._process = subprocess.Popen(
            ("ssh-agent", "-D", "-a", str(self._socket)), stdout=subprocess.DEVNULL
        )
        wait_until(self._socket.exists, 10)
        env = {**os.environ, "SSH_AUTH_SOCK": str(self._socket)}
        subprocess.run(("ssh-add", "-q", str(self._key)), env=env, check=True)
        return self._socket

    def __exit__(self, *about: object) -> None:
        self._process.terminate()
        self._process.wait()
