"""What the dashboard says and does when something is wrong: no controller, a held or damaged store, a full disk."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from parhelia_tui.core.client import Client
from parhelia_tui.core.store import connection
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from parhelia_tui.screens.too_small import TooSmallScreen
from tests.dashboard.conftest import Opens
from tests.support.in_namespace import run_on_small_disk
from tests.support.still_fleet import StillFleet


@pytest.mark.parametrize("size", [(79, 24), (80, 23), (1, 1), (20, 5)])
async def test_a_terminal_that_is_too_small_says_what_it_needs_and_q_leaves(
    size: tuple[int, int], opened: Opens
) -> None:
    async with opened(size) as seen:
        assert isinstance(seen.app.screen, TooSmallScreen)
        if size[0] > 60:
            assert seen.shows(f"This terminal has {size[0]}x{size[1]}.", "needs 80x24", "q quits")
        await seen.press("q")
        assert not seen.app.is_running


async def test_a_terminal_that_grows_again_shows_what_was_there(opened: Opens) -> None:
    async with opened() as seen:
        await seen.press(*"nls")
        await seen.pilot.resize_terminal(60, 20)
        await seen.wait_for("This terminal has 60x20.")
        await seen.pilot.resize_terminal(50, 20)
        await seen.wait_for("This terminal has 50x20.")
        await seen.pilot.resize_terminal(100, 30)
        await seen.wait_for("New task", "ls")
        await seen.press("escape")
        assert seen.app.screen is seen.home


async def test_without_work_no_controller_is_started(opened_empty: Opens) -> None:
    async with opened_empty() as seen:
        assert seen.shows("○ controller asleep")


async def test_a_held_store_is_said_and_the_prompt_is_not_lost(
    opened_empty: Opens, empty: StillFleet, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setattr(connection, "BUSY_TIMEOUT_MS", 200)
    holds = open_migrated(empty.paths.database)
    async with opened_empty() as seen:
        with writing(holds):
            await seen.press("n")
            await seen.type("true")
            await seen.press("enter")
            await seen.wait(lambda: "E504: " in seen.said())
            assert "is held by another process" in seen.said()
        await seen.press("n")
        await seen.wait_for("│ ▊ true")
    holds.close()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/srv/store"), "E507: /srv/store cannot be used"),
        (RuntimeError("not thought of"), "E900: RuntimeError: not thought of"),
    ],
)
async def test_whatever_a_wish_fails_with_is_said(
    error: Exception, said: str, opened: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: Client, *words: object) -> None:
        raise error

    monkeypatch.setattr(Client, "cancel_task", fails)
    async with opened() as seen:
        await seen.press("x", "left", "enter")
        await seen.wait(lambda: said in seen.said())
        assert seen.app.is_running


def overwrite(path: Path, content: bytes) -> None:
    """Write a file anew in its place and at its length, so that nobody sees an empty one in between."""
    with path.open("r+b") as file:
        file.write(content)


async def test_a_damaged_store_is_said_as_long_as_it_is_so(opened: Opens, still: StillFleet) -> None:
    def touch() -> None:
        with writing(still._db) as tx:
            tx.execute("INSERT OR REPLACE INTO meta VALUES ('touched', '1')")

    async with opened() as seen:
        touch()
        still._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        sound = still.paths.database.read_bytes()
        # The first page and what this process still has in mind are enough for one more write.
        overwrite(still.paths.database, sound[:4096] + b"nonsense" * ((len(sound) - 4096) // 8))
        touch()
        await seen.wait(lambda: "E506: " in seen.said())
        # What has to be read for it says so too, and the rest stays usable.
        await seen.press("G")
        await seen.wait(lambda: "E506" in "".join(text.plain for text in seen.home.terminal.view._lines))
        await seen.press("l", "escape")
        await seen.wait_for("Rename every test")
        overwrite(still.paths.database, sound)
        await seen.wait(lambda: seen.said() == "")
        await seen.wait_for("It printed nothing.")


FULL = """
import asyncio, os, sys
from pathlib import Path
home = Path(sys.argv[1]) / "state"
os.environ["PARHELIA_HOME"] = str(home)
os.environ["XDG_CONFIG_HOME"] = str(Path(sys.argv[1]) / "config")
os.chdir(sys.argv[2])
from tests.support.dashboard import dashboard
from tests.support.in_namespace import fill_up
from tests.support.still_fleet import NOW, StillFleet
async def main():
    fleet = StillFleet(home)
    fleet.fill()
    fleet.hold_controller()
    client = fleet.client()
    async with dashboard(client, clock=lambda: NOW) as seen:
        with open(home / "filler", "wb", buffering=0) as filler:
            fill_up(filler)
        await seen.wait_for("the disk of the state directory is full")
        await seen.press("n")
        await seen.type("true")
        await seen.press("enter")
        await seen.wait(lambda: "E507: " in seen.said())
        assert "the disk is full" in seen.said()
        await seen.press("G")
        await seen.wait_for("Rename every test")
        (home / "filler").unlink()
        await seen.wait_gone("the disk of the state directory is full")
        await seen.press("n")
        await seen.wait_for("true")
    client.close()
    fleet.close()
asyncio.run(main())
"""


@pytest.mark.real
def test_a_full_disk_is_said_and_the_dashboard_goes_on(tmp_path: Path, place: Path) -> None:
    run_on_small_disk(FULL, tmp_path / "disk", 3000, [str(place)])
