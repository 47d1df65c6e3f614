"""The settings that are seen in the dashboard and its terminals."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.support.fleet import configure, create, reach
from tests.support.outer_terminal import OuterTerminal

pytestmark = pytest.mark.real

DASHBOARD = str(Path(sys.executable).with_name("parhelia-tui"))
DEADLINE_S = 30.0
DARK, LIGHT = rb"48;2;16;20;26", rb"48;2;251;251;249"
"""The backgrounds of the two themes, as a terminal with all colours is told them."""


@pytest.mark.parametrize(("theme", "background"), [("dark", DARK), ("light", LIGHT)])
def test_the_configured_theme_is_that_of_the_first_frame(
    theme: str, background: bytes, tmp_path: Path
) -> None:
    configure(tmp_path, f'[dashboard]\ntheme = "{theme}"\n')
    with OuterTerminal([DASHBOARD], {"COLORTERM": "truecolor"}, columns=120, rows=40) as terminal:
        seen = terminal.wait_for(rb"No tasks yet", DEADLINE_S)
        backgrounds = set(re.findall(rb"48;2;16;20;26|48;2;251;251;249", seen))
        assert backgrounds == {background}
        terminal.write(b"q")
        assert terminal.wait_end(DEADLINE_S) == 0


def test_a_theme_that_is_none_is_refused_in_words(tmp_path: Path) -> None:
    configure(tmp_path, '[dashboard]\ntheme = "pink"\n')
    with OuterTerminal([DASHBOARD], columns=120, rows=40) as terminal:
        assert b"E700" in terminal.wait_for(rb"E700.*theme", DEADLINE_S)
        assert terminal.wait_end(DEADLINE_S) != 0


async def test_a_session_keeps_as_many_lines_as_are_configured(
    client: Client, place: Path, tmp_path: Path
) -> None:
    configure(tmp_path, "[sessions]\nhistory_lines = 50\n")
    task = create(client, "seq 1 1000; sleep 600", place)
    reach(client, task.id, TaskState.RUNNING, deadline_s=DEADLINE_S)
    endpoint = client.endpoint(task.id)
    async with client.live_terminal(endpoint) as terminal:
        async for frame in terminal.frames():
            if "1000" in "".join(frame.lines):
                break
    lines = [line for line in await client.capture(task.id, 5000) if line.strip()]
    # tmux drops a tenth at once when it is full, so it may be some fewer.
    assert lines[-1] == "1000"
    assert 60 <= len(lines) <= 50 + 60
