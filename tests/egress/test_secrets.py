"""The key: found by variable, file or command, and then nowhere but in the requests that leave."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from parhelia_tui.cli.follow import SafeStream
from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.egress.conftest import ASK, Fleet
from tests.egress.upstream import KEY, Talk
from tests.support.fleet import RELEASE, configure, container_of, create, end_of, reach, workspace
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

# Looks at all that it can see; the key is put together from parts, so that the search does not find itself.
SEARCH = """
import os, socket, sys
key = "".join(["sk-ant", "-api03-", "REAL-KEY"]).encode()
found, seen = [], 0

def look(path):
    global seen
    try:
        with open(path, "rb") as file:
            kept = b""
            for _ in range(4096):
                piece = file.read(1 << 16)
                if not piece:
                    break
                seen += 1
                if key in kept + piece:
                    found.append(path)
                    break
                kept = piece[-64:]
    except (OSError, ValueError):
        pass

for top, folders, files in os.walk("/"):
    if top == "/":
        folders[:] = [each for each in folders if each not in ("usr", "opt", "sys", "proc", "dev", "lib", "lib64")]
    for name in files:
        path = os.path.join(top, name)
        if os.path.isfile(path):
            look(path)
for pid in filter(str.isdigit, os.listdir("/proc")):
    for name in ("environ", "cmdline", "status", "maps", "mem"):
        look(f"/proc/{pid}/{name}")
for name in ("cmdline", "environ"):
    look(f"/proc/self/{name}")
