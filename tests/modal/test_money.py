"""Money in sandboxes: granted from here, spent there, entered here once, and never past a ceiling."""

from __future__ import annotations

from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.egress.authority import Authority
from tests.egress.conftest import ASK, Fleet
from tests.egress.test_budgets import A_REQUEST, of_type
from tests.egress.test_secrets import SEARCH
from tests.egress.upstream import KEY, running, says
from tests.support.dashboard import dashboard
from tests.support.fleet import configure, end_of, kill_controller, reach
from tests.support.modal_provider import Provider
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

FLAGS = ("--backend", "modal", "--network", "api")
WAIT_S = 60.0


def task(fleet: Fleet, command: str, *flags: str) -> str:
    """Create a task at the provider, and give its id."""
    words = ("task", "create", *FLAGS, "--workspace", str(fleet.workspace), *flags, command)
    return str(fleet.json(*words)["id"])


def asks(times: int) -> str:
    """A command that asks the API so often, one after the other."""
    return f"python3 -I -c '{ASK}' {times}"


def spent(client: Client) -> float:
    """What the ledger has of answers."""
    return sum(each.usd for each in client.budgets.history("model") if each.name.startswith("claude"))


@pytest.mark.long
def test_the_key_is_nowhere_in_the_sandbox_that_the_agent_sees(fleet: Fleet, client: Client) -> None:
    said = fleet.run("sh", "-c", 'python3 -I -c "$0"; python3 -I -c "$1"', ASK, SEARCH, flags=FLAGS)
    assert said.splitlines() == ["200 523", "searched True found []", "ph- []"]
    assert fleet.api.seen[0].headers["x-api-key"] == KEY
    wait_until(lambda: spent(client) == pytest.approx(A_REQUEST), WAIT_S)
    # What was granted and not used is given back with the end.
    wait_until(lambda: all(each.reserved_usd == 0 for each in client.budgets.standing()), WAIT_S)


@pytest.mark.long
def test_a_sandbox_reaches_an_api_behind_a_companys_own_authority(
    fleet: Fleet, provider: Provider, tmp_path: Path
) -> None:
    ca = Authority(tmp_path)
    configuration = tmp_path / "config" / "parhelia" / "config.toml"
    before = configuration.read_text() if configuration.exists() else ""
    with running(says("Hello"), ca.server()) as api:
        provider.order("reach", port=api.port)
        fleet.env["PARHELIA_API__URL"] = api.url
        assert "the certificate of 127.0.0.1 is not accepted" in fleet.ask(flags=FLAGS)
        assert api.seen == []
        fleet.product.run("controller", "stop")
        configure(tmp_path, f'{before}\n[network]\nca_file = "{ca.file}"\n')
        said = fleet.run(
            *("sh", "-c", 'python3 -I -c "$0"; cat "$NODE_EXTRA_CA_CERTS"', ASK),
            flags=("--backend", "modal", "--network", "allowlist"),
        )
        assert said.splitlines() == ["200 523", *ca.file.read_text().splitlines()]
        assert api.seen[0].headers["x-api-key"] == KEY


@pytest.mark.long
def test_at_its_ceiling_a_sandbox_stands_still_with_a_checkpoint_and_goes_on_when_it_is_raised(
    fleet: Fleet, client: Client
) -> None:
    name = task(fleet, f"{asks(3)} > said", "--budget", "0.01")
    waiting = reach(client, name, TaskState.WAITING, deadline_s=WAIT_S)
    assert waiting.reason == "budget"
    assert f"$0.0150 of $0.0100 for task {name} are spent" in waiting.question
    wait_until(lambda: [each.state for each in client.checkpoints.of(waiting)] == ["ready"], WAIT_S)
    assert len(fleet.api.seen) == 2
    fleet.json("budget", "raise", name, "1")
    ended = end_of(client, name, WAIT_S)
    assert ended.state is TaskState.COMPLETED
    assert (client.paths.workspaces / name / "said").read_text().count("200 ") == 3
    wait_until(lambda: spent(client) == pytest.approx(3 * A_REQUEST), WAIT_S)
    assert [each["type"] for each in of_type(fleet, "budget.lifted")] == ["budget.lifted"]


