"""What comes out of a container is text: it moves nothing, whatever it holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from parhelia_tui.core.store import events
from parhelia_tui.core.store.connection import writing
from tests.dashboard.conftest import Opens
from tests.support.dashboard import Dashboard, dashboard
from tests.support.fleet import create, reach
from tests.support.still_fleet import NOW, StillFleet
from tests.support.store import make_task

HOSTILE = {
    "markup": "[bold red]not bold[/] [@click=app.quit]press[/] \\[",
    "control sequences": "a\x1b[2J\x1b[H\x1b]0;title\x07\x1bPq\x1b\\b\x07\x08\x7f\x9b31mc",
    "lines": "one\ntwo\r\nthree\u2028four\tfive",
    "wide": "漢字かな交じり文" * 12 + "👩‍👩‍👧‍👦🇩🇪é́́́",
    "reordering": "\u202egnp.exe\u202c \u200bzero\u200b \ufeffwide",
    "nothing but space": " \t ",
    "endless": "x" * 5000,
}


def whole(seen: Dashboard, columns: int) -> None:
    """Every line is exactly as wide as the screen and holds nothing that acts on a terminal."""
    for line in seen.lines():
        assert cell_len(line) == columns, line
        assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in line), line
        assert not any(letter in line for letter in "\u202e\u200b\ufeff\u2028"), line


@pytest.mark.long
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_hostile_words_of_tasks_move_nothing(
    size: tuple[int, int], empty: StillFleet, opened_empty: Opens
) -> None:
    empty.add(make_task("t-0000000f", title="a calm one", state=TaskState.FAILED, created_at=NOW))
    for number, text in enumerate(HOSTILE.values(), 1):
        asks: dict[str, object] = {
            "state": TaskState.WAITING,
            "question": text,
            "attempt": 1,
            "started_at": NOW,
        }
        ended: dict[str, object] = {"state": TaskState.FAILED, "reason": text}
        empty.add(
            *(
                make_task(
                    f"t-{kind}000000{number}",
                    title=text,
                    slug=text,
                    agent=text,
                    created_at=NOW - number,
                    **columns,
                )
                for kind, columns in enumerate((asks, ended))
            )
        )
        with writing(empty._db) as tx:
            events.append(tx, "agent.progress", text, task_id=f"t-0000000{number}", at=NOW - 1)
    async with opened_empty(size) as seen:
        whole(seen, size[0])
        assert seen.line_with("a calm one").startswith("│ ✗ failed        a calm one ")
        for number in range(1, len(HOSTILE) + 1):
            for kind in (0, 1):
                seen.home.tasks.select(f"t-{kind}000000{number}")
                await seen.pilot.pause()
                whole(seen, size[0])
            seen.home.tasks.select(f"t-0000000{number}")
            for keys in ("x", "escape", "l", "escape"):
                await seen.press(keys)
                whole(seen, size[0])


async def test_markup_in_a_name_is_shown_as_it_is(empty: StillFleet, opened_empty: Opens) -> None:
    empty.add(make_task(title="[b]x[/b] [nothing", state=TaskState.COMPLETED, created_at=NOW))
    async with opened_empty() as seen:
        assert "[b]x[/b] [nothing" in seen.line_with("completed")


@pytest.mark.real
async def test_hostile_output_moves_nothing_in_the_live_terminal(client: Client, place: Path) -> None:
    (place / "hostile").write_bytes(
        b"\x1b]52;c;c3RvbGVu\x07\x1b]0;title\x07\x1bPtmux;\x1b\x1b[31m\x1b\\\x1b[?1049h\x1b[2J\x1b[999;999H\x1b(0qqq\x1b(B"
        + b"\x1b[H[bold]calm[/bold] "
        + "漢字👩‍👩‍👧‍👦".encode()
        + b"\x1b[31m red \x1b[0m\r\n"
        + b"y" * 200_000
        + b"\r\n\x9b5mlast line"
    )
    task = create(client, "cat hostile; sleep 600", place)
    reach(client, task.id, TaskState.RUNNING, deadline_s=30)
    async with dashboard(client) as seen:
        await seen.wait_for("yyyyyyyyyy", "last line")
        whole(seen, 120)
        assert seen.shows("cat-hostile-sleep-600 ▪ running")
        # What stands around the terminal is where it was.
        assert seen.lines()[-1].strip().startswith("n new")
        assert seen.lines()[-2].startswith("╰")