print("searched", seen > 20, "found", found)
print(os.environ["ANTHROPIC_API_KEY"][:3], [name for name, value in os.environ.items() if key in value.encode()])
"""

SHOW = """
import os, urllib.error, urllib.request
headers = {"x-api-key": os.environ["ANTHROPIC_API_KEY"]}
try:
    urllib.request.urlopen(
        urllib.request.Request(os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages", b"{}", headers)
    )
except urllib.error.HTTPError as error:
    print(error.headers, error.read())
"""


def test_from_inside_a_container_the_key_is_not_to_be_found(fleet: Fleet) -> None:
    said = fleet.run("sh", "-c", 'python3 -I -c "$0"; python3 -I -c "$1"', ASK, SEARCH)
    assert said.splitlines() == ["200 523", "searched True found []", "ph- []"]
    assert fleet.api.seen[0].headers["x-api-key"] == KEY


def test_an_answer_that_repeats_the_request_does_not_tell_it(fleet: Fleet) -> None:
    fleet.api.script = lambda talk: _echo(talk)
    said = fleet.run("python3", "-I", "-c", SHOW)
    assert "REAL-KEY" not in said
    assert "*****" in said


def _echo(talk: Talk) -> None:
    talk.answer(401, str(talk.seen.headers).encode(), x_echo=talk.seen.headers["x-api-key"])


@pytest.mark.parametrize("way", ["file", "command"])
def test_the_key_comes_from_a_file_or_a_command(fleet: Fleet, tmp_path: Path, way: str) -> None:
    del fleet.env["ANTHROPIC_API_KEY"]
    secret = tmp_path / "secret"
    secret.write_text(KEY + "\n")
    secret.chmod(0o600)
    if way == "file":
        fleet.env["PARHELIA_API__KEY_FILE"] = str(secret)
    else:
        fleet.env["PARHELIA_API__KEY_COMMAND"] = f'["cat", "{secret}"]'
    assert fleet.ask() == "200 523\n"
    assert fleet.api.seen[0].headers["x-api-key"] == KEY


def test_a_file_that_others_can_read_is_refused_in_words(fleet: Fleet, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(KEY)
    secret.chmod(0o644)
    fleet.env["PARHELIA_API__KEY_FILE"] = str(secret)
    assert f"{secret} can be read by others; try chmod 600" in fleet.ask()
    assert fleet.api.seen == []


def test_a_controller_that_was_started_without_the_key_gets_it_from_who_asks(fleet: Fleet) -> None:
    del fleet.env["ANTHROPIC_API_KEY"]
    assert fleet.ask().startswith("401 Parhelia: the variable ANTHROPIC_API_KEY was not set")
    fleet.env["ANTHROPIC_API_KEY"] = KEY
    assert fleet.ask() == "200 523\n"


def test_on_this_side_it_is_in_no_file_no_argument_and_no_environment_of_what_runs_beside_the_container(
    fleet: Fleet, client: Client
) -> None:
    made = fleet.json(
        *("task", "create", "--network", "api", "--workspace", str(fleet.workspace)),
        f"python3 -I -c '{ASK}' 1; {RELEASE}",
    )
    wait_until(lambda: fleet.api.seen, 60)
    reach(client, made["id"], TaskState.RUNNING, deadline_s=60)
    fleet.json("checkpoint", "create", made["id"])
    fleet.product.run("session", "new", made["id"], "--", "sleep", "600", env=fleet.env)
    run = str(fleet.product.paths.container(container_of(client, made["id"]).id))
    beside = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
            if run.encode() in command or b"core.checkpoints" in command:
                beside.append(command)
                assert KEY.encode() not in command + (entry / "environ").read_bytes()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    # The terminal server, the supervisor, the egress process and the further session's pane at least.
    assert len(beside) >= 3
    for path in fleet.product.home.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path
    (fleet.workspace / "go").touch()
    end_of(client, made["id"], deadline_s=60)


SHAPE = "sk-ant-api03-abcdefghijklmnopqrstuvwxyz"
PRINTS = "p=sk-ant; printf 'using %s\\n' $p-api03-abcdefghijklmnopqrstuvwxyz"
"""Prints it without holding it."""


@pytest.mark.long
def test_secrets_that_a_program_prints_or_reports_are_neither_stored_nor_shown(
    product: Product, client: Client, tmp_path: Path
) -> None:
    configure(tmp_path, "[controller]\nhealth_s = 0.2\n")
    place = workspace(tmp_path)
    task = create(client, f"{PRINTS}; exit 3", place)
    ended = end_of(client, task.id, deadline_s=60)
    assert ended.last_line == "using [hidden]"
    assert all(SHAPE not in str(each) for each in client.events(task_id=task.id))
    for words in (("task", "logs", task.id), ("task", "logs", task.id, "--json"), ("task", "list", "--json")):
        shown = product.run(*words).stdout
        assert "[hidden]" in shown
        assert SHAPE not in shown
    run = product.paths.container(container_of(client, task.id).id)
    log, before = run / "output.log", (run / "output.log").stat().st_size
    wait_until((run / "scrubbed").exists, 60)
    assert log.read_bytes() == b"using " + b"*" * len(SHAPE) + b"\r\n"
    assert log.stat().st_size == before
    for path in product.home.rglob("*"):
        if path.is_file():
            assert SHAPE.encode() not in path.read_bytes(), path


@pytest.mark.parametrize(
    "words",
    [
        ("task", "create", f"echo {SHAPE}"),
        ("task", "create", "true", "--env", f"TOKEN={SHAPE}"),
        ("task", "create", "true", "--title", f"with {SHAPE}"),
    ],
)
def test_a_task_that_would_keep_a_key_is_refused_and_the_key_not_repeated(
    product: Product, words: tuple[str, ...]
) -> None:
    code, error = product.error(*words)
    assert (code, error["code"]) == (2, "E100")
    assert "looks like a key" in error["message"]
    assert SHAPE not in str(error)
    assert not product.paths.database.exists() or SHAPE.encode() not in product.paths.database.read_bytes()


def test_a_key_is_hidden_in_what_is_followed_wherever_it_is_cut() -> None:
    said = f"one {SHAPE} two\r\nplain\r\n".encode()
    for cut in range(len(said)):
        stream = SafeStream()
        shown = stream.feed(said[:cut]) + stream.feed(said[cut:]) + stream.feed(b"", last=True)
        assert shown == "one [hidden] two\nplain\n", cut