@pytest.mark.long
def test_the_seconds_of_a_sandbox_spend_its_ceiling_too_and_end_it(
    fleet: Fleet, client: Client, provider: Provider
) -> None:
    # 0.0018 USD are eleven seconds of a T4: enough to begin in, also on a slow machine.
    words = ("task", "create", "--backend", "modal", "--mode", "empty", "--agent", "shell")
    name = str(fleet.json(*words, "--gpu", "T4", "--budget", "0.0018", "echo kept > file; sleep 600")["id"])
    ended = end_of(client, name, WAIT_S)
    assert ended.state is TaskState.FAILED
    assert ended.reason == f"E300: the budget of task {name} is spent, and its sandbox costs by the second"
    assert (client.paths.workspaces / name / "file").read_text() == "kept\n"
    wait_until(lambda: provider.sandboxes() == [], WAIT_S)
    assert [each["type"] for each in of_type(fleet, "container.too_dear")] == ["container.too_dear"]


T4 = ("task", "create", "--backend", "modal", "--mode", "empty", "--agent", "shell", "--gpu", "T4")


@pytest.mark.long
async def test_what_would_cost_seconds_beyond_a_ceiling_waits_and_says_so_until_there_is_more(
    fleet: Fleet, client: Client, provider: Provider, tmp_path: Path
) -> None:
    configure(tmp_path, "[modal]\nmax_containers = 1\n")
    # 0.002 USD are twelve seconds of a T4, and no model is asked anything.
    fleet.json("budget", "set", "0.002", "day")
    first = str(fleet.json(*T4, "sleep 600")["id"])
    held = str(fleet.json(*T4, "--title", "Held", "echo done > file")["id"])
    assert end_of(client, first, WAIT_S).reason.startswith("E300: the budget of today is spent")
    why = "the budget for today is spent; parhelia budget raise day USD lets it begin"
    wait_until(lambda: client.task(held).reason == why, WAIT_S)
    # What costs nothing begins, and by then there was room for the other too.
    assert fleet.run("echo", "free", flags=("--network", "none")) == "free\n"
    waits = client.task(held)
    assert (waits.state, waits.attempt, waits.reason) == (TaskState.PENDING, 0, why)
    assert [each["message"] for each in of_type(fleet, "task.held_back") if each["task_id"] == held][-1:] == [
        why
    ]
    assert why in fleet.product.run("task", "show", held).stdout
    async with dashboard(client) as seen:
        await seen.wait_for("Held  ◂ the budget for")
    assert len(provider.sandboxes(running=False)) == 1
    # Another controller knows as much, and who raises the ceiling lets it begin.
    kill_controller(fleet.product)
    fleet.json("controller", "start")
    fleet.json("budget", "raise", "day", "5")
    assert end_of(client, held, WAIT_S).state is TaskState.COMPLETED


@pytest.mark.long
def test_a_part_waits_when_the_sandboxes_of_its_group_have_spent_what_is_for_all(
    fleet: Fleet, client: Client, provider: Provider, tmp_path: Path
) -> None:
    configure(tmp_path, "[modal]\nmax_containers = 1\n")
    group = str(
        fleet.json(*T4, "--budget", "0.001", "--target", "600", "--target", "0", "sleep {target}")["id"]
    )
    first, second = client.parts(group)
    assert end_of(client, first.id, WAIT_S).reason.startswith(f"E300: the budget of task {group} is spent")
    why = f"the budget of task {group} is spent; parhelia budget raise {group} USD lets it begin"
    wait_until(lambda: client.task(second.id).reason == why, WAIT_S)
    assert client.task(second.id).attempt == 0
    fleet.json("budget", "raise", group, "1")
    assert end_of(client, second.id, WAIT_S).state is TaskState.COMPLETED


