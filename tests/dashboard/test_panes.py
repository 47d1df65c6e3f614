"""The panes of the home screen: moved, hidden, remembered; where each stands; what the budget says is to come."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from textual.geometry import Size

from parhelia_tui.core.client import FleetSnapshot
from parhelia_tui.core.settings.view_file import View, read_view
from parhelia_tui.screens import pane_order
from parhelia_tui.screens.budget_lines import budget, burn_down
from parhelia_tui.screens.fleet_view import FleetView
from parhelia_tui.screens.home_panes import HEIGHTS
from parhelia_tui.widgets.two_sides import places
from tests.dashboard.conftest import Opens
from tests.support.dashboard import Dashboard
from tests.support.still_fleet import NOW, StillFleet


def standing(seen: Dashboard) -> list[str]:
    """The panes in sight, those at the left first, each side from its top."""
    found = [
        (pane.region.x, pane.region.y, name) for name, pane in seen.home.sides.panes.items() if pane.display
    ]
    return [name for _, _, name in sorted(found)]


@pytest.mark.long
async def test_a_pane_is_moved_hidden_and_brought_back_and_all_is_remembered(
    opened: Opens, still: StillFleet
) -> None:
    async with opened() as seen:
        assert standing(seen) == ["tasks", "containers", "terminal", "heartbeats", "budget", "events"]
        await seen.press("right_curly_bracket")
        assert standing(seen)[:2] == ["containers", "tasks"]
        await seen.press("right_curly_bracket")
        assert standing(seen) == ["containers", "terminal", "tasks", "heartbeats", "budget", "events"]
        assert seen.home.tasks.has_focus
        await seen.press("left_curly_bracket", "left_curly_bracket")
        await seen.press("tab", "tab", "minus")
        assert "heartbeats" not in standing(seen)
        assert seen.home.tasks.has_focus
        await seen.press("tab", "tab")
        assert seen.home.budget.has_focus
        await seen.press("v", "j", "j", "j", "j", "space", "escape")
        await seen.wait(lambda: read_view(still.paths.home).hidden == ("heartbeats", "events"))
    async with opened() as seen:
        assert standing(seen) == ["tasks", "containers", "terminal", "budget"]
        await seen.press("v", "u", "escape")
        assert len(standing(seen)) == 6
        await seen.press(*["minus"] * 9)
        assert len(standing(seen)) == 1
        await seen.press("slash")
        assert "tasks" in standing(seen)


async def test_a_hidden_pane_is_passed_over_on_a_narrow_screen_and_in_the_zoom(opened: Opens) -> None:
    async with opened((80, 24)) as seen:
        await seen.press("tab", "minus")
        assert standing(seen) == ["tasks"]
        await seen.press("tab")
        assert standing(seen) == ["heartbeats"]
        await seen.press("z", "z", "escape")
        assert standing(seen) == ["heartbeats"]


@pytest.mark.parametrize("size", [Size(80, 24), Size(120, 40), Size(200, 60), Size(100, 20)])
@pytest.mark.parametrize(
    "hidden", [(), ("tasks", "containers"), ("terminal",), ("heartbeats", "budget", "events")]
)
def test_the_panes_that_are_shown_fill_the_screen_and_none_lies_over_another(
    size: Size, hidden: tuple[str, ...]
) -> None:
    left, right = ([name for name in side if name not in hidden] for side in pane_order.sides(View()))
    found = places(size, left, right, "" if "terminal" in hidden else "terminal", HEIGHTS)
    assert set(found) == set(pane_order.PANES) - set(hidden)
    assert sum(region.area for region in found.values()) == size.area
    regions = list(found.values())
    assert not [
        (one, other) for one in regions for other in regions if one is not other and one.overlaps(other)
    ]


@pytest.mark.parametrize(("width", "right"), [(100, 40), (120, 40), (140, 50), (180, 70), (230, 46)])
def test_what_the_left_side_does_not_need_is_shared_with_the_right_one(width: int, right: int) -> None:
    found = places(Size(width, 40), ["tasks"], ["events"], "terminal", HEIGHTS)
    assert found["events"].width == right
    assert found["tasks"].width >= min(80, width - 40)


async def test_a_message_of_the_events_is_cut_only_where_there_is_no_room(opened: Opens) -> None:
    async with opened((160, 45)) as seen:
        await seen.wait_for("new: Write the migration guide (shell)", "asks: May I remove build/?")


def test_what_another_version_or_a_stranger_remembered_makes_each_pane_stand_once() -> None:
    view = View(left=("events", "events", "nope"), right=("tasks", "events"), hidden=tuple(pane_order.PANES))
    left, right = pane_order.sides(view)
    assert sorted(left + right) == sorted(pane_order.LEFT + pane_order.RIGHT)
    assert left[0] == "events"
    assert right[0] == "tasks"
    assert pane_order.shown(view) == ["tasks"]


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def fleet(still: StillFleet, **money: Any) -> FleetView:
    door = still.client()
    first: FleetSnapshot = door.snapshot()
    door.close()
    return FleetView(replace(first, at=NOW, totals=replace(first.totals, **money)))


@pytest.mark.parametrize(
    ("burn", "said", "ahead"),
    [
        # It is 14:02, so ten hours are left of the day, of which the last has begun.
        (1.0, "spent in 8h, 22:02", "░░░░░░░···"[:10]),
        (0.5, "$3.02 left at midnight", "░" * 10),
        (0.0, "", "░" * 10),
    ],
)
def test_the_budget_burns_down_to_its_end_or_to_midnight(
    burn: float, said: str, ahead: str, utc: None, still: StillFleet
) -> None:
    hours = (*[0.0] * 22, 1.0, 1.0)
    seen = fleet(
        still,
        ceilings={"day": 10.0},
        spent_today_usd=2.0,
        burn_usd_per_hour=burn,
        hours=hours,
        spent_total_usd=2.0,
    )
    lines = "\n".join(line.plain for line in budget(seen, {}))
    assert said in lines
    chart = burn_down(seen)
    assert len(chart) == 24
    assert chart[:14].strip("▁▂▃▄▅▆▇█") == ""
    # A full bar while nothing was spent, and one step down for each tenth or so.
    assert chart[0] == "█"
    assert chart[13] < chart[0]
    assert chart[14:] == ahead


def test_without_a_ceiling_there_is_nothing_to_burn_down(still: StillFleet) -> None:
    assert burn_down(fleet(still)) == ""
    spent = fleet(still, ceilings={"all": 1.0}, spent_total_usd=1.5, burn_usd_per_hour=0.1)
    assert "the budget is spent" in "\n".join(line.plain for line in budget(spent, {}))
    assert set(burn_down(spent)[-6:]) == {"·"}
