"""From what a task needs to what a shim is told."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from parhelia_tui.core.backends.local import bubblewrap, egress, etc_copy, limits, mounts, overlay
from parhelia_tui.core.backends.local.host import host
from parhelia_tui.core.backends.plan import ContainerPlan
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.shim.spec import Spec

LONGEST_WORD = 128 * 1024 - 1
"""Bytes of one argument or one variable that the kernel takes (MAX_ARG_STRLEN, execve(2))."""


def check(plan: ContainerPlan) -> None:
    """Refuse what no program can be started with.

    Raises:
        ParheliaError: E100, or E603 for what this backend cannot give.
    """
    if plan.network not in ("none", "api", "allowlist", "open"):
        raise ParheliaError("E603", f"the local backend knows no network {plan.network!r}")
    if plan.network in ("api", "allowlist") and plan.egress is None:
        raise ParheliaError("E603", f"the network {plan.network} needs to know what may be reached")
    if plan.limits.gpu is not None or plan.limits.region is not None:
        raise ParheliaError(
            "E603", "this machine gives a container no GPU and is in no region; --backend modal does"
        )
    if plan.own_system and plan.unsandboxed:
        raise ParheliaError("E603", "without isolation there is no system of its own to keep")
    for name in plan.env:
        if not name or "=" in name:
            raise ParheliaError("E100", f"{name!r} cannot be the name of a variable")
    shown = [word for mount in plan.mounts for word in (str(mount.source), mount.target)]
    check_words(plan.command, [*plan.env, *plan.env.values(), str(plan.workspace), *shown])


def check_words(command: Sequence[str], more: Sequence[str] = ()) -> None:
    """Refuse a command that cannot be executed, and other words that cannot be handed on.

    Raises:
        ParheliaError: E100.
    """
    if not command or not command[0]:
        raise ParheliaError("E100", "there is no command to run")
    for word in (*command, *more):
        try:
            size = len(os.fsencode(word))
        except UnicodeEncodeError as error:
            raise ParheliaError("E100", f"a word of the command is no text: {word[:40]!r}") from error
        # bubblewrap's options are separated by NUL, so one in a word would be an option of its own.
        if "\0" in word or size > LONGEST_WORD:
            raise ParheliaError("E100", "a word of the command holds a NUL or is longer than 128 KiB")


def spec_for(
    plan: ContainerPlan,
    workspace: Path,
    paths: Paths,
    *,
    heartbeat_s: float,
    system_paths: Sequence[str],
) -> Spec:
    """Put together what a shim is to run.

    Args:
        workspace: checked, without links.
        system_paths: directories of this machine that containers see, read-only.

    Raises:
        ParheliaError: E603 when what isolation needs is not here.
        OSError: the disk is full.
    """
    run = paths.container(plan.container_id)
    way = egress.prepare(plan, paths)
    # Last, so that nothing of the task's own leads past the meter by mistake.
    plan_env = {**egress.trust(plan, run), **plan.env, **(way.env if way else {})}
    env = bubblewrap.environment(plan.container_id, plan_env)
    if plan.unsandboxed:
        launcher: list[str] = []
        options: list[str] = []
        env = {
            **env,
            "HOME": str(run / "home"),
            "PARHELIA_AGENT_SOCKET": str(run / "agent" / "agent.sock"),
            **plan_env,
        }
    else:
        network = plan.network == "open"
        here = host(system_paths)
        mounts.check_places(run / "home", plan.mounts)
        shown = None if plan.own_system else etc_copy.shared(paths.home / "etc", paths.containers)
        memory_mb = plan.limits.memory_mb
        box = bubblewrap.Sandbox(
            container_id=plan.container_id,
            run=run,
            workspace=workspace,
            etc=run / "upper" / "etc" if shown is None else shown.path,
            live=() if shown is None else shown.live(network),
            env=env,
            mounts=plan.mounts,
            network=network,
            persistent=plan.own_system,
            memory_bytes=None if memory_mb is None else memory_mb << 20,
        )
        launcher = overlay.launcher(run, here.bwrap, paths.images) if plan.own_system else [here.bwrap]
        options = bubblewrap.options(here, box)
    wanted = plan.limits
    limited = any(value is not None for value in (wanted.cpus, wanted.memory_mb, wanted.pids))
    return Spec(
        container_id=plan.container_id,
        session_name=plan.session_name,
        command=list(plan.command),
        launcher=launcher,
        options=options,
        env=env,
        directory=str(workspace),
        rows=plan.rows,
        columns=plan.columns,
        heartbeat_s=heartbeat_s,
        lifetime_s=wanted.lifetime_s,
        shim_socket=str(paths.shim_socket(plan.container_id)),
        wake_socket=str(paths.wake_socket),
        limits=limits.means(
            plan.container_id,
            wanted,
            isolated=not plan.unsandboxed,
            groups=limits.usable_groups() if limited else {},
        ),
        egress=way.spec if way else None,
    )
