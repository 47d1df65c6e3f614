"""Money on the dashboard: what is spent of which ceiling, and one key that lets a task go on or stops it."""

from __future__ import annotations

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.egress.conftest import ASK, Fleet
from tests.support.dashboard import dashboard
from tests.support.fleet import end_of, reach

pytestmark = pytest.mark.real


def held(fleet: Fleet, client: Client) -> str:
    """A task that waits at its ceiling after one request."""
    made = fleet.json(
        *("task", "create", "--network", "api", "--workspace", str(fleet.workspace), "--budget", "0.001"),
        f"python3 -I -c '{ASK}' 2 > said",
    )
    reach(client, made["id"], TaskState.WAITING, deadline_s=60)
    return str(made["id"])


@pytest.mark.long
async def test_a_key_raises_the_budget_and_the_pane_shows_what_is_spent(fleet: Fleet, client: Client) -> None:
    name = held(fleet, client)
    fleet.json("budget", "set", "0.01")
    fleet.json("budget", "set", "2", "day")
    async with dashboard(client, (200, 50)) as seen:
        await seen.wait_for("$0.0075/$2.00 today", "$0.0075/$0.01", "spent in 20m")
        await seen.press("dollar_sign")
        await seen.wait_for(
            "The budget of", f"$0.0075 of $0.0010 for task {name}", "$0.0075 of $2.00 for today"
        )
        await seen.type("much")
        await seen.press("enter")
        await seen.wait_for("much is no amount.")
        await seen.press("dollar_sign")
        await seen.wait_for("The budget of")
        await seen.type("1.5")
        await seen.press("enter")
        await seen.wait(lambda: client.task(name).state is TaskState.COMPLETED)
        await seen.wait_for("completed")
    assert client.budgets.of_task(client.task(name))[2].limit_usd == pytest.approx(1.5075)


@pytest.mark.long
async def test_the_same_key_stops_a_task(fleet: Fleet, client: Client) -> None:
    name = held(fleet, client)
    async with dashboard(client) as seen:
        await seen.wait_for("waiting")
        await seen.press("dollar_sign")
        await seen.wait_for("or stop")
        await seen.type("stop")
        await seen.press("enter")
        await seen.wait(lambda: client.task(name).finished_at is not None)
        await seen.wait_for("completed")
        await seen.press("dollar_sign")
        await seen.wait_for("and spends nothing more")
    end_of(client, name)
    assert "402 " in (fleet.workspace / "said").read_text()