@pytest.mark.long
def test_what_is_held_still_at_its_ceiling_does_not_cost_seconds_for_ever(
    fleet: Fleet, client: Client, provider: Provider, tmp_path: Path
) -> None:
    configure(tmp_path, "[modal]\nlinger_s = 15\n")
    name = task(fleet, f"{asks(3)} > said", "--budget", "0.01")
    reach(client, name, TaskState.WAITING, deadline_s=WAIT_S)
    ended = end_of(client, name, WAIT_S)
    assert ended.reason.startswith(f"E300: the budget of task {name} is spent")
    wait_until(lambda: [each.state for each in client.checkpoints.of(ended)][-1:] == ["ready"], WAIT_S)
    wait_until(lambda: provider.sandboxes() == [], WAIT_S)


@pytest.mark.long
def test_who_is_stopped_in_a_sandbox_is_told_in_words(fleet: Fleet, client: Client) -> None:
    name = task(fleet, f"{asks(2)} > said; echo went on >> said", "--budget", "0.001")
    reach(client, name, TaskState.WAITING, deadline_s=WAIT_S)
    fleet.json("budget", "stop", name)
    end_of(client, name, WAIT_S)
    said = (client.paths.workspaces / name / "said").read_text()
    assert "402 A person has stopped this task's spending. Do not try again" in said


@pytest.mark.long
def test_tasks_here_and_there_do_not_race_past_a_ceiling(fleet: Fleet, client: Client) -> None:
    # Each of them alone wants more than there is.
    most = 40 * A_REQUEST
    fleet.json("budget", "set", str(most), "all")
    # All are made while there is money: this one asks when the others do, and a sandbox takes its time to start.
    begin = f"until [ -e go ]; do sleep 0.02; done; {asks(45)}"
    place = ("--network", "api", "--workspace", str(fleet.workspace))
    here = [str(fleet.json("task", "create", *place, begin)["id"])]
    there = [task(fleet, asks(45)) for _ in range(2)]
    wait_until(lambda: len(fleet.api.seen) > 1, 120)
    (fleet.workspace / "go").touch()
    for each in (*here, *there):
        assert reach(client, each, TaskState.WAITING, deadline_s=120).reason == "budget"
    wait_until(lambda: spent(client) == pytest.approx(A_REQUEST * len(fleet.api.seen)), WAIT_S)
    # The last response alone may go beyond.
    assert most <= spent(client) < most + A_REQUEST + 1e-9


@pytest.mark.long
def test_without_a_controller_a_sandbox_spends_what_it_was_granted_and_all_is_entered_once(
    fleet: Fleet, client: Client
) -> None:
    fleet.json("budget", "set", "0.4", "all")
    name = task(fleet, asks(1000))
    wait_until(lambda: len(fleet.api.seen) > 1, WAIT_S)
    kill_controller(fleet.product)
    granted = client.budgets.standing()[0]
    most = granted.spent_usd + granted.reserved_usd
    seen = -1
    # It stops by itself: nothing new for as long as several requests take.
    while len(fleet.api.seen) > seen:
        seen = len(fleet.api.seen)
        wait_until_quiet(fleet, seen)
    # The last response alone may cost more than it was thought to.
    assert seen * A_REQUEST < most + A_REQUEST
    fleet.json("controller", "start")
    assert reach(client, name, TaskState.WAITING, deadline_s=WAIT_S).reason == "budget"
    wait_until(lambda: spent(client) == pytest.approx(A_REQUEST * len(fleet.api.seen)), WAIT_S)
    assert 0.4 <= spent(client) < 0.4 + A_REQUEST + 1e-9


def wait_until_quiet(fleet: Fleet, seen: int) -> None:
    """Return when something new was asked, or when nothing was for 3 s."""
    try:
        wait_until(lambda: len(fleet.api.seen) > seen, 3.0)
    except AssertionError:
        return
