"""What this machine can do for containers, found out by trying."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from parhelia_tui.core.backends.base import Capability
from parhelia_tui.core.backends.local import limits
from parhelia_tui.core.model.records import Limits
from parhelia_tui.core.model.text import one_line

DEADLINE_S = 10.0
_RUN = ("--die-with-parent", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev")


async def probe() -> list[Capability]:
    """Try tmux, git, bubblewrap, namespaces, overlay and each limit."""
    found = [await _program("tmux", "-V", required=True), await _program("git", "--version", required=False)]
    found.append(await _program("bwrap", "--version", required=True))
    if found[-1].works:
        found.append(
            await _tried(
                "isolation",
                ["bwrap", "--unshare-all", *_RUN, "true"],
                "bubblewrap with user, pid, net, ipc, uts and mount namespaces",
                "sudo sysctl kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0",
                required=True,
            )
        )
        found.append(
            await _tried(
                "network none",
                ["bwrap", "--unshare-all", *_RUN, "sh", "-c", "! grep -q : /proc/net/route"],
                "a network namespace with nothing but loopback",
                "",
            )
        )
    found.append(await _overlay())
    return [*found, *_limits()]


async def _program(name: str, version: str, *, required: bool) -> Capability:
    package = {"bwrap": "bubblewrap"}.get(name, name)
    if shutil.which(name) is None:
        return Capability(name, False, "not installed", f"sudo apt-get install {package}", required)
    code, said = await _run([name, version])
    return Capability(name, code == 0, one_line(said, 60), "", required)


async def _tried(
    name: str, command: Sequence[str], how: str, remedy: str, *, required: bool = False
) -> Capability:
    code, said = await _run(command)
    if code == 0:
        return Capability(name, True, how, "", required)
    return Capability(name, False, one_line(said, 120) or f"exit code {code}", remedy, required)


async def _overlay() -> Capability:
    """Mount an overlay in a user namespace, as persistent containers need it."""
    with tempfile.TemporaryDirectory() as root:
        for name in ("upper", "work", "merged"):
            (Path(root) / name).mkdir()
        options = f"userxattr,lowerdir=/usr,upperdir={root}/upper,workdir={root}/work"
        script = f'mount -t overlay overlay -o "{options}" "{root}/merged" && test -d "{root}/merged/bin"'
        return await _tried(
            "persistent containers",
            ["unshare", "-Urm", "--propagation", "private", "sh", "-c", script],
            "an overlay in a user namespace",
            "",
        )


def _limits() -> list[Capability]:
    """Prepare each limit once and say by which means it would be kept."""
    name = f"probe-{os.getpid()}"
    kept = limits.keep(name, Limits(cpus=1.0, memory_mb=512, pids=512))
    limits.clear(name)
    return [Capability(f"limit of {what}", True, how) for what, how in kept.how.items()]


async def _run(command: Sequence[str]) -> tuple[int, str]:
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError as error:
        return 127, error.strerror or str(error)
    try:
        said, _ = await asyncio.wait_for(process.communicate(), DEADLINE_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        return 124, f"no answer within {DEADLINE_S:g} s"
    return process.returncode or 0, said.decode("utf-8", "replace").strip()
