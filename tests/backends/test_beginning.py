"""How long is waited for a container's beginning."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from parhelia_tui.core.backends.local import run_directory
from parhelia_tui.core.backends.local.beginning import START_S, begun
from parhelia_tui.core.backends.local.ends import Ends
from parhelia_tui.core.backends.plan import ContainerPlan
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.ids import new_id
from parhelia_tui.core.settings.paths import Paths
from tests.support.local import Local


async def test_what_was_taken_away_while_it_began_is_waited_for_no_longer(tmp_path: Path) -> None:
    ends = Ends(Paths(tmp_path))
    # This process stands for a pane that lives.
    waits = asyncio.create_task(begun(tmp_path / "containers" / "c-12345678", os.getpid(), ends))
    await asyncio.wait_for(waits, START_S / 2)


async def test_a_pane_that_ended_without_a_word_is_told_of(tmp_path: Path) -> None:
    run = tmp_path / "containers" / "c-12345678"
    run.mkdir(parents=True)
    with pytest.raises(ParheliaError, match="before it could say why"):
        await begun(run, 1 << 22, Ends(Paths(tmp_path)))


def test_a_container_begins_with_two_directories_and_its_names(tmp_path: Path) -> None:
    run = tmp_path / "c-12345678"
    run_directory.prepare(run, run.name, own_system=False, layer=None, network=False)
    # Every directory more is a tenth of a millisecond of each start.
    assert {each.name for each in run.iterdir() if each.is_dir()} == {"agent", "home"}
    assert (run / "hostname").read_text() == "c-12345678\n"
    assert "c-12345678" in (run / "hosts").read_text()
    run_directory.write_session(run, "ph-more", ["true"])
    assert (run / "sessions" / "ph-more.json").is_file()


@pytest.mark.real
@pytest.mark.parametrize("unsandboxed", [False, True])
def test_what_nobody_could_speak_to_never_begins_and_says_why(
    local: Local, tmp_path: Path, unsandboxed: bool
) -> None:
    # The supervisor makes its sockets while bubblewrap is at its work, and here it cannot.
    place = tmp_path / "work"
    place.mkdir(exist_ok=True)
    plan = ContainerPlan(
        container_id=new_id("c"),
        session_name="ph-test",
        command=["/bin/sh", "-c", "touch ran"],
        workspace=place,
        unsandboxed=unsandboxed,
    )
    taken = local.paths.shim_socket(plan.container_id)
    taken.mkdir(parents=True)
    with pytest.raises(ParheliaError, match="could not be started: the supervisor failed: IsADirectoryError"):
        asyncio.run(local.backend.create(plan))
    seen = local.look(plan.container_id)
    assert not seen.alive
    assert seen.exit is not None
    assert (seen.exit.reason, seen.exit.started_at) == ("start_failed", None)
    assert not (place / "ran").exists()
    taken.rmdir()
    asyncio.run(local.backend.remove(plan.container_id))
