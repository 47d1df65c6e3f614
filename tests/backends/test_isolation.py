"""What a process in a container can see and touch of the machine, asked from inside."""

from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from parhelia_tui.core.model.states import TaskState
from tests.backends.conftest import Person
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

# Every file that can be reached, but for the system's programs and the kernel's own; and what is in each.
SEARCH = """
import os, stat, sys
word = sys.argv[1].encode()
for folder, folders, files in os.walk("/"):
    if folder == "/":
        folders[:] = [name for name in folders if name not in ("usr", "opt", "proc", "dev")]
    for name in folders + files:
        path = os.path.join(folder, name)
        if word in os.fsencode(path):
            print("name", path)
        if stat.S_ISREG(os.lstat(path).st_mode):
            try:
                if word in open(path, "rb").read():
                    print("content", path)
            except OSError:
                pass
print("searched")
"""

CONNECT = """
import os, socket, sys
for path in sys.argv[1:]:
    try:
        # The name by itself, because the kernel takes only short ones.
        os.chdir(os.path.dirname(path))
        socket.socket(socket.AF_UNIX).connect(os.path.basename(path))
        print("reached", path)
    except OSError as error:
        print(error.errno)
"""


def canary() -> str:
    """A word that is nowhere else."""
    return f"canary{uuid.uuid4().hex}"


@contextmanager
def listening(path: Path) -> Iterator[None]:
    """A socket of the user's at which somebody listens."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        yield


def test_the_home_of_the_user_is_not_there(person: Person) -> None:
    word = canary()
    (person.home / "secret.txt").write_text(word)
    (person.home / ".ssh").mkdir()
    (person.home / ".ssh" / "id_ed25519").write_text(word)
    (person.home / word).mkdir()
    assert person.python(SEARCH, word) == "searched"
    script = "import os, sys; print(os.path.exists(sys.argv[1]), os.listdir('/home'), os.environ['HOME'])"
    assert person.python(script, str(person.home)) == "False ['agent'] /home/agent"


def test_the_workspace_has_no_way_up_to_the_directory_it_lies_in(person: Person) -> None:
    (person.home / "secret.txt").write_text("secret")
    (person.project / "up").symlink_to("..")
    (person.project / "away").symlink_to(person.home)
    script = "import os; print(os.path.exists('../secret.txt'), os.path.exists('up/secret.txt'), os.path.exists('away'))"
    assert person.python(script) == "False False False"


def test_the_workspace_can_be_written_and_is_all_that_is_written_of_the_user(person: Person) -> None:
    before = sorted(person.home.rglob("*"))
    script = """
import os
open("made.txt", "w").write("made")
open("mine.txt", "a").write("more")
for path in ("/", "/usr", "/usr/local/bin", "/etc", "/opt", "/run", "/var", "/var/lib", "/run/parhelia", "/home"):
    try:
        open(path + "/made.txt", "w")
        print("written", path)
    except OSError:
        pass
open("/tmp/made.txt", "w"), open("/home/agent/made.txt", "w")
"""
    # /run is a file system of the container's own, in memory.
    assert person.python(script) == "written /run"
    assert (person.project / "made.txt").read_text() == "made"
    assert (person.project / "mine.txt").read_text() == "mine\nmore"
    made = set(person.home.rglob("*")) - set(before)
    assert made == {person.project / "made.txt"}
    assert (person.project / "made.txt").stat().st_uid == os.geteuid()
    for path in ("/tmp/made.txt", "/run/made.txt", "/home/agent"):
        assert not Path(path).exists()


def test_the_environment_of_the_user_is_not_there(person: Person) -> None:
    word = canary()
    script = """
