"""The life of a task, its container and its session, as the installed command tells of it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.acceptance_cases.shells import Shell
from tests.support.fleet import RELEASE, configure
from tests.support.product import Product
from tests.support.waiting import processes_with, quiet_since, wait_until

pytestmark = pytest.mark.real


@pytest.mark.long
def test_a_task_is_created_runs_and_gives_its_result(product: Product, place: Path) -> None:
    task = product.json(
        "task", "create", "-w", str(place), f"echo begun; {RELEASE}; echo made > file; echo the end"
    )
    assert task["state"] == "pending"
    wait_until(lambda: product.json("task", "show", task["id"])["state"] == "running", 30)
    shown = product.json("task", "show", task["id"])
    container = product.json("container", "show", shown["container_id"])
    assert (container["task_id"], container["state"], container["exit_code"]) == (task["id"], "running", None)
    (session,) = product.json("session", "list", "--container", task["id"])
    assert (session["container_id"], session["state"]) == (container["id"], "running")
    (place / "go").touch()
    assert product.run("task", "watch", task["id"]).returncode == 0
    shown = product.json("task", "show", task["id"])
    assert (shown["state"], shown["exit_code"], shown["reason"]) == ("completed", 0, "exit code 0")
    assert product.run("task", "logs", task["id"]).stdout == "begun\nthe end\n"
    assert (place / "file").read_text() == "made\n"
    assert product.json("container", "show", container["id"])["state"] == "stopped"
    assert product.json("session", "list") == []


@pytest.mark.long
def test_a_failure_is_shown_with_its_reason_and_what_cannot_follow_is_refused(
    product: Product, place: Path
) -> None:
    task = product.json("task", "create", "-w", str(place), "exit 7")["id"]
    assert product.run("task", "watch", task).returncode != 0
    shown = product.json("task", "show", task)
    assert (shown["state"], shown["exit_code"], shown["reason"]) == ("failed", 7, "exit code 7")
    assert "failed" in product.run("task", "show", task).stdout
    code, error = product.error("task", "cancel", task)
    assert (code, error["code"], error["name"]) == (6, "E103", "INVALID_TRANSITION")
    assert product.json("task", "show", task)["state"] == "failed"


def test_a_change_is_shown_within_five_seconds(product: Product, place: Path) -> None:
    task = product.json("task", "create", "-w", str(place), f"touch begun; {RELEASE}; touch over")["id"]

    def shown_late(mark: str, state: str) -> float:
        """Seconds from what the command did to its being shown."""
        wait_until((place / mark).exists, 60)
        happened = (place / mark).stat().st_mtime
        wait_until(lambda: product.json("task", "show", task)["state"] == state, 30)
        return quiet_since(time.monotonic() - (time.time() - happened))

    assert shown_late("begun", "running") < 5
    (place / "go").touch()
    assert shown_late("over", "completed") < 5


@pytest.mark.long
def test_a_terminated_container_cannot_be_reached_and_who_looks_at_it_is_told(
    shell: Shell, product: Product, place: Path
) -> None:
    marker = "86511"
    terminal = shell("-w", str(place))
    terminal.write(f"echo kept > file; sleep {marker} &\r".encode())
    wait_until(lambda: processes_with(marker) != [], 30)
    (container,) = product.json("container", "list")
    begun = time.monotonic()
    product.json("container", "terminate", container["id"])
    terminal.wait_for(rb"has ended: .*terminated by the user", 30)
    wait_until(lambda: product.json("container", "list") == [], 30)
    assert processes_with(marker) == []
    assert quiet_since(begun) < 30
    shown = product.json("container", "show", container["id"])
    assert shown["state"] == "terminated"
    assert shown["created_at"] < shown["finished_at"] <= time.time()
    for words in (("session", "send", container["id"], "text"), ("session", "capture", container["id"])):
        code, error = product.error(*words)
        assert (code, error["code"]) == (1, "E601")
        assert "has ended" in error["message"]
    assert product.error("session", "new", container["id"])[1]["code"] == "E203"
    assert product.error("container", "terminate", container["id"])[1]["code"] == "E103"
    assert (place / "file").read_text() == "kept\n"
    told = [each["type"] for each in product.json("events", "list", "--container", container["id"])]
    assert "container.terminate_requested" in told
    assert "container.terminated" in told


@pytest.mark.long
def test_ten_that_start_at_once_have_containers_of_their_own_that_do_not_meet(
    product: Product, place: Path, tmp_path: Path
) -> None:
    configure(tmp_path, "[controller]\nmax_containers = 10\n")
    prompt = (
        "echo $PARHELIA_CONTAINER_ID | tee /tmp/mine > ~/mine; sleep 86512 &"
        " until grep -qx sleep /proc/$!/comm; do :; done; touch here-$PARHELIA_SLOT;"
        " until [ $(ls here-* | wc -l) = 10 ]; do sleep 0.1; done;"
        " echo $PARHELIA_CONTAINER_ID $(cat /tmp/mine ~/mine) $(grep -lx sleep /proc/[0-9]*/comm | wc -l)"
    )
    tasks = tmp_path / "tasks.jsonl"
    line = json.dumps({"prompt": prompt, "workspace": str(place)})
    tasks.write_text(f"{line}\n" * 10)
    assert product.run("--batch", str(tasks)).returncode == 0
    said = [product.run("task", "logs", each["id"]).stdout.split() for each in product.json("task", "list")]
    assert len({words[0] for words in said}) == 10
    for words in said:
        assert words == [words[0], words[0], words[0], "1"]
    found = product.json("container", "list", "--all")
    assert sorted(each["slot"] for each in found) == list(range(1, 11))
    begun = [each["started_at"] - each["created_at"] for each in product.json("task", "list")]
    assert max(begun) < 60


REPORT = """
import json, os, socket, sys
to = socket.socket(socket.AF_UNIX)
to.connect(os.environ["PARHELIA_AGENT_SOCKET"])
usage = {"type": "usage", "model": "m", "input_tokens": 10, "output_tokens": 5, "cost_usd": float(sys.argv[1])}
to.sendall(json.dumps(usage).encode() + b"\\n")
to.close()
sys.exit(int(sys.argv[2]))
"""


def test_a_batch_of_which_one_fails_tells_so_and_adds_up_what_all_cost(
    product: Product, place: Path, tmp_path: Path
) -> None:
    (place / "report.py").write_text(REPORT)
    tasks = tmp_path / "tasks.jsonl"
    work = [("0.5", 0), ("0.3", 1)]
    lines = [{"prompt": f"python3 report.py {cost} {code}", "workspace": str(place)} for cost, code in work]
    tasks.write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = product.run("--batch", str(tasks), "--json")
    assert done.returncode == 1
    summary = json.loads(done.stdout.splitlines()[-1])
    assert (summary["success"], summary["completed"], summary["total"]) == (False, 1, 2)
    assert summary["cost_usd"] == pytest.approx(0.8)
    assert [(each["state"], each["cost_usd"]) for each in summary["tasks"]] == [
        ("completed", 0.5),
        ("failed", 0.3),
    ]
    assert product.json("budget", "show")["spent_total_usd"] == pytest.approx(0.8)


def test_heartbeats_are_kept_and_make_the_health(product: Product, place: Path, tmp_path: Path) -> None:
    configure(tmp_path, "[health]\nheartbeat_s = 0.2\n[controller]\nhealth_s = 0.1\n")
    task = product.json("task", "create", "-w", str(place), RELEASE)["id"]
    wait_until(lambda: product.json("task", "show", task)["state"] == "running", 30)
    (container,) = [each for each in product.json("container", "list") if each["task_id"] == task]

    def beats() -> list[dict[str, float]]:
        found = product.json("container", "health", container["id"])["heartbeats"]
        assert isinstance(found, list)
        return found

    wait_until(lambda: len(beats()) >= 3, 30)
    wait_until(lambda: product.json("container", "health", container["id"])["health"] == "healthy", 30)
    kept = beats()
    assert [each["seq"] for each in kept] == sorted({each["seq"] for each in kept})
    assert all(each["memory_bytes"] > 0 for each in kept)
