"""Processor time of each of a hundred containers that begin together: `python many_starts.py [ROUNDS]`, as root.

Both ways in turns, in a control group of this script's own (version 1: cpuacct, version 2: cpu.stat), because tmux
servers and supervisors are nobody's children. Processor time is counted and no time on the clock; a busy machine makes
it longer too, for both ways.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from parhelia_tui.core.backends.local import forks, tmux  # noqa: E402 (found by the path above)
from parhelia_tui.core.backends.local.backend import LocalBackend  # noqa: E402
from parhelia_tui.core.backends.local.waiting import until  # noqa: E402
from parhelia_tui.core.backends.plan import ContainerPlan  # noqa: E402
from parhelia_tui.core.control.rounds import CREATE_AT_ONCE  # noqa: E402
from parhelia_tui.core.model.ids import new_id  # noqa: E402
from parhelia_tui.core.settings.config_backends import LocalConfig  # noqa: E402
from parhelia_tui.core.settings.paths import Paths, private_directory  # noqa: E402
from parhelia_tui.core.shim.processes import children  # noqa: E402

TOGETHER = 100
WAYS = {"each started": 1 << 30, "most by fork": forks.MANY}


class Group:
    """A control group of our own, entered; it counts what all that begins in it takes."""

    def __init__(self) -> None:
        root = Path("/sys/fs/cgroup")
        self._is_first = (root / "cpuacct").is_dir()
        self._place = (root / "cpuacct" if self._is_first else root) / f"many-starts-{os.getpid()}"
        self._place.mkdir()
        (self._place / "cgroup.procs").write_text(str(os.getpid()))

    def processor_ms(self) -> float:
        """Processor time so far."""
        if self._is_first:
            return int((self._place / "cpuacct.usage").read_text()) / 1e6
        return int((self._place / "cpu.stat").read_text().split()[1]) / 1e3

    def leave(self) -> None:
        """Go back, and remove it."""
        (self._place.parent / "cgroup.procs").write_text(str(os.getpid()))
        self._place.rmdir()


def backend(home: Path) -> LocalBackend:
    """A backend alone, without controller and store."""
    private_directory(home)
    private_directory(Paths(home).containers)
    return LocalBackend(Paths(home), heartbeat_s=10.0, system_paths=LocalConfig().system_paths)


def plan(workspace: Path, command: str) -> ContainerPlan:
    """A container with a command."""
    words = ["/bin/sh", "-c", command]
    return ContainerPlan(container_id=new_id("c"), session_name="ph-many", command=words, workspace=workspace)


async def ended(made: LocalBackend, plans: list[ContainerPlan]) -> None:
    """Wait for the end of all of them, looking seldom."""
    for each in plans:
        run = Path(made.log_path(each.container_id)).parent
        await until((run / "exit.json").exists, 60, first_s=0.05)


async def together(home: Path, workspace: Path, group: Group) -> float:
    """Processor time of each of many, in ms, of all that begins and ends for it."""
    made = backend(home)
    turns = asyncio.Semaphore(CREATE_AT_ONCE)
    plans = [plan(workspace, "echo here") for _ in range(TOGETHER)]

    async def create(each: ContainerPlan) -> None:
        async with turns:
            await made.create(each)

    before = group.processor_ms()
    await asyncio.gather(*map(create, plans))
    await ended(made, plans)
    await made.close()
    return (group.processor_ms() - before) / TOGETHER


async def memory(home: Path, workspace: Path) -> float:
    """Proportional memory of the last of several that sleep: supervisor, tmux server, what stands in its pane; in MB."""
    made = backend(home)
    plans = [plan(workspace, "sleep 600") for _ in range(CREATE_AT_ONCE)]
    await asyncio.gather(*map(made.create, plans))
    paths, last = Paths(home), plans[-1].container_id
    server = tmux._server(paths.tmux_socket(last))
    assert server is not None
    shim = int(json.loads((paths.container(last) / "shim.pid").read_text())["pid"])
    await made.close()
    found = sum(map(proportional, {shim, server, *children(server)}))
    for each in plans:
        await made.terminate(each.container_id, reason="measured", grace_s=0.0)
    return found


def proportional(pid: int) -> float:
    """Pss of a process in MB (proc_pid_smaps(5))."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) * 1024 / 1e6


def main() -> None:
    """Print one line for each way."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    group = Group()
    took: dict[str, list[float]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as place:
        workspace = private_directory(Path(place) / "workspace")
        # One more of each comes first, to warm caches.
        for number in range(rounds + 1):
            for way, forks.MANY in WAYS.items():
                home = Path(place) / f"{way.split()[0]}-{number}"
                one = asyncio.run(together(home, workspace, group))
                if number:
                    took[way].append(one)
        for way, forks.MANY in WAYS.items():
            held = asyncio.run(memory(Path(place) / f"held-{way.split()[0]}", workspace))
            print(
                f"{way:14} median {statistics.median(took[way]):5.1f} ms, least {min(took[way]):5.1f} ms;"
                f" idle {held:4.1f} MB"
            )
    group.leave()


if __name__ == "__main__":
    main()
