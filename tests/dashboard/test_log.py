"""The screen of what a task printed."""

from __future__ import annotations

import pytest

from parhelia_tui.screens.log import LogScreen
from tests.dashboard.conftest import Opens
from tests.support.still_fleet import PORTS, StillFleet

MANY = b"".join(b"line %d\r\n" % number for number in range(1, 1001))


async def test_it_begins_at_the_end_and_g_goes_to_the_first_line_and_G_back(  # noqa: N802 - the key
    opened: Opens, still: StillFleet
) -> None:
    still.write_log(PORTS, MANY)
    async with opened() as seen:
        await seen.press("j", "l")
        await seen.wait_for("port-the-parser ▪ output", "line 1000")
        await seen.press("g")
        await seen.wait_for("line 1 ", "line 30")
        await seen.press("j")
        assert not seen.shows("line 1 ")
        await seen.press("k", "G")
        await seen.wait_for("line 1000")


async def test_what_is_printed_now_is_followed_only_from_the_end(opened: Opens, still: StillFleet) -> None:
    still.write_log(PORTS, MANY)
    async with opened() as seen:
        await seen.press("j", "l")
        await seen.wait_for("line 1000")
        still.write_log(PORTS, MANY + b"further\r\n")
        await seen.wait_for("further")
        await seen.press("g")
        still.write_log(PORTS, MANY + b"further\r\nand more\r\n")
        log = seen.app.screen
        assert isinstance(log, LogScreen)
        await seen.wait(lambda: log._said[-1] == "and more")
        await seen.pilot.pause()
        assert seen.shows("line 1 ")


@pytest.mark.parametrize("key", ["escape", "q", "l"])
async def test_it_is_left_by(key: str, opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("j", "l", key)
        assert seen.app.screen is seen.home
        assert seen.app.is_running


async def test_a_long_line_is_folded_at_the_width_and_anew_at_another(
    opened: Opens, still: StillFleet
) -> None:
    still.write_log(PORTS, b"x" * 300 + b"\r\n" + "漢字".encode() * 60 + b"\r\nend\r\n")
    async with opened() as seen:
        await seen.press("j", "l")
        await seen.wait_for("end")
        assert sum("x" in line for line in seen.lines()) == 3
        await seen.pilot.resize_terminal(90, 30)
        await seen.wait(lambda: sum("x" * 10 in line for line in seen.lines()) == 4)
        assert sum("漢字" in line for line in seen.lines()) == 3


async def test_control_sequences_in_it_are_gone(opened: Opens, still: StillFleet) -> None:
    still.write_log(PORTS, b"\x1b]52;c;c3RvbGVu\x07\x1b[2J\x1b[31mred\x1b[0m [bold]not bold[/bold]\r\n")
    async with opened() as seen:
        await seen.press("j", "l")
        await seen.wait_for("red [bold]not bold[/bold]")
        assert not any(letter in line for line in seen.lines() for letter in "\x1b\x07")


async def test_nothing_printed_yet_is_said(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press("j", "l")
        await seen.wait_for("Nothing yet.")
