"""Columns of the tables: sorted by keys and mouse, chosen by configuration and by hand, remembered."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.dashboard import CONTAINER_COLUMNS, TASK_COLUMNS, dashboard
from parhelia_tui.core.settings.view_file import NAME, View, read_view
from parhelia_tui.screens import container_columns, task_columns
from parhelia_tui.screens.arrange import ArrangeScreen
from tests.dashboard.conftest import Opens
from tests.support.dashboard import Dashboard
from tests.support.fleet import configure
from tests.support.still_fleet import CANCELLED, DONE, FAILED, LIVE, PORTS, QUEUED, WAITS, WATCHES, StillFleet
from tests.support.store import make_task

USUAL = [WAITS, PORTS, WATCHES, QUEUED, DONE, FAILED, CANCELLED]
BY_COST = [PORTS, WAITS, DONE, QUEUED, WATCHES, FAILED, CANCELLED]


def rows(seen: Dashboard) -> list[str]:
    return list(seen.home.tasks._keys)


def heading(seen: Dashboard) -> str:
    return seen.line_with("STATE")


def test_every_column_of_the_configuration_is_one_of_the_tables() -> None:
    assert tuple(task_columns.TASK_COLUMNS) == TASK_COLUMNS
    assert tuple(container_columns.CONTAINER_COLUMNS) == CONTAINER_COLUMNS


async def test_digits_sort_turn_round_and_go_back_and_the_headings_say_so(opened: Opens) -> None:
    async with opened() as seen:
        assert rows(seen) == USUAL
        await seen.press("5")
        assert rows(seen) == BY_COST
        assert "COST▼" in heading(seen)
        assert seen.home.tasks.key == WAITS
        await seen.press("5")
        assert rows(seen)[-3:] == [DONE, WAITS, PORTS]
        assert "COST▲" in heading(seen)
        await seen.press("2")
        assert rows(seen)[0] == DONE
        assert "TASK▲" in heading(seen)
        await seen.press("9")
        assert "TASK▲" in heading(seen)
        await seen.press("0")
        assert rows(seen) == USUAL
        assert "▲" not in heading(seen)
        await seen.press("tab", "5")
        assert list(seen.home.containers._keys) == [LIVE[PORTS], LIVE[WAITS], LIVE[WATCHES]]
        assert rows(seen) == USUAL


async def test_a_click_on_a_heading_sorts_and_a_new_row_takes_its_place(
    opened: Opens, still: StillFleet
) -> None:
    async with opened() as seen:
        place = heading(seen).index("COST") - seen.home.tasks.region.x
        await seen.pilot.click("#tasks", offset=(place, 0))
        await seen.pilot.pause()
        assert rows(seen) == BY_COST
        still.add(make_task("t-0000000a", title="Dear", cost_usd=0.5))
        await seen.wait(lambda: rows(seen)[:3] == [PORTS, "t-0000000a", WAITS])
        still.add(make_task("t-0000000b", title="Dearest", cost_usd=9.0))
        await seen.wait(lambda: rows(seen)[0] == "t-0000000b")
        await seen.pilot.click("#tasks", offset=(place, 0))
        await seen.wait(lambda: rows(seen)[-1] == "t-0000000b")


@pytest.mark.long
async def test_every_column_can_be_sorted_by_both_ways(opened: Opens) -> None:
    async with opened((200, 50)) as seen:
        for names, field in ((TASK_COLUMNS, "sort"), (CONTAINER_COLUMNS, "container_sort")):
            for name in names:
                for sign in ("", "-"):
                    every = View(columns=TASK_COLUMNS, container_columns=CONTAINER_COLUMNS)
                    order: dict[str, Any] = {field: sign + name}
                    seen.home.take_view(replace(every, **order))
                    await seen.pilot.pause()
                    assert len(rows(seen)) == 7


@pytest.mark.long
async def test_the_chooser_shows_hides_moves_and_goes_back(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("v")
        assert isinstance(seen.app.screen, ArrangeScreen)
        await seen.press(*"jjjjjjjj", "space")
        await seen.press("j", "left_square_bracket", "left_square_bracket")
        await seen.press("escape")
        assert heading(seen).split()[1:5] == ["STATE", "COST", "TASK", "WHERE"]
        await seen.press("v", "u", "q")
        assert heading(seen).split()[1:7] == ["STATE", "TASK", "AGENT", "WHERE", "COST", "AGE"]
        await seen.press("v", *"jjjjjj", "space")
        await seen.pilot.click("#arrange", offset=(8, 9), times=2)
        await seen.press("v")
        assert seen.home.view.columns == ("task", "agent", "cost", "age")


async def test_sort_and_columns_are_there_again_the_next_time(opened: Opens, still: StillFleet) -> None:
    async with opened() as seen:
        await seen.press("5", "v", *"jjjjjj", "space", "escape")
        # Both of the changes; each is written by itself.
        assert (seen.home.view.sort, "state" in seen.home.view.columns) == ("-cost", False)
        await seen.wait(lambda: read_view(still.paths.home) == seen.home.view)
    async with opened() as seen:
        assert rows(seen) == BY_COST
        assert not seen.shows("STATE")


async def test_of_two_changes_the_later_one_is_remembered_though_the_earlier_is_written_slowly(
    opened: Opens, still: StillFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, go = threading.Event(), threading.Event()
    keep, written = Client.keep_view, []

    def slow(client: Client, view: View) -> None:
        if not held.is_set():
            held.set()
            assert go.wait(30)
        keep(client, view)
        written.append(view.sort)

    monkeypatch.setattr(Client, "keep_view", slow)
    async with opened() as seen:
        await seen.press("5")
        await seen.wait(held.is_set)
        await seen.press("5")
        # Where nothing held it up it would be written by now.
        for _ in range(20):
            await seen.pilot.pause(0.01)
        go.set()
        await seen.wait(lambda: len(written) == 2)
        assert read_view(still.paths.home).sort == seen.home.view.sort == "cost"


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"sort": 5, "columns": "x", "hidden": [1]}', '{"sort": "nope", "columns": ["nope"]}'],
)
async def test_a_memory_that_makes_no_sense_is_none(text: str, still: StillFleet, opened: Opens) -> None:
    (still.paths.home / NAME).write_text(text)
    async with opened() as seen:
        assert rows(seen) == USUAL
        assert heading(seen).split()[1:7] == ["STATE", "TASK", "AGENT", "WHERE", "COST", "AGE"]


def test_columns_are_configured_and_a_wrong_one_is_named_with_its_place(
    tmp_path: Path, own_state: None
) -> None:
    configure(tmp_path, '[dashboard]\ncolumns = ["task", "age"]\n')
    assert dashboard().columns == ("task", "age")
    for value, said in (
        ('["tusk"]', "tusk"),
        ('["age", "age"]', "twice"),
        ("[]", "one column"),
        ("5", "columns"),
    ):
        configure(tmp_path, f"[dashboard]\n\ncolumns = {value}\n")
        with pytest.raises(ParheliaError, match=said) as refused:
            dashboard()
        assert refused.value.code == "E700"
        assert "config.toml:3" in refused.value.message


def test_what_is_remembered_is_json_of_the_state_directory_and_not_the_users_file(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(json.dumps({"sort": "-age", "hidden": ["Budget"]}))
    assert read_view(tmp_path) == View(sort="-age", hidden=("Budget",))


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("state:running", [PORTS, WATCHES]),
        ("state:run agent:demo", [PORTS]),
        ("!agent:demo", [WATCHES, QUEUED, FAILED, CANCELLED]),
        ("!the", [WATCHES, DONE, FAILED, CANCELLED]),
        ("!", USUAL),
        ("state:", USUAL),
        ("nofield:x", []),
        ("container:c-00000003", [WATCHES]),
        ("reason:code backend:local id:t-0", [DONE, FAILED]),
        ("title:make workspace:srv", [FAILED]),
    ],
)
async def test_terms_filter_besides_words(typed: str, found: list[str], opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("slash")
        for letter in typed:
            await seen.press(
                {" ": "space", ":": "colon", "!": "exclamation_mark", "-": "minus"}.get(letter, letter)
            )
        assert rows(seen) == found
        assert seen.shows(f"Tasks ▪ {len(found)} of 7: {typed}")
