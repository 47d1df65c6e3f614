"""Keys that come together, as over a slow connection, are carried out in the order in which they were pressed."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input, TextArea

from parhelia_tui.screens.ask import AskScreen
from parhelia_tui.screens.command_line import CommandLineScreen
from parhelia_tui.screens.edit_text import EditTextScreen
from parhelia_tui.widgets.painted_modal import PaintedModal
from tests.dashboard.conftest import Opens
from tests.support.dashboard import Dashboard


@pytest.fixture(autouse=True)
def in_the_workspace(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin in a directory that a container may work on, as a person does."""
    monkeypatch.chdir(place)


def value(seen: Dashboard, name: str) -> str:
    field = seen.app.screen.query_one(f"#{name}")
    assert isinstance(field, Input | TextArea)
    return field.value if isinstance(field, Input) else field.text


FIRST = [
    (("backspace", *"XY"), "abcXY"),
    (("left", *"XY"), "abcXYd"),
    (("ctrl+a", "ctrl+k", *"XY"), "XY"),
    (("ctrl+u", *"XY"), "XY"),
    (("home", "delete", *"XY"), "XYbcd"),
]


@pytest.mark.parametrize(("keys", "stands"), FIRST)
async def test_in_the_prompt(keys: tuple[str, ...], stands: str, opened_empty: Opens) -> None:
    async with opened_empty() as seen:
        await seen.press("n", *"abcd")
        seen.burst(*keys)
        await seen.wait(lambda: value(seen, "prompt") == stands)


async def typed(
    seen: Dashboard, screen: PaintedModal[str | None], keys: tuple[str, ...], stands: str
) -> None:
    await seen.press(*"abcd")
    line = screen.query_one(Input)
    seen.burst(*keys)
    await seen.wait(lambda: line.value == stands)


@pytest.mark.parametrize(("keys", "stands"), FIRST)
async def test_in_the_line_of_commands_and_in_a_question(
    keys: tuple[str, ...], stands: str, opened_empty: Opens
) -> None:
    async with opened_empty() as seen:
        for screen in (CommandLineScreen(seen.home.client.paths, []), AskScreen("What?", "So.")):
            seen.app.push_screen(screen)
            await typed(seen, screen, keys, stands)


@pytest.mark.parametrize(("keys", "stands"), FIRST)
async def test_in_a_long_text(keys: tuple[str, ...], stands: str, opened_empty: Opens) -> None:
    async with opened_empty() as seen:
        seen.app.push_screen(screen := EditTextScreen("A text", "abcd"))
        await seen.press("ctrl+e")
        seen.burst(*keys)
        await seen.wait(lambda: screen.query_one(TextArea).text == stands)


async def test_before_the_field_has_its_focus(opened_empty: Opens) -> None:
    async with opened_empty() as seen:
        seen.burst("n", *"abcd", "backspace", *"XY")
        await seen.wait(lambda: seen.app.screen is not seen.home and value(seen, "prompt") == "abcXY")
        await seen.press("escape")
        seen.burst("colon", *"status", "backspace", *"ZZ", "left", *"Y")
        await seen.wait(
            lambda: (
                isinstance(seen.app.screen, CommandLineScreen) and seen.app.screen.line.value == "statuZYZ"
            )
        )


async def test_from_one_field_to_the_next(opened_empty: Opens) -> None:
    async with opened_empty() as seen:
        await seen.press("n")
        # Past the four choices: they were handed the letters that came behind a Tab.
        seen.burst(*"ab", *["tab"] * 5, "ctrl+u", *"/tmp", "tab", *"2", "shift+tab", "end", *"/x")
        await seen.wait(lambda: value(seen, "workspace") == "/tmp/x")
        assert (value(seen, "prompt"), value(seen, "cpus")) == ("ab", "2")


async def test_what_was_typed_behind_a_tab_is_not_selected_later(opened_empty: Opens) -> None:
    async with opened_empty() as seen:
        await seen.press("n")
        seen.burst(*["tab"] * 5, "ctrl+u", *"/tmp")
        await seen.wait(lambda: value(seen, "workspace") == "/tmp")
        await seen.pilot.pause()
        seen.burst("left", *"zz")
        await seen.wait(lambda: value(seen, "workspace") == "/tmzzp")


async def test_what_is_pasted_comes_between_the_keys_around_it(opened_empty: Opens) -> None:
    async with opened_empty() as seen:
        await seen.press("n")
        seen.burst(*"ab")
        seen.app.post_message(events.Paste("cd"))
        seen.burst("backspace", *"XY")
        await seen.wait(lambda: value(seen, "prompt") == "abcXY")


async def test_enter_gives_the_line_as_it_stood_then(opened_empty: Opens) -> None:
    given: list[str | None] = []
    async with opened_empty() as seen:
        seen.app.push_screen(AskScreen("What?", "So."), given.append)
        await seen.press("a")
        seen.burst("b", "enter", "z")
        await seen.wait(lambda: given == ["ab"])
