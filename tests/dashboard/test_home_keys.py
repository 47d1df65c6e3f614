"""The keys and the mouse on the home screen, over a fleet that stands still."""

from __future__ import annotations

import re

import pytest
from textual import events
from textual.binding import Binding

from parhelia_tui.core.settings.dashboard import THEMES
from parhelia_tui.screens.confirm import ConfirmScreen
from parhelia_tui.screens.help import HelpScreen
from parhelia_tui.screens.home_keys import KEYS
from parhelia_tui.screens.log import LogScreen
from parhelia_tui.screens.new_task import NewTaskScreen
from parhelia_tui.widgets.row_table import RowTable
from tests.dashboard.conftest import Opens
from tests.support.dashboard import Dashboard
from tests.support.still_fleet import CANCELLED, DONE, FAILED, LIVE, PORTS, QUEUED, WAITS, WATCHES, StillFleet
from tests.support.store import make_task

TEXTUAL_OWN = {"left", "right", "ctrl+pageup", "ctrl+pagedown", "ctrl+c", "super+c"}
"""Scrolling sideways, where there is nothing to scroll, and copying of selected text."""
PANES = ("Tasks", "Containers", "Heartbeats", "Budget", "Events", "Terminal")


def last_line(seen: Dashboard) -> str:
    return seen.lines()[-1].strip()


def front(seen: Dashboard) -> str:
    """The name of the pane that has the focus."""
    focused = seen.app.focused
    return next(pane.title for pane in seen.home.panes if pane.inside is focused)


async def test_the_cursor_moves_by_arrows_letters_and_pages(opened: Opens) -> None:
    ways = (
        ("down", PORTS),
        ("j", PORTS),
        ("j j j k", WATCHES),
        ("down down up", PORTS),
        ("end", CANCELLED),
        ("G", CANCELLED),
        ("G g", WAITS),
        ("end home", WAITS),
        ("pagedown", CANCELLED),
        ("pagedown pageup", WAITS),
        ("k", WAITS),
    )
    async with opened() as seen:
        for keys, task_id in ways:
            seen.home.tasks.select(WAITS)
            await seen.press(*keys.split())
            assert (keys, seen.home.tasks.key) == (keys, task_id)


async def test_the_terminal_is_that_of_the_chosen_row(opened: Opens) -> None:
    async with opened() as seen:
        assert seen.shows("fix-the-failing ▪ asks: May I remove build/?")
        await seen.press("G")
        await seen.wait_for("rename-every-test ▪ cancelled: cancelled by the user", "It printed nothing.")
        await seen.press("k", "k", "k")
        await seen.wait_for("write-the-migration ▪ pending", "It waits for its turn.")


