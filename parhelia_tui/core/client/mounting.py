"""Checking, before a task is stored for it, what of this machine its container is to show."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from parhelia_tui.core.agents.base import Agent
from parhelia_tui.core.backends.local.mounts import checked
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.mounting import HOME, source_of
from parhelia_tui.core.model.records import Mount
from parhelia_tui.core.model.request import TaskRequest
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.paths import Paths


def usable_mounts(request: TaskRequest, adapter: Agent, paths: Paths) -> tuple[Mount, ...]:
    """Give what a request wants to be shown, without links.

    Args:
        adapter: the agent, whose own places in its home stay its own.

    Raises:
        ParheliaError: E207 with the reason, E101 where there is no container to show something in, E603 for
            what cannot be where it is to run.
    """
    if not request.mounts:
        return ()
    if request.unsandboxed:
        raise ParheliaError(
            "E101",
            "mounts and unsandboxed exclude each other: without isolation all of this machine is there anyway",
            recovery=("parhelia config show", "parhelia run COMMAND"),
        )
    own = {name.split("/")[0] for name in (adapter.conversation, adapter.notes) if name}
    found = []
    for target, given in request.mounts.items():
        if target.startswith(f"{HOME}/") and target.removeprefix(f"{HOME}/").split("/")[0] in own:
            raise ParheliaError(
                "E207", f"nothing is shown at {one_line(target, 200)}: that is the agent's own"
            )
        source, writable = source_of(given)
        found.append(_mount(source, target, writable, paths, os.environ))
    refuse_elsewhere(request.backend, found)
    return tuple(sorted(found, key=lambda each: each.target))


def _mount(source: str, target: str, writable: bool, paths: Paths, environ: Mapping[str, str]) -> Mount:
    real = checked(
        Path(source).expanduser(), paths, writable=writable, socket=environ.get("SSH_AUTH_SOCK", "")
    )
    try:
        str(real).encode()
    except UnicodeEncodeError:
        raise ParheliaError("E207", f"the name of {one_line(source, 200)} is not UTF-8") from None
    if real.is_socket() and not writable:
        raise ParheliaError(
            "E207",
            f"{one_line(source, 200)} is a socket: who may use it may also write to it, so say {target}:rw",
        )
    return Mount(real, target, writable)


def refuse_elsewhere(backend: str, mounts: tuple[Mount, ...] | list[Mount]) -> None:
    """Refuse at a provider what is to be written: files go up once, as copies. Raises E603."""
    written = next((each for each in mounts if each.writable), None)
    if backend == "modal" and written is not None:
        raise ParheliaError(
            "E603",
            f"{one_line(str(written.source), 200)} is to be written in the container, but at {backend} there are"
            " copies alone of this machine's files; mount it read-only, or keep what is to come back in the workspace",
            recovery=("parhelia task create --backend local", "parhelia help mounts"),
        )
