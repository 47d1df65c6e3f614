"""People are told once of each change, within a second, and never waited for."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.egress.authority import Authority
from tests.support.asking import asker, bash, waiting
from tests.support.fleet import configure, create, end_of, event, kill_controller, reach, types_of
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real


class Hook:
    """A server that takes notices.

    Args:
        refuse: answers so many with 500 first; below 0 every one is left without an answer.
    """

    def __init__(self, refuse: int = 0) -> None:
        self.taken: list[dict[str, Any]] = []
        self.tries = 0
        self.over = threading.Event()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hook.tries += 1
                said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if refuse < 0:
                    hook.over.wait(60)
                    return
                if hook.tries <= refuse:
                    self.send_error(500)
                    return
                hook.taken.append({**said, "came": time.time(), "path": self.path})
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self.server.serve_forever)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/told?by=parhelia"

    def close(self) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    yield made
    made.close()


def test_a_webhook_is_told_within_a_second(tmp_path: Path, client: Client, place: Path, hook: Hook) -> None:
    configure(tmp_path, f'[notify]\nwebhook = "{hook.address}"\non = ["waiting", "completed"]\n')
    task = asker(client, place, bash("rm -r build"))
    [asked] = waiting(client, task)
    wait_until(lambda: hook.taken, 60)
    said = hook.taken[0]
    assert (said["kind"], said["task_id"], said["about"]) == ("waiting", task.id, "Bash: rm -r build")
    assert said["text"].endswith("waits for you: Bash: rm -r build")
    assert said["path"] == "/told?by=parhelia"
    client.approvals.answer(asked.id, "allow")
    end_of(client, task.id)
    wait_until(lambda: len(hook.taken) == 2, 60)
    assert hook.taken[1]["kind"] == "completed"
    # A busy machine may hold one up, but not all of them.
    for number in range(3, 8):
        task = create(client, "true", place)
        end_of(client, task.id, 60)
        wait_until(lambda wanted=number: len(hook.taken) == wanted, 60)  # type: ignore[misc]
    assert min(each["came"] - each["at"] for each in hook.taken) < 1.0


def test_a_webhook_behind_an_authority_of_the_users_own_is_told(
    tmp_path: Path, client: Client, place: Path, hook: Hook
) -> None:
    ca = Authority(tmp_path)
    hook.server.socket = ca.server().wrap_socket(hook.server.socket, server_side=True)
    address = hook.address.replace("http:", "https:")
    configure(
        tmp_path,
        f'[notify]\nwebhook = "{address}"\non = ["completed"]\n[network]\nca_file = "{ca.file}"\n',
    )
    task = create(client, "true", place)
    end_of(client, task.id, 60)
    wait_until(lambda: hook.taken, 60)
    assert hook.taken[0]["task_id"] == task.id


def test_a_program_gets_it_on_its_standard_input(tmp_path: Path, client: Client, place: Path) -> None:
    script = tmp_path / "hook.sh"
    script.write_text('#!/bin/sh\ncat > "$1.$PARHELIA_NOTICE"; env > "$1.env"\n')
    script.chmod(0o755)
    target = tmp_path / "told"
    configure(tmp_path, f'[notify]\ncommand = ["{script}", "{target}"]\n')
    task = create(client, "exit 3", place, title="Break it")
    wait_until(lambda: Path(f"{target}.failed").exists() and Path(f"{target}.env").exists(), 30)
    wait_until(lambda: Path(f"{target}.failed").read_text().endswith("\n"), 30)
    said = json.loads(Path(f"{target}.failed").read_text())
    assert (said["task_id"], said["title"], said["about"]) == (task.id, "Break it", "exit code 3")


def test_each_change_is_told_once_over_a_kill(
    tmp_path: Path, product: Product, client: Client, place: Path, hook: Hook
) -> None:
    configure(tmp_path, f'[notify]\nwebhook = "{hook.address}"\non = ["completed"]\n')
    ids = [create(client, "sleep 0.2", place).id for _ in range(6)]
    reach(client, ids[0], TaskState.RUNNING, TaskState.COMPLETED)
    kill_controller(product)
    client.wake()
    for each in ids:
        end_of(client, each, 60)
    last = create(client, "true", place)
    wait_until(lambda: last.id in {each["task_id"] for each in hook.taken}, 60)
    told = [each["task_id"] for each in hook.taken]
    assert len(told) == len(set(told))


@pytest.mark.long
def test_a_refusal_is_tried_again(tmp_path: Path, client: Client, place: Path) -> None:
    stubborn = Hook(refuse=2)
    try:
        configure(tmp_path, f'[notify]\nwebhook = "{stubborn.address}"\n')
        create(client, "exit 1", place)
        wait_until(lambda: stubborn.taken, 60)
        assert stubborn.tries == 3
        assert "notify.failed" not in types_of(client)
    finally:
        stubborn.close()


@pytest.mark.long
def test_who_does_not_answer_holds_nothing_up_and_is_told_of(
    tmp_path: Path, client: Client, place: Path
) -> None:
    silent = Hook(refuse=-1)
    try:
        program = '["/bin/sh", "-c", "exit 7"]'
        configure(
            tmp_path,
            f'[notify]\nwebhook = "{silent.address}"\ncommand = {program}\non = ["completed"]\n',
        )
        for _ in range(12):
            assert end_of(client, create(client, "true", place).id).state is TaskState.COMPLETED
        assert silent.tries >= 1
        told = event(client, "notify.failed")
        assert told.level == "warning"
        assert "3 times: /bin/sh ended with 7" in told.message
    finally:
        silent.close()


def test_without_a_way_nothing_is_kept(client: Client, place: Path) -> None:
    end_of(client, create(client, "exit 1", place).id)
    assert "notify.failed" not in types_of(client)


def test_the_test_says_what_became_of_each_way(
    tmp_path: Path, product: Product, client: Client, hook: Hook
) -> None:
    configure(
        tmp_path, f'[notify]\nwebhook = "{hook.address}"\ncommand = ["/nonexistent/program"]\non = []\n'
    )
    done = product.run("notify", "test", "--json")
    assert done.returncode == 1
    said = json.loads(done.stdout)["data"]
    assert said["webhook"] == "sent"
    assert said["command"].startswith("E500: /nonexistent/program cannot be started")
    assert (said["bell"], said["desktop"]) == ("off", "off")
    assert [each["kind"] for each in hook.taken] == ["test"]
    text = product.run(
        "notify", "test", env={"PARHELIA_NOTIFY__DESKTOP": "notify-send", "PATH": "/nonexistent"}
    )
    assert "notify-send is not installed" in text.stdout
