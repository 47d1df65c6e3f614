"""What this machine can do for containers, found out by trying."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from parhelia_tui.core.backends.base import Capability
from parhelia_tui.core.backends.local import bubblewrap, etc, etc_copy, limits, overlay
from parhelia_tui.core.backends.local.host import host
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Limits
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.shim import cgroups
from parhelia_tui.core.shim.limits import NOT_KEPT, Kept

DEADLINE_S = 10.0
_USERNS = "sudo sysctl -w kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0"

# Makes a socket in a sandbox that waits, as a supervisor does for its egress process.
_LISTEN = """
import subprocess, sys
from parhelia_tui.core.shim.egress import listen_inside
from parhelia_tui.core.shim.processes import children
box = subprocess.Popen([*sys.argv[1:], "sh", "-c", "echo; read end"], stdin=-1, stdout=-1, text=True)
try:
    box.stdout.readline()
    try:
        listen_inside(children(box.pid)[0], [17100])
    except (OSError, IndexError) as error:
        sys.exit(str(error))
finally:
    box.communicate()
"""


async def probe(system_paths: Sequence[str]) -> list[Capability]:
    """Try tmux, bubblewrap with the real options, an overlay and each limit.

    Args:
        system_paths: directories that containers are to see.
    """
    found = [
        await _version("tmux", "tmux", "-V"),
        await _version("bubblewrap", "bwrap", "--version"),
        await _version("git", "git", "--version", required=False),
    ]
    try:
        with tempfile.TemporaryDirectory(prefix="parhelia-", ignore_cleanup_errors=True) as directory:
            if shutil.which("bwrap"):
                found += await _containers(Path(directory), system_paths)
    except OSError as error:
        # A full disk, mostly: nothing is known of what needs one to be tried, and the rest is told of.
        place = os.environ.get("TMPDIR") or "/tmp"
        why = f"it could not be tried in {place}: {error.strerror or error}"
        found.append(Capability("isolation", False, why, f"df -h {place}", required=True, word="not tried"))
    return [*found, *await asyncio.to_thread(_limits)]


async def _version(name: str, command: str, option: str, *, required: bool = True) -> Capability:
    if shutil.which(command) is None:
        return Capability(name, False, "not installed", f"sudo apt-get install {name}", required)
    code, said = await _run([command, option])
    return Capability(name, code == 0, one_line(said, 80), "", required)


async def _containers(run: Path, system_paths: Sequence[str]) -> list[Capability]:
    """Run a real sandbox of each kind once."""
    for name in ("home", "agent", "workspace"):
        (run / name).mkdir()
    for name, text in etc.own("probe").items():
        (run / name).write_text(text)
    try:
        here = host(system_paths)
        shown = etc_copy.shared(run / "etc-copy", run)
    except (ParheliaError, OSError) as error:
        return [Capability("isolation", False, str(error), required=True)]

    def sandbox(*, persistent: bool) -> list[str]:
        box = bubblewrap.Sandbox(
            container_id="probe",
            run=run,
            workspace=run / "workspace",
            etc=run / "upper" / "etc" if persistent else shown.path,
            live=() if persistent else shown.live(network=False),
            env=bubblewrap.environment("probe", {}),
            persistent=persistent,
        )
        launcher = overlay.launcher(run, here.bwrap, run) if persistent else [here.bwrap]
        return [*launcher, *bubblewrap.options(here, box), "--"]

    isolation = await _tried(
        "isolation",
        [*sandbox(persistent=False), "true"],
        "user, pid, net, ipc, uts and mount namespaces",
        _USERNS,
    )
    alone = await _tried(
        "network none",
        # Beside two lines of headings /proc/net/dev has one line for each interface.
        [*sandbox(persistent=False), "sh", "-c", 'test "$(wc -l < /proc/net/dev)" = 3'],
        "a network namespace with its own loopback and nothing else",
        _USERNS,
    )
    metered = await _tried(
        "network api",
        [sys.executable, "-P", "-c", _LISTEN, *sandbox(persistent=False)],
        "a listening socket of ours in the container's own network",
        _USERNS,
        required=False,
    )
    overlay.make_directories(run)
    kept = await _tried(
        "persistent containers",
        [*sandbox(persistent=True), "touch", "/usr/probe"],
        "an overlay in a user namespace",
        "",
        required=False,
    )
    return [isolation, alone, metered, kept]


def _limits() -> list[Capability]:
    """Set each limit once and say by which means it is kept."""
    name = f"probe-{os.getpid()}"
    wanted = Limits(cpus=1.0, memory_mb=512, pids=512)
    kept = Kept(limits.means(name, wanted, isolated=True, groups=limits.usable_groups()))
    try:
        return [
            Capability(
                f"{what} limit",
                kept.how.get(what, NOT_KEPT) != NOT_KEPT,
                kept.how.get(what, NOT_KEPT),
                ""
                if kept.how.get(what, NOT_KEPT) != NOT_KEPT
                else "run the controller in a delegated control group",
            )
            for what in ("memory", "pids", "cpus")
        ]
    finally:
        for group in kept.groups:
            cgroups.remove(group)


async def _tried(
    name: str, command: Sequence[str], how: str, remedy: str, *, required: bool = True
) -> Capability:
    code, said = await _run(command)
    if code == 0:
        return Capability(name, True, how, "", required)
    return Capability(name, False, one_line(said, 160) or f"exit code {code}", remedy, required)


async def _run(command: Sequence[str]) -> tuple[int, str]:
    """Run a program; its exit code and what it said."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"},
        )
    except OSError as error:
        return 127, error.strerror or str(error)
    try:
        said, _ = await asyncio.wait_for(process.communicate(), DEADLINE_S)
    except TimeoutError:
        return 124, f"no answer within {DEADLINE_S:g} s"
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return process.returncode or 0, said.decode("utf-8", "replace").strip()