import glob, os, sys
word = sys.argv[1].encode()
found = [name for name in os.environ if word in os.environ[name].encode()]
for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/task/*/environ"):
    try:
        # The command line holds the word that is searched for; only the environment counts.
        if word in open(path, "rb").read():
            found.append(path)
    except OSError:
        pass
print(found, "SSH_AUTH_SOCK" in os.environ, "PARHELIA_HOME" in os.environ)
"""
    # The first command starts the controller, so that its whole chain begins with these variables.
    secret = {"CANARY": word, "ANTHROPIC_API_KEY": word, "SSH_AUTH_SOCK": f"/tmp/{word}"}
    assert person.python(script, word, env=secret) == "[] False False"


def test_what_is_given_with_env_is_there(person: Person) -> None:
    script = "import os; print(os.environ['GREETING'])"
    assert person.python(script, flags=("--env", "GREETING=good day = fine")) == "good day = fine"


@pytest.mark.parametrize("network", ["none", "open"])
def test_the_ssh_agent_cannot_be_reached(person: Person, tmp_path: Path, network: str) -> None:
    path = tmp_path / "agent.sock"
    with listening(path):
        said = person.python(
            CONNECT, str(path), flags=("--network", network), env={"SSH_AUTH_SOCK": str(path)}
        )
    assert said == "2"


def test_the_keys_of_the_users_session_are_not_there(person: Person) -> None:
    word = canary()
    libc = ctypes.CDLL(None, use_errno=True)
    # keyctl(2) and add_key(2) by number: a new session keyring with one key, for this test's children alone.
    numbers = {"x86_64": (250, 248), "aarch64": (219, 217)}[os.uname().machine]
    assert libc.syscall(numbers[0], 1, None) > 0
    assert libc.syscall(numbers[1], b"user", word.encode(), b"secret", 6, ctypes.c_int(-3)) > 0
    script = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
keyctl = {"x86_64": 250, "aarch64": 219}[os.uname().machine]
print(libc.syscall(keyctl, 10, ctypes.c_int(-3), b"user", sys.argv[1].encode(), 0))
try:
    # As root of the machine /dev/null is in its place, which cannot be read there.
    print(repr(open("/proc/keys").read()))
except PermissionError:
    print(repr(""))
"""
    assert person.python(script, word).split() == ["-1", "''"]


def test_nothing_of_the_state_directory_is_there(person: Person) -> None:
    word = canary()
    state = person.product.home
    state.mkdir(mode=0o700)
    (state / "canary.txt").write_text(word)
    assert person.python(SEARCH, word) == "searched"
    script = "import os, sys; print([path for path in sys.argv[1:] if os.path.lexists(path)])"
    assert person.python(script, str(state), str(person.product.paths.database)) == "[]"


def test_of_its_own_run_directory_there_is_only_the_place_of_reports(person: Person) -> None:
    script = """
import os
shown = []
for folder, folders, files in os.walk("/"):
    if folder == "/":
        folders[:] = [name for name in folders if name not in ("usr", "proc", "dev")]
    parts = {"spec.json", "spool.jsonl", "shim.pid", "shim.lock", "exit.json.new", "output.log", "shim.sock", "tmux.sock"}
    shown += [os.path.join(folder, name) for name in files if name in parts]
print(shown, os.listdir("/run/parhelia"), os.listdir("/run"))
"""
    assert person.python(script) == "[] ['agent.sock'] ['parhelia']"


def test_other_containers_and_their_terminals_cannot_be_reached(person: Person) -> None:
    word = canary()
    client = person.product.client()
    other = client.create_task(
        client.request(
            {
                "prompt": f"echo {word} > /home/agent/note; echo {word}; sleep 600",
                "workspace_mode": "empty",
            }
        )
    )
    client.ensure_controller()
    wait_until(lambda: client.task(other.id).state is TaskState.RUNNING)
    run = client.paths.container(client.containers_of(other.id)[0].id)
    wait_until(lambda: (run / "home" / "note").exists())
    tmux = client.endpoint(other.id).socket
    assert person.python(SEARCH, word) == "searched"
    paths = [str(tmux), str(client.paths.shim_socket(run.name)), str(run / "agent" / "agent.sock")]
    for path in (*paths, str(client.paths.controller_socket)):
        assert Path(path).is_socket()
    said = person.python(CONNECT, *paths, str(client.paths.controller_socket), flags=("--network", "open"))
    assert said.split() == ["2"] * 4


def test_no_socket_but_the_reports_can_be_found(person: Person) -> None:
    script = """
import os, stat
for folder, folders, files in os.walk("/"):
    if folder == "/":
        folders[:] = [name for name in folders if name not in ("usr", "proc")]
    for name in files:
        path = os.path.join(folder, name)
        if stat.S_ISSOCK(os.lstat(path).st_mode):
            print(path)
"""
    assert person.python(script) == "/run/parhelia/agent.sock"


def test_processes_of_the_machine_are_not_there(person: Person) -> None:
    word = canary()
    outside = subprocess.Popen([sys.executable, "-c", "input()", word], stdin=subprocess.PIPE)
    script = """
import json, os
seen = []
for entry in os.listdir("/proc"):
    if entry.isdigit():
        seen.append(open(f"/proc/{entry}/cmdline", "rb").read().decode("utf-8", "replace"))
try:
    os.kill(PID, 0)
    killed = True
except OSError:
    killed = False
print(json.dumps([os.getpid() < 10, seen, killed]))
""".replace("PID", str(outside.pid))
    try:
        own, seen, killed = json.loads(person.python(script))
    finally:
        outside.communicate()
    assert own
    assert not killed
    assert len(seen) == 2
    assert not any(word in line for line in seen)


def test_there_are_no_capabilities_and_no_way_to_new_privileges(person: Person) -> None:
    script = """
found = dict(line.split(":", 1) for line in open("/proc/self/status"))
print({found[name].strip() for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}, found["NoNewPrivs"].strip())
"""
    assert person.python(script) == "{'0000000000000000'} 1"


def test_no_user_namespace_can_be_made(person: Person) -> None:
    script = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for flag in (0x10000000, 0x10000000 | 0x00020000, 0x00020000, 0x40000000):
    print(libc.unshare(flag), end=" ")
"""
    assert person.python(script) == "-1 -1 -1 -1"


@pytest.mark.parametrize("flags", [(), ("--persistent",)], ids=["ordinary", "persistent"])
def test_the_settings_of_the_kernel_cannot_be_written(person: Person, flags: tuple[str, ...]) -> None:
    script = """
import os
for path in (
    "/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches", "/proc/sysrq-trigger", "/proc/irq/default_smp_affinity"
):
    if os.path.exists(path):
        try:
            os.close(os.open(path, os.O_WRONLY))
            print("open", path)
        except OSError:
            pass
print("tried")
"""
    assert person.python(script, flags=flags) == "tried"


def test_no_device_of_the_machine_is_there(person: Person) -> None:
    script = """
import os, stat
kinds = set()
for name in sorted(os.listdir("/dev")):
    mode = os.stat(os.path.join("/dev", name)).st_mode if os.path.exists(os.path.join("/dev", name)) else 0
    if stat.S_ISBLK(mode) or stat.S_ISCHR(mode):
        kinds.add(name)
try:
    os.mknod("/tmp/disk", 0o600 | stat.S_IFBLK, os.makedev(8, 0))
    kinds.add("made")
except OSError:
    pass
print(*sorted(kinds), len(os.listdir("/dev/pts")))
"""
    assert person.python(script) == "console full null ptmx random stderr stdin stdout tty urandom zero 1"


def test_the_terminal_is_not_one_of_the_machines(person: Person) -> None:
    script = """
import os
print(os.listdir("/dev/pts"), os.ttyname(0))
"""
    assert person.python(script) == "['ptmx'] /dev/console"


def test_signals_mean_inside_what_they_mean_anywhere(person: Person) -> None:
    # Signals 32 and 33 are the C library's own: whatever started us may ignore them, no program can set them,
    # and the library takes them back when it needs them (signal(7), nptl(7)).
    script = """
found = dict(line.split(":", 1) for line in open("/proc/self/status"))
ours = ~(0b11 << 31)
print(f"{int(found['SigBlk'], 16) & ours:x} {int(found['SigIgn'], 16) & ours:x}")
"""
    # Python itself ignores SIGPIPE (13) and SIGXFSZ (25).
    assert person.python(script) == "0 1001000"


def test_descriptors_of_the_supervisor_are_not_handed_on(person: Person) -> None:
    script = """
import os
print([number for number in range(1024) if os.path.exists(f"/proc/self/fd/{number}")])
"""
    assert person.python(script) == "[0, 1, 2]"


def test_the_names_of_the_machine_and_of_its_users_are_not_there(person: Person) -> None:
    script = """
import pwd, socket
print(socket.gethostname().startswith("c-"), sorted(each.pw_name for each in pwd.getpwall()))
"""
    assert person.python(script) == "True ['agent', 'nobody', 'root']"
