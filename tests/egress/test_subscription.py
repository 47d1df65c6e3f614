"""What an account's subscription pays for is kept apart from what costs money."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.meter import book, ceilings
from parhelia_tui.core.meter.bill import Usage
from parhelia_tui.core.meter.entries import since
from parhelia_tui.core.meter.spending import Answer, Spender, reserve, settle, standing
from tests.egress.conftest import Fleet
from tests.support.dashboard import dashboard
from tests.support.waiting import wait_until

NOW = 1_800_000_000.0
TOKEN = "sk-ant-oat01-0123456789abcdefghijklmnopqrstuvwxyz"
WORTH = 0.0075
"""USD of one request at the prices of the API."""


@pytest.mark.long
@pytest.mark.real
async def test_a_subscription_spends_no_money_and_no_ceiling_bounds_it(fleet: Fleet, client: Client) -> None:
    fleet.env["ANTHROPIC_API_KEY"] = TOKEN
    fleet.json("budget", "set", "0.001", "day")
    said = fleet.ask(2)
    assert said.count("200 ") == 2
    assert fleet.api.seen[0].headers["authorization"] == f"Bearer {TOKEN}"
    wait_until(lambda: client.totals().worth_today_usd == pytest.approx(2 * WORTH), 30)
    shown = fleet.json("budget", "show")
    assert shown["spent_today_usd"] == 0
    assert [each["spent_usd"] for each in shown["budgets"]] == [0, 0]
    page = fleet.product.run("budget", "show", env=fleet.env).stdout
    assert "worth $0.01 today, $0.01 in all at the API's prices; not counted" in page
    (part,) = fleet.json("budget", "history")
    assert (part["usd"], part["answers"]) == (0, 2)
    assert part["worth_usd"] == pytest.approx(2 * WORTH)
    (task,) = fleet.json("task", "list", "--all")
    assert (task["cost_usd"], task["input_tokens"], task["output_tokens"]) == (0, 2000, 200)
    async with dashboard(client) as seen:
        await seen.wait_for("beside", "by subscription today")


@pytest.mark.long
@pytest.mark.real
def test_a_spent_ceiling_holds_back_only_what_would_spend_money(fleet: Fleet, client: Client) -> None:
    fleet.json("budget", "set", "0.001", "day")
    assert fleet.ask().count("200 ") == 1
    wait_until(lambda: fleet.json("budget", "show")["spent_today_usd"] > 0.001, 30)
    place = str(fleet.workspace)
    words = ("task", "create", "--agent", "shell", "--network", "api", "--workspace", place, "true")
    code, error = fleet.product.error(*words, env=fleet.env)
    assert (error["code"], code != 0) == ("E300", True)
    fleet.env["ANTHROPIC_API_KEY"] = TOKEN
    assert fleet.ask().count("200 ") == 1
    assert fleet.api.seen[-1].headers["authorization"] == f"Bearer {TOKEN}"


def test_money_is_counted_beside_it(tmp_path: Path) -> None:
    db = book.open_book(tmp_path / book.NAME)
    ceilings.put(db, "all", 100, NOW)
    paid, free = Spender("c-1", "t-1"), Spender("c-2", "t-2", subscription=True)
    assert reserve(db, "r1", paid, "m", 60, NOW).answer is Answer.GRANTED
    assert reserve(db, "r2", free, "m", 900, NOW).answer is Answer.GRANTED
    settle(db, "r2", Usage(1, 1), 900, NOW)
    settle(db, "r1", Usage(1, 1), 60, NOW)
    assert standing(db, "all", "all").spent == 60
    assert [(each.request, each.cost, each.subscription) for each in since(db, 0)] == [
        ("r2", 900, True),
        ("r1", 60, False),
    ]
    ceilings.stop(db, "t-2", NOW)
    assert reserve(db, "r3", free, "m", 1, NOW).answer is Answer.STOPPED
    db.close()


def test_a_book_of_an_earlier_version_is_brought_up(tmp_path: Path) -> None:
    path = tmp_path / book.NAME
    book.open_book(path).close()
    with sqlite3.connect(path) as old:
        for column in ("subscription", "group_task"):
            old.execute(f"ALTER TABLE entries DROP COLUMN {column}")
        old.execute("DROP TABLE allowances")
        old.execute("PRAGMA user_version = 1")
    old.close()
    db = book.open_book(path)
    assert reserve(db, "r1", Spender("c", "t", subscription=True), "m", 1, NOW).answer is Answer.GRANTED
    db.close()