async def test_slash_filters_while_typing_and_says_how_many_are_left(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("slash")
        await seen.type("th")
        assert seen.shows("Tasks ▪ 3 of 7: th")
        await seen.type("e par")
        assert seen.shows("Tasks ▪ 1 of 7: the par")
        assert seen.home.tasks.key == PORTS


async def test_enter_keeps_the_filter_and_gives_the_keys_back(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("slash")
        await seen.type("shell")
        await seen.press("enter", "j")
        await seen.wait_for("Tasks ▪ 4 of 7: shell")
        assert seen.home.tasks.key == QUEUED


@pytest.mark.parametrize(
    ("keys", "left"),
    [
        ("t h e x backspace", "the"),
        ("t h e space x y ctrl+w", "the"),
        ("t h e ctrl+u m a k e", "make"),
        ("q question_mark x slash", "q?x/"),
    ],
)
async def test_while_typing_a_filter_keys_edit_it_and_do_nothing_else(
    keys: str, left: str, opened: Opens
) -> None:
    async with opened() as seen:
        await seen.press("slash", *keys.split())
        assert seen.app.screen is seen.home
        assert seen.line_with("Tasks ▪").split(": ")[1].split()[0] == left


async def test_the_arrows_move_in_the_table_while_a_filter_is_typed(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("slash", "t", "h", "e", "down")
        assert seen.home.tasks.key == PORTS


async def test_a_filter_can_be_pasted(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("slash")
        seen.app.post_message(events.Paste("bump\x1b[31m\ndependencies"))
        await seen.wait_for("Tasks ▪ 1 of 7: bump dependencies")


async def test_escape_shows_all_tasks_again(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("slash")
        await seen.type("cache")
        await seen.press("escape")
        await seen.wait_for("Tasks ▪ 7")
        assert front(seen) == "Tasks"


async def test_a_filter_that_nothing_matches_says_so_and_how_to_leave_it(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("slash")
        await seen.type("zebra")
        assert seen.shows("No task has zebra.", "Esc shows all again.", "Tasks ▪ 0 of 7: zebra")


async def test_a_filter_says_which_field_there_is_not(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("slash")
        await seen.type("stat:running")
        assert seen.shows("stat: is no field; did you mean state:?")
        await seen.press("escape", "slash")
        await seen.type("state:nothing")
        assert seen.shows("No task has state:nothing.")
        assert not seen.shows("is no field")


async def test_a_task_that_comes_while_a_filter_stands_is_counted_and_hidden(
    opened: Opens, still: StillFleet
) -> None:
    async with opened() as seen:
        await seen.press("slash")
        await seen.type("cache")
        still.add(make_task("t-0000000a", title="Something else"))
        await seen.wait_for("Tasks ▪ 1 of 8: cache")


async def test_help_lists_every_key_of_the_bindings(opened: Opens) -> None:
    async with opened((120, 80)) as seen:
        await seen.press("question_mark")
        assert isinstance(seen.app.screen, HelpScreen)
        shown = "\n".join(seen.lines())
        tables = [each for each in RowTable.BINDINGS if isinstance(each, Binding)]
        for each in (*KEYS, *tables):
            assert (each.tooltip or each.description) in shown
        # A key that works and that the help does not know would be found by nobody.
        known = {key for binding in (*KEYS, *tables) for key in binding.key.split(",")}
        assert set(seen.home.active_bindings) - TEXTUAL_OWN == known | {"ctrl+p", "ctrl+q"}
        assert all(seen.line_with(key) for key in ("Ctrl+P", "Ctrl+Q"))


@pytest.mark.parametrize("key", ["escape", "question_mark", "q", "enter"])
async def test_help_is_closed_by(key: str, opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("question_mark", key)
        assert seen.app.screen is seen.home


async def test_help_says_why_a_key_does_nothing_now(opened: Opens) -> None:
    async with opened((80, 24)) as seen:
        await seen.press("question_mark")
        await seen.wait_for("not now: the task is waiting; only an ended one is tried again")
        assert seen.shows("$            its budget")
        assert not seen.shows("dollar_sign")


async def test_tab_goes_through_all_panes_and_shift_tab_back(opened: Opens) -> None:
    async with opened() as seen:
        names = [front(seen)]
        for _ in range(6):
            await seen.press("tab")
            names.append(front(seen))
        assert names == [*PANES, "Tasks"]
        await seen.press("shift+tab")
        assert front(seen) == "Terminal"


async def test_z_shows_the_pane_of_the_focus_alone_and_again_all(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("tab", "z")
        await seen.wait_for("Containers ▪ 3", "Tab: Heartbeats")
        assert not seen.shows("Tasks ▪ 7")
        assert seen.home.panes[1].size.width > 110
        await seen.press("tab")
        assert not seen.shows("Containers ▪ 3")
        await seen.press("z")
        await seen.wait_for("Tasks ▪ 7", "Containers ▪ 3")


async def test_escape_leaves_the_zoom(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("z", "escape")
        await seen.wait_for("Tasks ▪ 7", "Containers ▪ 3")


async def test_a_narrow_screen_shows_one_pane_at_a_time(opened: Opens) -> None:
    async with opened((80, 24)) as seen:
        for pane in seen.home.panes:
            shown = [each.title for each in seen.home.panes if each.region.area and each.is_on_screen]
            assert shown == [pane.title]
            assert pane.size.width >= 76
            await seen.press("tab")


async def test_in_the_containers_the_keys_act_on_the_task_of_the_row(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("tab", "end")
        assert seen.home.containers.key == LIVE[WATCHES]
        await seen.wait_for("npm-test-watch ▪ running")
        await seen.press("x")
        await seen.wait_for("Cancel “npm test -- --watch”?")


@pytest.mark.parametrize(
    ("task_id", "key", "reason"),
    [
        (QUEUED, "a", "The task is pending and has no terminal yet."),
        (DONE, "a", "The task is completed; l shows what it printed."),
        (FAILED, "x", "The task is failed already."),
        (PORTS, "r", "The task is running; only an ended one is tried again."),
        (QUEUED, "l", "The task has printed nothing yet: it has not begun."),
    ],
)
async def test_a_key_that_can_do_nothing_says_why(task_id: str, key: str, reason: str, opened: Opens) -> None:
    async with opened() as seen:
        seen.home.tasks.select(task_id)
        await seen.press(key)
        assert seen.app.screen is seen.home
        assert seen.said() == reason


@pytest.mark.parametrize("key", ["a", "x", "r", "l", "c", "C"])
async def test_without_a_task_a_key_says_so(key: str, empty: StillFleet, opened_empty: Opens) -> None:
    async with opened_empty() as seen:
        await seen.press(key)
        assert seen.said() == "No task is chosen."


@pytest.mark.parametrize(
    ("task_id", "keys"),
    [
        (
            WAITS,
            "n new i inbox a attach t tell x cancel l output c checkpoint / filter w wall z zoom ? keys q quit",
        ),
        (QUEUED, "n new i inbox x cancel / filter w wall z zoom ? keys q quit"),
        (DONE, "n new i inbox r retry l output c checkpoint / filter w wall z zoom ? keys q quit"),
    ],
)
async def test_the_last_line_names_the_keys_that_do_something(task_id: str, keys: str, opened: Opens) -> None:
    async with opened() as seen:
        seen.home.tasks.select(task_id)
        await seen.pilot.pause()
        assert last_line(seen).split() == keys.split()


async def test_the_last_line_names_the_way_out_also_where_there_is_no_room_for_all(opened: Opens) -> None:
    async with opened((80, 24)) as seen:
        assert last_line(seen).endswith("? keys  q quit")


async def test_q_leaves(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("q")
        assert seen.app.return_code == 0
        assert not seen.app.is_running


@pytest.mark.parametrize("key", ["ctrl+c", "ctrl+q"])
async def test_a_key_that_leaves_elsewhere_only_says_how(key: str, opened: Opens) -> None:
    async with opened() as seen:
        await seen.press(key)
        assert seen.said() == "q leaves the dashboard; the work goes on."
        assert seen.app.is_running


async def test_a_notice_goes_with_escape(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("r", "escape")
        assert not seen.shows("only an ended one")


async def test_a_click_chooses_a_row_and_a_double_click_opens_it(opened: Opens) -> None:
    async with opened() as seen:
        await seen.pilot.click("#tasks", offset=(20, 6))
        assert seen.home.tasks.key == FAILED
        await seen.pilot.click("#tasks", offset=(20, 6), times=2)
        assert isinstance(seen.app.screen, LogScreen)


async def test_a_click_on_a_pane_gives_it_the_keys(opened: Opens) -> None:
    async with opened() as seen:
        await seen.pilot.click("#events", offset=(3, 2))
        assert front(seen) == "Events"


@pytest.mark.parametrize(
    ("word", "screen"), [("new", NewTaskScreen), ("cancel", ConfirmScreen), ("keys", HelpScreen)]
)
async def test_a_click_on_a_key_of_the_last_line_presses_it(word: str, screen: type, opened: Opens) -> None:
    async with opened() as seen:
        found = re.search(rf"\b{word}\b", seen.lines()[-1])
        assert found
        await seen.pilot.click("#bottom", offset=(found.start(), 0))
        assert isinstance(seen.app.screen, screen)


async def test_the_palette_offers_the_keys_that_do_something_and_the_themes(opened: Opens) -> None:
    async with opened() as seen:
        offered = {each.title for each in seen.app.get_system_commands(seen.home)}
        assert offered == {
            "New",
            "Inbox",
            "Tell",
            "Attach",
            "Cancel",
            "Output",
            "Checkpoint",
            "Filter",
            "Wall",
            "Zoom",
            "Keys",
            "Quit",
            "Details",
            "Terminate",
            "Trash",
            "Checkpoints",
            "Budget",
            "Hosts",
            "Events",
            "Past",
            "Mark",
            "Mark all",
            "View",
            "Faults",
            "Tree",
            "Pulses",
            "Settings",
            "Copy",
            "Command",
            *(f"Theme {name}" for name in THEMES if name != "dark"),
        }
        await seen.press("ctrl+p")
        await seen.type("theme light")
        await seen.press("enter")
        await seen.wait(lambda: seen.app.theme == "parhelia-light")


@pytest.mark.parametrize("words", ["travel", "tim", "any past"])
async def test_the_palette_finds_a_key_by_the_words_that_say_what_it_does(words: str, opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("ctrl+p")
        await seen.type(words)
        await seen.wait_for("time travel:")
        await seen.press("enter")
        await seen.wait_for("THE PAST")


async def test_states_have_their_colours_in_the_tables(opened: Opens) -> None:
    async with opened() as seen:
        colours = seen.app.theme_variables
        seen.home.tasks.select(QUEUED)
        rows = [seen.home.tasks.render_line(number) for number in range(1, 7)]
        drawn = [
            segment.style.color.name.lower()
            for row in rows
            for segment in row
            if segment.style and segment.style.color and segment.text[:1] in "◆●○✓✗"
        ]
        names = ("accent", "primary", "primary", "foreground", "success", "error")
        assert drawn == [colours[name].lower() for name in names]
