"""Containers on this machine: a tmux server each, whose pane is the shim, which runs bubblewrap."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import parhelia_tui
from parhelia_tui.core.backends.base import (
    Capability,
    ContainerPlan,
    Listing,
    Sighting,
    SpoolRead,
    TmuxEndpoint,
)
from parhelia_tui.core.backends.local import etc, limits, sandbox, shim_control
from parhelia_tui.core.backends.local.spool_reader import read_spool
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.sessions.tmux_config import write_config
from parhelia_tui.core.settings.paths import Paths, private_directory
from parhelia_tui.core.shim import spec as form

SOURCE_ROOT = Path(parhelia_tui.__file__).resolve().parent.parent
INTERPRETER = getattr(sys, "_base_executable", "") or sys.executable
BOOT = f"import sys; sys.path.insert(0, {str(SOURCE_ROOT)!r}); from parhelia_tui.core.shim.main import main; main()"
TMUX_DEADLINE_S = 15.0
END_DEADLINE_S = 10.0
LOOK_EVERY_S = 0.01
RESERVE_BYTES = 65536
"""Set aside at the start, so that how a container ended can be written on a full disk."""


class LocalBackend:
    """The backend `local`.

    Args:
        paths: the state directory, below which every container has its run directory.
        heartbeat_s: seconds between two heartbeats.
        system_paths: directories of this machine that containers see, read-only.
    """

    name = "local"

    def __init__(self, paths: Paths, *, heartbeat_s: float, system_paths: Sequence[str]) -> None:
        self._paths = paths
        self._heartbeat_s = heartbeat_s
        self._system_paths = tuple(system_paths)

    async def create(self, plan: ContainerPlan) -> None:
        """Start a container; a second call with the same id changes nothing. Raises E602, E603, E204, E507."""
        run = self._paths.container(plan.container_id)
        if shim_control.started(run) or shim_control.alive(run):
            return
        bwrap = shutil.which("bwrap")
        if bwrap is None and not plan.unsandboxed:
            raise ParheliaError(
                "E603",
                "bubblewrap is not installed, and nothing runs without isolation unless you say so",
                recovery=(
                    "sudo apt-get install bubblewrap",
                    "parhelia doctor",
                    "parhelia task create --unsandboxed ...",
                ),
            )
        if not plan.workspace.is_dir():
            raise ParheliaError("E204", f"the workspace {str(plan.workspace)!r} is not there any more")
        try:
            self._write_run_directory(run, plan, bwrap)
            config = write_config(private_directory(self._paths.home))
        except OSError as error:
            code = "E507" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "E602"
            raise ParheliaError(code, f"the run directory cannot be written: {error.strerror}") from error
        await self._new_session(plan.container_id, plan.session_name, config, ["run", str(run)], plan)

    async def list(self) -> Listing:
        """Look at every run directory."""
        seen: dict[str, Sighting] = {}
        try:
            names = [entry.name for entry in os.scandir(self._paths.containers) if entry.is_dir()]
            for name in names:
                sight = await self.look(name)
                if sight is not None:
                    seen[name] = sight
        except OSError as error:
            return Listing(seen, complete=False, error=str(error))
        return Listing(seen, complete=True)

    async def look(self, container_id: str) -> Sighting | None:
        """Look at one container; of a dead one without an exit record every process is gone afterwards."""
        run = self._paths.container(container_id)
        if not run.is_dir():
            return None
        living = shim_control.alive(run)
        record = None if living else shim_control.exit_record(run)
        begun = shim_control.started(run)
        if begun and not living and record is None:
            # Killed. The kernel ends its container with it; a control group may hold what it could not.
            await asyncio.to_thread(limits.clear, container_id)
        return Sighting(
            container_id=container_id,
            alive=living,
            started=begun,
            exit=record,
            terminal=not living or _listens(self._paths.tmux_socket(container_id)),
        )

    async def read_spool(self, container_id: str, offset: int) -> SpoolRead:
        """Read what the shim wrote since `offset` (bytes)."""
        return read_spool(self._paths.container(container_id) / form.SPOOL, offset)

    async def terminate(self, container_id: str, *, reason: str, grace_s: float) -> None:
        """End a container and its whole process tree. Raises E501 when something of it does not end."""
        run = self._paths.container(container_id)
        if shim_control.alive(run):
            try:
                await shim_control.ask(
                    self._paths.shim_socket(container_id),
                    {"op": "terminate", "reason": reason, "grace_s": grace_s},
                )
                await _until(lambda: not shim_control.alive(run), grace_s + END_DEADLINE_S)
            except (OSError, TimeoutError):
                # It does not answer or does not end: its own death ends the container just as well.
                shim_control.kill(run)
        try:
            await _until(lambda: not shim_control.alive(run), END_DEADLINE_S)
        except TimeoutError as error:
            raise ParheliaError("E501", f"container {container_id} does not end") from error
        await asyncio.to_thread(limits.clear, container_id)
        await self._kill_server(container_id)

    async def restore_terminal(self, container_id: str) -> None:
        """Start a new tmux server for a live container whose server is gone."""
        run = self._paths.container(container_id)
        if _listens(self._paths.tmux_socket(container_id)):
            return
        session = json.loads((run / form.SPEC).read_bytes())["session_name"]
        config = write_config(private_directory(self._paths.home))
        await self._new_session(container_id, session, config, ["join", str(run)], None)

    async def add_session(self, container_id: str, session_name: str, command: Sequence[str]) -> None:
        """Start a further session in a running container. Raises E203, E602."""
        run = self._paths.container(container_id)
        if not shim_control.alive(run):
            raise ParheliaError("E203", f"container {container_id} does not run")
        config = write_config(private_directory(self._paths.home))
        entering = ["enter", str(run), session_name, "--", *command]
        await self._new_session(container_id, session_name, config, entering, None)

    async def kill_session(self, container_id: str, session_name: str) -> None:
        """End a further session and the processes in it."""
        await self._tmux(container_id, ["kill-session", "-t", f"={session_name}"], allowed_to_fail=True)

    def endpoint(self, container_id: str, session_name: str) -> TmuxEndpoint:
        """Say where a session is attached."""
        return TmuxEndpoint(self._paths.tmux_socket(container_id), session_name)

    def log_path(self, container_id: str) -> Path:
        """Say where the output of the main terminal is kept."""
        return self._paths.container(container_id) / form.LOG

    async def remove(self, container_id: str) -> None:
        """Forget an ended container: its run directory goes, its workspace stays."""
        run = self._paths.container(container_id)
        if shim_control.alive(run):
            return
        await self._kill_server(container_id)
        await asyncio.to_thread(limits.clear, container_id)
        for socket in (self._paths.tmux_socket(container_id), self._paths.shim_socket(container_id)):
            socket.unlink(missing_ok=True)
        await asyncio.to_thread(shutil.rmtree, run, ignore_errors=True)

    async def probe(self) -> Sequence[Capability]:
        """Say what works on this machine, by trying it."""
        from parhelia_tui.core.backends.local.probe import probe

        return await probe()

    def _write_run_directory(self, run: Path, plan: ContainerPlan, bwrap: str | None) -> None:
        for path in (run, run / "home", run / form.AGENT_DIRECTORY, run / "etc"):
            private_directory(path)
        private_directory(self._paths.tmux_socket(plan.container_id).parent)
        for inside, text in etc.accounts().items():
            (run / "etc" / Path(inside).name).write_text(text)
            (run / "etc" / Path(inside).name).chmod(0o644)
        if plan.persistent:
            _prepare_overlay(run, network=plan.network == "open")
        with (run / form.RESERVE).open("wb") as reserve:
            os.posix_fallocate(reserve.fileno(), 0, RESERVE_BYTES)
        form.write_whole(str(run / form.SPEC), json.dumps(self._spec(run, plan, bwrap)), durable=False)

    def _spec(self, run: Path, plan: ContainerPlan, bwrap: str | None) -> dict[str, Any]:
        kept = limits.keep(plan.container_id, plan.limits)
        inner_env = sandbox.environment(plan.container_id, plan.env)
        if plan.unsandboxed or bwrap is None:
            inner_env |= {"PARHELIA_AGENT_SOCKET": str(run / form.AGENT_DIRECTORY / form.AGENT_SOCKET)}
            inner_env |= {
                "HOME": str(run / "home"),
                "PATH": f"{run}/home/.local/bin:{os.defpath}:/usr/local/bin",
            }
            argv = ["/usr/bin/setpriv", "--pdeathsig", "KILL", *plan.command]
            options: list[str] = []
        else:
            box = sandbox.Sandbox(
                bwrap=bwrap,
                container_id=plan.container_id,
                run_directory=run,
                workspace=plan.workspace,
                mounts=plan.mounts,
                network=plan.network == "open",
                overlay=plan.persistent,
                system_paths=self._system_paths,
            )
            argv, options = sandbox.command_line(box, plan.command), sandbox.options(box)
        return {
            "version": form.VERSION,
            "container_id": plan.container_id,
            "session_name": plan.session_name,
            "argv": argv,
            "options": options,
            "env": inner_env,
            "cwd": str(plan.workspace) if plan.unsandboxed else "/",
            "sandboxed": not plan.unsandboxed,
            "inner_env": inner_env,
            "inner_cwd": str(plan.workspace) if plan.unsandboxed else sandbox.WORKSPACE,
            "rows": plan.rows,
            "columns": plan.columns,
            "heartbeat_s": self._heartbeat_s,
            "lifetime_s": plan.limits.lifetime_s,
            "grace_s": 5.0,
            "wake_socket": str(self._paths.wake_socket),
            "shim_socket": str(self._paths.shim_socket(plan.container_id)),
            "join_groups": kept.join_groups,
            "rlimits": kept.rlimits,
            "processors": kept.processors,
            "limits": kept.how,
        }

    async def _new_session(
        self, container_id: str, name: str, config: Path, shim: Sequence[str], plan: ContainerPlan | None
    ) -> None:
        columns, rows = (plan.columns, plan.rows) if plan else (120, 40)
        command = [INTERPRETER, "-I", "-S", "-c", BOOT, *shim]
        said = await self._tmux(
            container_id,
            ["new-session", "-d", "-x", str(columns), "-y", str(rows), "-s", name, "--", *command],
            config=config,
            allowed_to_fail=True,
        )
        # "duplicate session": an earlier call, cut off after its effect, has started it already.
        if said and "duplicate session" not in said:
            raise ParheliaError("E602", f"the terminal of {container_id} could not be started: {said}")

    async def _kill_server(self, container_id: str) -> None:
        if _listens(self._paths.tmux_socket(container_id)):
            await self._tmux(container_id, ["kill-server"], allowed_to_fail=True)

    async def _tmux(
        self,
        container_id: str,
        words: Sequence[str],
        *,
        config: Path | None = None,
        allowed_to_fail: bool = False,
    ) -> str:
        """Run one tmux command; gives what it complained of, "" when all was well."""
        program = shutil.which("tmux")
        if program is None:
            raise ParheliaError(
                "E602", "tmux is not installed", recovery=("sudo apt-get install tmux", "parhelia doctor")
            )
        process = await asyncio.create_subprocess_exec(
            program, "-S", str(self._paths.tmux_socket(container_id)), "-f", str(config or os.devnull), *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "TERM": "tmux-256color"},
            cwd="/",
        )  # fmt: skip
        try:
            _, said = await asyncio.wait_for(process.communicate(), TMUX_DEADLINE_S)
        except (TimeoutError, asyncio.CancelledError):
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            raise
        if process.returncode == 0:
            return ""
        return said.decode("utf-8", "replace").strip() or f"tmux ended with {process.returncode}"


def _prepare_overlay(run: Path, *, network: bool) -> None:
    """Lay out what a persistent container's overlays are made of."""
    for layer in ("upper", "work", "merged", "lower"):
        for name in sandbox.MERGED:
            private_directory(run / layer / name).chmod(0o755)
    lower = run / "lower" / "etc"
    for path in etc.shown(network):
        target = lower / path.relative_to("/etc")
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                shutil.copytree(
                    path, target, symlinks=True, ignore_dangling_symlinks=True, dirs_exist_ok=True
                )
            else:
                shutil.copy2(path, target)
    for inside, text in etc.accounts().items():
        (lower / Path(inside).name).write_text(text)
    for name in ("apt", "dpkg"):
        source, target = Path("/etc") / name, lower / name
        if source.is_dir() and not target.exists():
            shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("auth.conf*"))
    for name in ("lib/dpkg", "lib/apt", "cache/apt/archives/partial", "log", "tmp"):
        source, target = Path("/var") / name, run / "lower" / "var" / name
        if name == "lib/dpkg" and source.is_dir() and not target.exists():
            shutil.copytree(source, target, symlinks=True)
        target.mkdir(parents=True, exist_ok=True)


def _listens(path: Path) -> bool:
    """Whether somebody listens at a stream socket; asked by connecting, which costs 20 microseconds."""
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.setblocking(False)
        try:
            connection.connect(str(path))
        except BlockingIOError:
            return True
        except OSError:
            return False
    return True


async def _until(condition: Any, deadline_s: float) -> None:
    end = asyncio.get_running_loop().time() + deadline_s
    while not condition():
        if asyncio.get_running_loop().time() > end:
            raise TimeoutError
        await asyncio.sleep(LOOK_EVERY_S)
