"""`parhelia budget`: what stands against a ceiling where not only requests have cost money."""

from __future__ import annotations

import time
from contextlib import closing

import pytest

from parhelia_tui.core.store import ledger, tasks
from parhelia_tui.core.store.connection import connect, writing
from tests.support.product import Product


def spend(product: Product, usd: float | None, *, number: int = 0) -> str:
    """Enter the seconds of a sandbox into the ledger, and give the task that they are of."""
    task_id = str(product.json("run", "--mode", "empty", "true")["id"])
    with closing(connect(product.paths.database)) as store, writing(store) as tx:
        task = tasks.get(tx, task_id)
        ledger.add(
            tx,
            task,
            container_id="c-elsewhere",
            spool_seq=number,
            at=time.time(),
            model="modal",
            input_tokens=0,
            output_tokens=0,
            cost_usd=usd,
        )
        tasks.update(tx, task, cost_usd=usd)
    return task_id


@pytest.mark.real
def test_what_sandboxes_cost_stands_against_every_ceiling(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODAL_TOKEN_ID", "ak-nobody")
    monkeypatch.setenv("MODAL_TOKEN_SECRET", "as-nobody")
    task_id = spend(product, 0.44)
    # The price of one GPU is not known.
    spend(product, None, number=1)
    assert "1 entry of unknown cost today" in product.run("budget", "show").stdout
    said = product.run("budget", "set", "0.36")
    assert "$0.44 are spent already: this ceiling is below that, so nothing is left of it" in said.stdout
    shown = product.json("budget", "show", task_id)
    assert shown["spent_total_usd"] == pytest.approx(0.44)
    spent = {each["scope"]: each["spent_usd"] for each in shown["budgets"]}
    assert spent == {scope: pytest.approx(0.44) for scope in ("all", "day", f"task:{task_id}")}
    (row,) = [each for each in shown["budgets"] if each["limit_usd"] is not None]
    assert row["left_usd"] == pytest.approx(-0.08)
    code, error = product.error("task", "create", "--backend", "modal", "--mode", "empty", "true")
    assert (code, error["code"]) == (4, "E300")
    assert error["message"] == "the budget is spent: $0.44 of $0.36 for everything"
    # It lets so much more be spent as it says.
    assert product.json("budget", "raise", "all", "1")["left_usd"] == pytest.approx(1)
    assert "are spent already" not in product.run("budget", "set", "2").stdout
    product.run("budget", "set", "0.001", task_id)
    product.run("budget", "raise", task_id, "0.00005")
    words = [
        each["message"]
        for each in product.json("events", "list", "--task", task_id)
        if "budget" in each["type"]
    ]
    assert words[0] == f"task:{task_id}: $0.0010, before it was none"
    assert words[1].startswith(f"task:{task_id}: $0.000050 more can be spent, ")
