"""A newer Parhelia over the state and the running containers of an older one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.core.store import migrations
from parhelia_tui.core.store.migrations import open_migrated, version
from parhelia_tui.core.store.steps import STEPS
from tests.support.fleet import RELEASE, container_of, create, end_of, reach
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

OLD = 8
"""The step at which the store of the older one is: it knows neither subscriptions nor groups."""
DEMO: dict[str, Any] = {"agent": "demo", "agent_options": {"seed": 5, "pace": 0, "turns": 3}}


def names(db: sqlite3.Connection, sql: str) -> list[str]:
    """The first column of what is asked for."""
    return [str(row[0]) for row in db.execute(sql)]


def make_older(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a store of an older Parhelia that holds the same rows in the place of this one."""
    older = path.with_name("older.db")
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "STEPS", STEPS[:OLD])
        open_migrated(older).close()
    with closing(sqlite3.connect(older, isolation_level=None)) as db:
        db.execute("ATTACH ? AS present", (str(path),))
        for table in names(
            db, "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        ):
            of = f"SELECT name FROM pragma_table_info('{table}', '%s')"
            both = ", ".join(each for each in names(db, of % "main") if each in names(db, of % "present"))
            db.execute(f"INSERT OR REPLACE INTO main.{table} ({both}) SELECT {both} FROM present.{table}")
        assert version(db) == OLD
    for each in path.parent.glob("parhelia.db*"):
        each.unlink()
    older.rename(path)


@pytest.mark.long
def test_what_runs_and_what_has_ended_goes_on_under_a_newer_one(
    product: Product, client: Client, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    ended = create(client, "add a parser", elsewhere, **DEMO)
    end_of(client, ended.id)
    wait_until(lambda: client.checkpoints.newest(client.task(ended.id)) is not None, 30)
    running = create(client, f"{RELEASE}; exit 7", place)
    reach(client, running.id, TaskState.RUNNING)
    container = container_of(client, running.id)
    client.close()
    product.json("controller", "stop")
    make_older(product.paths.database, monkeypatch)
    # The code of its supervisors is of its version too, and an upgrade may well remove it.
    for each in product.home.glob("shim-*.code"):
        each.unlink()

    (session,) = product.json("session", "list")
    assert (session["container_id"], session["state"]) == (container.id, "running")
    assert product.json("db", "status")["step"] == len(STEPS)
    product.json("controller", "start")
    further = product.json("session", "new", running.id, "cat")
    product.json("session", "send", further["name"], "heard")
    wait_until(lambda: "heard" in " ".join(product.json("session", "capture", further["name"])["lines"]), 30)
    (place / "go").touch()
    wait_until(lambda: product.json("task", "show", running.id)["state"] == "failed", 30)
    shown = product.json("task", "show", running.id)
    assert (shown["exit_code"], shown["container_id"], shown["attempt"]) == (7, container.id, 1)
    product.json("resume", ended.id, "--yes")
    wait_until(lambda: product.json("task", "show", ended.id)["state"] == "completed", 30)
    assert product.json("task", "show", ended.id)["attempt"] == 2
    assert product.json("db", "check") == {"faults": []}
