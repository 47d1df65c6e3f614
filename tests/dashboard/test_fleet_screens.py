"""The other views of the fleet: faults only, the tree, the pulses; and the copy of an id."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import ContainerState
from parhelia_tui.screens.confirm import ConfirmScreen
from parhelia_tui.screens.home import HomeScreen
from parhelia_tui.screens.pulses import PulsesScreen
from parhelia_tui.screens.tree import TreeScreen
from tests.dashboard.conftest import Opens
from tests.support.still_fleet import FAILED, LIVE, PORTS, WAITS, WATCHES, StillFleet


@pytest.fixture(autouse=True)
def nobody_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fleet that stands still has no controller that could be woken."""
    monkeypatch.setattr(Client, "wake", lambda self: None)


async def test_ctrl_z_shows_only_what_something_is_wrong_with(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("ctrl+z")
        assert list(seen.home.tasks._keys) == [WATCHES, FAILED]
        assert seen.shows("Tasks ▪ 2 ▪ ! faults only")
        await seen.press("ctrl+z")
        await seen.wait_for("Tasks ▪ 7")
        await seen.press("ctrl+z", "escape")
        await seen.wait_for("Tasks ▪ 7")


async def test_the_tree_folds_shows_what_has_ended_and_leads_to_a_row(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("B")
        assert isinstance(seen.app.screen, TreeScreen)
        assert seen.shows(
            "owner local", "workspace /srv/project", "session no session", "4 tasks", LIVE[WAITS]
        )
        assert not seen.shows("make release")
        assert "degraded" in seen.line_with(LIVE[WATCHES])
        await seen.press("e")
        await seen.wait_for("make release", "7 tasks")
        await seen.press("j", "space")
        await seen.wait_for("▸ workspace /srv/project")
        assert not seen.shows("session no session")
        await seen.press("right", "e", "enter", "enter", "G", "k")
        await seen.press("enter")
        assert isinstance(seen.app.screen, HomeScreen)
        assert seen.home.tasks.key == WATCHES
        for key in ("escape", "q", "B"):
            await seen.press("B", key)
            assert isinstance(seen.app.screen, HomeScreen)


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_the_pulses_say_how_the_fleet_is_and_lead_to_its_tasks(
    size: tuple[int, int], opened: Opens
) -> None:
    async with opened(size) as seen:
        await seen.press("P")
        assert isinstance(seen.app.screen, PulsesScreen)
        assert seen.shows(
            "◆ 1 wait for you", "● 2 running", "✗ 1 failed", "○ 1 queued", "3 containers", "105% of a processor",
            "$0.41 per hour", "● controller",
        )  # fmt: skip
        await seen.press("tab", "right", "shift+tab", "right")
        await seen.press("enter")
        assert isinstance(seen.app.screen, HomeScreen)
        assert seen.shows("Tasks ▪ 1 of 7: state:failed")
        for key in ("escape", "q", "P"):
            await seen.press("P", key)
            assert isinstance(seen.app.screen, HomeScreen)


async def test_the_id_under_the_cursor_is_copied(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("y")
        assert seen.app.clipboard == WAITS
        assert seen.said() == f"{WAITS} is copied."
        await seen.press("tab", "j", "y")
        assert seen.app.clipboard == LIVE[PORTS]


async def test_a_container_is_terminated_after_a_question(opened: Opens, still: StillFleet) -> None:
    door = still.client()
    async with opened() as seen:
        await seen.press("tab", "X")
        assert isinstance(seen.app.screen, ConfirmScreen)
        assert seen.shows(f"Terminate {LIVE[WAITS]} of “Fix the failing cache tests”?", "It has run for 12m.")
        await seen.press("n")
        assert door.container(LIVE[WAITS]).wanted == "run"
        await seen.press("X", "y")
        await seen.wait(lambda: door.container(LIVE[WAITS]).wanted == "terminate")
        assert door.container(LIVE[WAITS]).state is ContainerState.RUNNING
        seen.home.tasks.select(FAILED)
        await seen.press("shift+tab", "X")
        assert seen.said() == "The task has no container."
    door.close()


async def test_the_first_line_says_how_many_containers_are_elsewhere(opened: Opens) -> None:
    async with opened((160, 40)) as seen:
        assert "local ▪ bubblewrap   " in seen.line_with("● controller")
        fleet = seen.home.fleet
        fleet.take_containers([replace(each, backend="modal") for each in fleet.containers.values()][:2])
        seen.home.draw()
        await seen.wait_for("local ▪ bubblewrap   2 at modal   ")
