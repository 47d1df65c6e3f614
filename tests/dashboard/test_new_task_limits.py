"""The form for a new task: how much of what it gets, for how long, and where at a provider; and what an hour costs."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from textual.widgets import Button, Input, Select, Static, TextArea

from parhelia_tui.core.client import launch
from parhelia_tui.core.model.records import Limits
from parhelia_tui.screens.new_task import NewTaskScreen
from tests.dashboard.conftest import Opens
from tests.support.dashboard import Dashboard
from tests.support.fleet import configure
from tests.support.still_fleet import StillFleet

TYPED = {"cpus": "2", "memory_mb": "4096", "lifetime_s": "4h", "gpu": "T4", "region": "us-east"}
SMALL = 80, 24


@pytest.fixture(autouse=True)
def an_account(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work on a directory as a person does who has a token; nobody is asked anything, and nothing is to run."""
    monkeypatch.chdir(place)
    monkeypatch.setenv("MODAL_TOKEN_ID", "ak-1")
    monkeypatch.setenv("MODAL_TOKEN_SECRET", "as-1")
    monkeypatch.setattr(launch, "wake_controller", lambda paths: None)


async def form(seen: Dashboard, backend: str, **typed: str) -> NewTaskScreen:
    """Open the form, choose where, and type limits once it knows the configuration."""
    await seen.press("n")
    found = seen.app.screen
    assert isinstance(found, NewTaskScreen)
    await seen.wait(lambda: found._make is not None)
    found.query_one("#backend", Select).value = backend
    await seen.wait(lambda: field(found, "gpu").is_on_screen == (backend != "local"))
    for name, text in typed.items():
        field(found, name).value = text
    return found


def field(found: NewTaskScreen, name: str) -> Input:
    return found.query_one(f"#{name}", Input)


def texts(found: NewTaskScreen) -> dict[str, str]:
    return {name: field(found, name).value for name in TYPED}


async def test_a_gpu_and_a_region_are_asked_for_where_there_may_be_one(opened_empty: Opens) -> None:
    async with opened_empty(SMALL) as seen:
        found = await form(seen, "local")
        assert seen.shows("CPUs", "Memory, MiB", "Lifetime")
        assert not seen.shows("GPU")
        where: Select[str] = found.query_one("#backend", Select)
        where.value = "modal"
        await seen.wait_for("GPU", "Region")
        where.value = "local"
        await seen.wait_gone("GPU")
        where.value = "auto"
        await seen.wait_for("GPU", "Region")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("cpus", "many", "E100: CPUs: should be a valid number"),
        ("memory_mb", "8", "E100: Memory, MiB: should be greater than or equal to 16"),
        ("lifetime_s", "4x", "E101: Lifetime: '4x' is no length of time; write 90s, 15m, 4h or 1d"),
        ("gpu", "T4:0", "E100: GPU: is no GPU: name its kind, as A100, or T4:2"),
        ("gpu", "Z9", "E603: no backend here fits: modal has no GPU Z9; it has A10,"),
        ("region", "US East", "E100: Region: is no name"),
    ],
)
async def test_what_is_wrong_is_said_by_the_name_of_its_field(
    name: str, text: str, said: str, opened_empty: Opens, empty: StillFleet
) -> None:
    async with opened_empty() as seen:
        found = await form(seen, "modal", **{name: text})
        await seen.wait_for(said)
        await seen.press(*"ls", "enter")
        await seen.wait(lambda: not any(each.group == "submit" for each in found.workers))
        assert seen.app.screen is found
        field(found, name).value = ""
        await seen.wait_gone(said)
    with closing(empty.client()) as door:
        assert door.tasks() == []


async def test_it_says_where_it_would_run_and_what_an_hour_costs(opened_empty: Opens, tmp_path: Path) -> None:
    configure(tmp_path, "[modal]\ncpus = 4\n")
    async with opened_empty() as seen:
        found = await form(seen, "modal")
        # What is not asked for is paid for by use, from the least that there is.
        await seen.wait_for("It would run on modal: costs at least $0.02 an hour. It works in a copy")
        seen.app.screen.query_one("#mode", Select).value = "clone"
        await seen.wait_gone("It works in a copy")
        for name in ("cpus", "memory_mb", "gpu"):
            field(found, name).value = TYPED[name]
        await seen.wait_for("It would run on modal: 2 cores, 4096 MiB, T4, costs $0.97 an hour.")
        field(found, "region").value = "us-east"
        await seen.wait_for("costs $0.97 an hour and", "what the region adds.")
        found.query_one("#backend", Select).value = "local"
        await seen.wait_gone("It would run")
        for name in ("memory_mb", "gpu", "region", "cpus"):
            field(found, name).value = ""
        found.query_one("#backend", Select).value = "auto"
        await seen.wait_for("It would run on local: costs nothing.")
        field(found, "gpu").value = "any"
        # One that leaves the choice to us gets what is configured where it asks for nothing.
        await seen.wait_for(
            "It would run on modal: 4 cores, 2048 MiB, T4, costs $1.21 an hour; local", "has no GPU"
        )


