"""Going on otherwise than it began, being asked to go on, and what a saved talk holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.acceptance_cases.shells import PROMPT, Shell
from tests.acceptance_cases.test_images import build, program
from tests.acceptance_cases.test_resume import TALK, ended, newest_of, talk_of
from tests.support.fleet import configure, container_of, create, end_of, reach
from tests.support.outer_terminal import OuterTerminal
from tests.support.product import PARHELIA, Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

PROFILE = "[profiles.large.defaults]\nnetwork = 'open'\npersistent = true\n[profiles.large.defaults.limits]\npids = 300\n"
CHUNK = 1 << 20
CTRL_Q = b"\x11"


@pytest.mark.long
def test_it_goes_on_with_another_system_and_other_limits_and_the_changes_are_told(
    product: Product, client: Client, place: Path
) -> None:
    build(product, "tools", program("gh", "gh version 2"))
    task_id = ended(client, place)
    talk = talk_of(client, task_id)
    before = client.task(task_id)
    assert (before.image, before.persistent, before.limits.pids) == ("", False, None)
    words = ("--image", "tools", "--persistent", "--pids", "200", "--timeout", "1h")
    done = product.run("resume", task_id, "--yes", *words)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [
        "otherwise than before: the system of image tools instead of the plain system",
        "otherwise than before: its system kept from now on",
        "otherwise than before: at most 200 processes instead of no limit",
        "otherwise than before: at most 3600 s of life instead of no limit",
    ]
    end_of(client, task_id)
    now = container_of(client, task_id)
    assert (now.image, now.persistent, now.limits.pids, now.limits.lifetime_s) == ("tools", True, 200, 3600)
    assert talk_of(client, task_id).startswith(talk)
    (told,) = client.events(types=("task.resume_requested",), task_id=task_id)
    assert "the system of image tools instead of the plain system" in told.message
    # Without a word it goes on as it is now.
    again = product.run("resume", task_id, "--yes")
    assert (again.returncode, again.stderr) == (0, "")
    end_of(client, task_id)
    assert container_of(client, task_id).image == "tools"
    product.json("resume", task_id, "--yes", "--own-system", "--no-persistent")
    end_of(client, task_id)
    plain = container_of(client, task_id)
    assert (plain.image, plain.persistent) == ("", False)


@pytest.mark.long
def test_a_profile_says_what_is_different_and_options_lie_over_it(
    product: Product, client: Client, place: Path, tmp_path: Path
) -> None:
    configure(tmp_path, PROFILE)
    task_id = ended(client, place)
    product.json("resume", task_id, "--yes", "--profile", "large", "--no-persistent")
    end_of(client, task_id)
    now = container_of(client, task_id)
    # What its network is does not change with the machine that it goes on with.
    assert (now.persistent, now.limits.pids, client.task(task_id).network) == (False, 300, "none")


@pytest.mark.long
def test_what_it_cannot_go_on_with_is_refused_and_changes_nothing(
    product: Product, client: Client, place: Path
) -> None:
    task_id = ended(client, place)
    refused = {
        ("--image", "none-such"): "E208",
        ("--image", "Not A Name"): "E100",
        ("--image", "tools", "--own-system"): "E101",
        ("--gpu", "A100"): "E603",
        ("--pids", "1"): "E100",
        ("--profile", "none-such"): "E101",
        ("--backend", "elsewhere"): "E603",
        ("--backend", "modal", "--persistent"): "E603",
        ("--timeout", "soon"): "E101",
    }
    for words, code in refused.items():
        assert product.error("resume", task_id, "--yes", *words)[1]["code"] == code, words
    task = client.task(task_id)
    assert (task.state, task.attempt, task.backend, task.image) == (TaskState.COMPLETED, 1, "local", "")


@pytest.mark.long
def test_a_shell_offers_to_go_on_with_what_ended_here_last(
    product: Product, client: Client, place: Path, shell: Shell
) -> None:
    options = {"seed": 5, "pace": 0, "turns": 3, "ask": "always"}
    task_id = create(client, "add a parser", place, agent="demo", agent_options=options).id
    reach(client, task_id, TaskState.WAITING)
    client.cancel_task(task_id)
    end_of(client, task_id)
    wait_until(lambda: client.checkpoints.newest(client.task(task_id)) is not None, 30)
    question = r"“add a parser” \(demo\) ended here .* ago. Go on with it\? \[y/N\]: ".encode()
    for words in (["--new"], ["--slot", "3"]):
        asked_not = shell("-w", str(place), *words)
        assert b"Go on with it" not in asked_not.received
        asked_not.write(b"exit\r")
        asked_not.wait_end(30)
    command = [PARHELIA, "shell", "-w", str(place)]
    with OuterTerminal(command, {"SHELL": "/bin/bash"}) as terminal:
        terminal.wait_for(question, 30)
        terminal.write(b"\r")
        terminal.wait_for(PROMPT, 30)
        terminal.write(b"exit\r")
        terminal.wait_end(30)
    assert client.task(task_id).attempt == 1
    with OuterTerminal(command) as terminal:
        terminal.wait_for(question, 30)
        terminal.write(b"y\r")
        terminal.wait_for(rb"go on where I was", 30)
        terminal.write(CTRL_Q)
        assert terminal.wait_end(30) == 0
    assert client.task(task_id).attempt == 2
    assert reach(client, task_id, TaskState.WAITING).container_id == container_of(client, task_id).id


@pytest.mark.long
def test_what_a_checkpoint_holds_of_files_and_talk_is_listed(
    product: Product, client: Client, place: Path
) -> None:
    (place / "docs").mkdir()
    (place / "docs" / "page\n1").write_text("12345")
    (place / "link").symlink_to("docs")
    task_id = ended(client, place)
    kept = newest_of(client, task_id).id
    talk = product.json("checkpoint", "files", kept, "--talk")
    (found,) = [each for each in talk if each["path"] == "talk.jsonl"]
    assert (found["kind"], found["size"]) == ("file", len(talk_of(client, task_id)))
    assert "talk.jsonl" in product.run("checkpoint", "files", kept, "--talk").stdout
    files = {each["path"]: each for each in product.json("checkpoint", "files", kept)}
    assert list(files) == sorted(files)
    assert set(files) == {str(each.relative_to(place)) for each in place.rglob("*")}
    assert (files["link"]["kind"], files["link"]["target"]) == ("link", "docs")
    below = product.run("checkpoint", "files", kept, "docs/").stdout.splitlines()
    assert [line.split()[0] for line in below] == ["MODE", "drwxr-xr-x", "-rw-r--r--"]
    assert "page\n1" not in "\n".join(below)
    assert product.error("checkpoint", "files", kept, "docs/../..")[1]["code"] == "E101"
    silent = client.create_task(client.request({"prompt": "true", "workspace": str(place), "agent": "shell"}))
    end_of(client, silent.id)
    plain = product.json("checkpoint", "create", silent.id)["id"]
    assert product.error("checkpoint", "files", plain, "--talk")[1]["code"] == "E202"


@pytest.mark.long
def test_a_talk_of_a_gigabyte_is_kept_and_is_there_again_and_both_tell_how_far_they_are(
    product: Product, client: Client, place: Path
) -> None:
    task_id = ended(client, place)
    large = Path(TALK).with_name("large")
    home = client.paths.container(container_of(client, task_id).id)
    (home / large).mkdir()
    for number in range(1000):
        # Not one that could be stored as the same as another, and quickly made.
        (home / large / f"{number:04d}").write_bytes(b"%08d" % number * (CHUNK // 8))
    with OuterTerminal([PARHELIA, "checkpoint", "create", task_id], columns=120) as terminal:
        terminal.wait_for(rb"the talk: megabytes read, [0-9,]+", 60)
        assert terminal.wait_end(120) == 0
    # Without the time that a command takes to end, in which all of it may be back.
    client.checkpoints.resume(client.task(task_id), None)
    seen: set[str] = set()
    while client.task(task_id).state in (TaskState.PENDING, TaskState.DISPATCHING):
        seen.add(client.task(task_id).reason)
    told = [each for each in seen if each.startswith("the talk comes back: restoring, ")]
    # On the way, not only when all of it is there.
    assert any(not re.search(r" ([0-9,]+) of \1$", each) for each in told), seen
    end_of(client, task_id, 60)
    back = client.paths.container(container_of(client, task_id).id) / large
    assert sum(each.stat().st_size for each in back.iterdir()) == 1000 * CHUNK
    assert client.task(task_id).reason == "exit code 0"