async def test_what_is_typed_is_asked_for_and_remembered(opened_empty: Opens, empty: StillFleet) -> None:
    door = empty.client()
    async with opened_empty() as seen:
        await form(seen, "modal", **TYPED)
        await seen.press(*"ls", "enter")
        await seen.wait(door.tasks)
        (task,) = door.tasks()
        asked = Limits(2, 4096, task.limits.pids, 14400, "T4", "us-east")
        assert (task.backend, task.limits) == ("modal", asked)
        # A task of this machine is asked nothing that it cannot give, and what was typed is there again.
        found = await form(seen, "local")
        assert texts(found) == TYPED
        await seen.press(*"true", "enter")
        await seen.wait(lambda: len(door.tasks()) == 2)
        local = next(each for each in door.tasks() if each.id != task.id)
        assert (local.backend, local.limits.gpu, local.limits.region) == ("local", None, None)
        assert (local.limits.cpus, local.limits.lifetime_s) == (2, 14400)
        assert texts(await form(seen, "modal")) == TYPED
    async with opened_empty() as seen:
        assert texts(await form(seen, "modal")) == TYPED
        # Also of what was there before it is said what it costs, and not only once something changes.
        await seen.press("escape", "n")
        await seen.wait_for("costs $0.97 an hour")
    door.close()


async def test_a_template_fills_them_also_with_a_gpu_for_this_machine(
    opened_empty: Opens, tmp_path: Path
) -> None:
    configure(
        tmp_path,
        '[templates.train]\nlimits = { cpus = 0.5, lifetime_s = 5400, gpu = "H100:2", pids = 99 }\n'
        '[templates.other]\nprompt = "ls"\n',
    )
    async with opened_empty() as seen:
        found = await form(seen, "local")
        await seen.wait_for("Template")
        found.query_one("#template", Select).value = "train"
        # It is not left out in silence.
        await seen.wait_for("Template: limits pids 99", "GPU", "E603")
        assert [texts(found)[name] for name in ("cpus", "lifetime_s", "gpu")] == ["0.5", "90m", "H100:2"]
        found.query_one("#template", Select).value = "other"
        await seen.wait_gone("E603")
        await seen.wait_gone("GPU")


async def test_a_configured_limit_shows_where_nothing_is_typed(opened_empty: Opens, tmp_path: Path) -> None:
    configure(tmp_path, "[defaults.limits]\ncpus = 3.5\nlifetime_s = 7200\n")
    async with opened_empty() as seen:
        await form(seen, "local")
        await seen.wait_for(" 3.5 ", " 2h ")


async def test_the_name_of_a_gpu_is_ended_by_the_right_key(opened_empty: Opens) -> None:
    async with opened_empty() as seen:
        found = await form(seen, "modal")
        field(found, "gpu").focus()
        await seen.type("h2")
        await seen.wait(lambda: field(found, "gpu")._suggestion)
        await seen.press("right")
        assert field(found, "gpu").value == "H200"


async def test_a_small_screen_keeps_the_fault_and_the_button_and_scrolls_the_rest(
    opened_empty: Opens,
) -> None:
    async with opened_empty(SMALL) as seen:
        found = await form(seen, "modal", lifetime_s="4x")
        found.query_one("#prompt", TextArea).text = "ls {target}"
        await seen.wait_for("E101: Lifetime", "Create", "ls {target}")
        for inside in (found.query_one("#fault", Static), found.query_one("#create", Button)):
            assert found.region.contains_region(inside.region)
            assert inside.region.height > 0
        await seen.wait_for("Targets, with blanks between")
        field(found, "region").focus()
        await seen.press("tab")
        await seen.type("src")
        await seen.wait_for(" src ", "E101: Lifetime", "Create")
