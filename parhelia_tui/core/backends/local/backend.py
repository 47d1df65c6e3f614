"""Containers on this machine: a tmux server each, whose pane is the shim, which runs bubblewrap."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from parhelia_tui.core.backends.base import (
    Capability,
    ContainerPlan,
    Deadline,
    Listing,
    Sighting,
    SpoolRead,
    TmuxEndpoint,
)
from parhelia_tui.core.backends.local import (
    egress,
    kept,
    plans,
    run_directory,
    shim_client,
    shim_code,
    tmux,
    workspaces,
)
from parhelia_tui.core.backends.local.spool_reader import read_spool
from parhelia_tui.core.backends.local.sweep import is_there, sweep
from parhelia_tui.core.backends.local.waiting import until
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Image
from parhelia_tui.core.sessions.tmux_config import HISTORY_LINES
from parhelia_tui.core.settings.paths import Paths, private_directory
from parhelia_tui.core.shim import spool
from parhelia_tui.core.shim.output import LOG
from parhelia_tui.core.shim.processes import is_running

START_S = 20.0
LIKELY_S = 0.03
END_S = 10.0
"""Seconds beyond the grace that a shim has for its end, and the kernel for that of its processes."""
_ALMOST_NOTHING = 256 * 1024
_SESSION = re.compile(r"[A-Za-z0-9_-]{1,80}")
_FULL = (errno.ENOSPC, errno.EDQUOT)


class LocalBackend:
    """The backend `local`.

    Args:
        paths: the state directory, below which every container has its run directory.
        heartbeat_s: seconds between two heartbeats.
        system_paths: directories of this machine that containers see, read-only.
        history_lines: what a session keeps for scrolling back.
    """

    name = "local"
    image: Image | None = None

    def __init__(
        self,
        paths: Paths,
        *,
        heartbeat_s: float,
        system_paths: Sequence[str],
        history_lines: int = HISTORY_LINES,
    ) -> None:
        self._paths = paths
        self._history_lines = history_lines
        self._heartbeat_s = heartbeat_s
        self._system_paths = tuple(system_paths)
        self._creating: dict[str, asyncio.Lock] = {}
        self._swept: set[str] = set()

    async def create(self, plan: ContainerPlan) -> None:
        """Start a container; a second call with the same id changes nothing.

        Raises:
            ParheliaError: E100, E204, E507, E602, E603; after E507 nothing of it is left but a kept system.
        """
        lock = self._creating.setdefault(plan.container_id, asyncio.Lock())
        try:
            async with lock:
                await self._create(plan)
        finally:
            if not lock.locked():
                self._creating.pop(plan.container_id, None)

    async def _create(self, plan: ContainerPlan) -> None:
        run = self._paths.container(plan.container_id)
        if run_directory.was_started(run) or run_directory.is_alive(run):
            return
        plans.check(plan)
        workspace = workspaces.checked(plan.workspace, self._paths)
        try:
            private_directory(self._paths.shim_socket(plan.container_id).parent)
            if plan.persistent:
                await asyncio.to_thread(self._prepare, run, plan)
            else:
                self._prepare(run, plan)
            spec = plans.spec_for(
                plan,
                workspace,
                self._paths,
                heartbeat_s=self._heartbeat_s,
                system_paths=self._system_paths,
            )
            run_directory.write_spec(run, spec)
            pane = await self._new_session(
                plan.container_id, plan.session_name, ["run", str(run)], plan.rows, plan.columns
            )
            await self._begun(run, pane)
        except OSError as error:
            if error.errno not in _FULL:
                raise ParheliaError("E602", f"the run directory cannot be written: {error}") from error
            if not kept.keeps(run):
                # What an earlier container installed must not go because this one found no space.
                await self._clear_away(plan.container_id)
            raise ParheliaError("E507", f"no space is left for {run}") from error

    async def take_over(self, container_id: str, earlier: Sequence[str]) -> str | None:
        """Move home and system of an ended persistent container to one that was not created yet.

        Raises:
            ParheliaError: E602 when they cannot be moved.
        """
        run = self._paths.container(container_id)
        try:
            found = kept.take_over(run, [self._paths.container(each) for each in earlier])
        except OSError as error:
            raise ParheliaError("E602", f"the kept system cannot be moved: {error}") from error
        return found.name if found else None

    def keeps_system(self, container_id: str) -> bool:
        """Say whether a persistent container's home and system are in its run directory."""
        return kept.keeps(self._paths.container(container_id))

    async def list(self) -> Listing:
        """Look at every run directory but those of containers that are elsewhere."""
        seen: dict[str, Sighting] = {}
        try:
            with os.scandir(self._paths.containers) as entries:
                names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
            for name in names:
                if (self._paths.container(name) / run_directory.ELSEWHERE).exists():
                    continue
                sighting = await self.look(name)
                if sighting is not None:
                    seen[name] = sighting
        except (OSError, ParheliaError) as error:
            return Listing(seen, complete=False, error=str(error))
        return Listing(seen, complete=True)

    async def look(self, container_id: str) -> Sighting | None:
        """Look at one container; of a dead one without an exit record every process is gone afterwards.

        Raises:
            ParheliaError: E501 when such a process cannot be ended, E500 when it cannot be looked at, or when
                its run directory is gone while it lives.
        """
        run = self._paths.container(container_id)
        if not self._is_there(run):
            # Moved away, or another file system lies over it: what lives is not gone.
            if await asyncio.to_thread(is_there, run):
                raise ParheliaError("E500", f"{run} is gone, but the processes of {container_id} are there")
            return None
        # In this order: a shim takes its lock before it begins, so who has begun and holds none is dead.
        started = run_directory.was_started(run)
        alive = run_directory.is_alive(run)
        record = None if alive else run_directory.exit_of(run)
        if started and not alive and record is None:
            if not self._is_there(run):
                raise ParheliaError("E500", f"{run} went away while it was looked at")
            await self._sweep(container_id)
        return Sighting(
            container_id=container_id,
            alive=alive,
            started=started or alive,
            exit=record,
            terminal=not alive or tmux.answers(self._paths.tmux_socket(container_id)),
        )

    async def read_spool(self, container_id: str, offset: int) -> SpoolRead:
        """Read what the shim wrote since `offset` (bytes)."""
        return read_spool(self._paths.container(container_id) / spool.NAME, offset)

    async def terminate(self, container_id: str, *, reason: str, grace_s: float) -> None:
        """End a container and its whole process tree, and its tmux server.

        Raises:
            ParheliaError: E501 when something of it does not end.
        """
        run = self._paths.container(container_id)
        if not run.is_dir():
            await self._sweep(container_id)
            return
        if not run_directory.is_alive(run):
            # A shim may be about to start in a pane; without its pane it cannot.
            await tmux.end(self._paths.tmux_socket(container_id))
        if run_directory.is_alive(run):
            await self._end_shim(container_id, reason, grace_s)
        await self._sweep(container_id)
        await tmux.end(self._paths.tmux_socket(container_id))

    async def restore_terminal(self, container_id: str) -> bool:
        """Start a new tmux server for a live container whose server is gone; False where it need not be.

        Raises:
            ParheliaError: E602, E603.
        """
        run = self._paths.container(container_id)
        spec = run_directory.spec_of(run)
        if spec is None or not run_directory.is_alive(run):
            return False
        if tmux.answers(self._paths.tmux_socket(container_id)):
            return False
        await self._new_session(container_id, spec.session_name, ["join", str(run)], spec.rows, spec.columns)
        return True

    async def add_session(self, container_id: str, session_name: str, command: Sequence[str]) -> None:
        """Start a further session in a running container.

        Raises:
            ParheliaError: E100, E203, E507, E602, E603.
        """
        run = self._paths.container(container_id)
        spec = run_directory.spec_of(run)
        if spec is None or not run_directory.is_alive(run):
            raise ParheliaError("E203", f"container {container_id} does not run")
        if not _SESSION.fullmatch(session_name):
            raise ParheliaError("E100", f"{session_name!r} cannot be the name of a session")
        plans.check_words(command)
        try:
            run_directory.write_session(run, session_name, command)
        except OSError as error:
            code = "E507" if error.errno in _FULL else "E602"
            raise ParheliaError(code, f"the session cannot be written down: {error.strerror}") from error
        await self._new_session(
            container_id, session_name, ["enter", str(run), session_name], spec.rows, spec.columns
        )

    async def kill_session(self, container_id: str, session_name: str) -> None:
        """End a further session and the processes in it."""
        if _SESSION.fullmatch(session_name):
            await tmux.kill_session(self._paths.tmux_socket(container_id), session_name)

    def endpoint(self, container_id: str, session_name: str) -> TmuxEndpoint:
        """Say where a session is attached."""
        return TmuxEndpoint(self._paths.tmux_socket(container_id), session_name)

    async def tell_kept(self, container_id: str) -> None:
        """Tell an agent that waits before a risky step that its work so far is kept; nothing where none waits."""
        # One that has ended waits for nothing.
        with contextlib.suppress(OSError):
            await shim_client.tell_kept(self._paths.shim_socket(container_id))

    async def answer(self, container_id: str, ask: int, said: Mapping[str, object]) -> str | None:
        """Answer a question with which an agent waits; None where its supervisor does not answer."""
        try:
            return await shim_client.answer(self._paths.shim_socket(container_id), ask, said)
        except OSError:
            return None

    async def give_key(self, container_id: str, value: str) -> bool:
        """Hand over the API's key, which is kept in memory alone; False where nobody takes it now."""
        try:
            await shim_client.order_egress(
                self._paths.shim_socket(container_id), {"op": "key", "value": value}
            )
        except OSError:
            return False
        return True

    async def tell_allowance(self, container_id: str, said: Mapping[str, object]) -> bool:
        """Here every meter asks the book itself."""
        return False

    async def allow(self, container_id: str, hosts: Sequence[str]) -> bool:
        """Let a running container reach these hosts too; False where it reaches none by a list.

        Raises:
            ParheliaError: E500.
        """
        run = self._paths.container(container_id)
        spec = run_directory.spec_of(run)
        if spec is None or spec.egress is None or len(spec.egress["ports"]) < 2:
            return False
        egress.allow(run, hosts)
        # Whoever does not hear it reads it at its next start.
        with contextlib.suppress(OSError):
            await shim_client.order_egress(self._paths.shim_socket(container_id), {"op": "reload"})
        return True

    def spender_is_gone(self, container_id: str) -> bool:
        """Say whether the container's egress process is dead for certain."""
        return egress.is_gone(self._paths.container(container_id))

    def supervisor(self, container_id: str) -> Path:
        """Say where the supervisor of a container listens, which can hold the container still."""
        return self._paths.shim_socket(container_id)

    def deadline(self, container_id: str) -> Deadline | None:
        """This machine lasts."""
        return None

    async def bring_home(self, container_id: str) -> None:
        """Workspace and home are on this machine."""

    def log_path(self, container_id: str) -> Path:
        """Say where the output of the main terminal is kept."""
        return self._paths.container(container_id) / LOG

    async def remove(self, container_id: str) -> None:
        """Forget an ended container: its run directory goes, its workspace stays.

        Raises:
            ParheliaError: E103 while it lives, E500 when its directory cannot be removed.
        """
        run = self._paths.container(container_id)
        if run_directory.is_alive(run):
            raise ParheliaError("E103", f"container {container_id} still runs")
        if run.is_dir():
            await self._sweep(container_id)
        await self._clear_away(container_id)

    async def close(self) -> None:
        """There is nothing to let go of."""

    async def probe(self) -> Sequence[Capability]:
        """Say what works on this machine, by trying it."""
        from parhelia_tui.core.backends.local.probe import probe

        return await probe(self._system_paths)

    def _is_there(self, run: Path) -> bool:
        """Say whether there is a run directory.

        Raises:
            ParheliaError: E500 when nobody can tell: a place that is gone or closed is no evidence.
        """
        try:
            try:
                mode = run.stat(follow_symlinks=False).st_mode
            except FileNotFoundError:
                with os.scandir(run.parent):
                    return False
        except OSError as error:
            raise ParheliaError("E500", f"{run} cannot be looked at: {error.strerror}") from error
        if not stat.S_ISDIR(mode):
            raise ParheliaError("E500", f"{run} is no directory")
        return True

    def _prepare(self, run: Path, plan: ContainerPlan) -> None:
        run_directory.prepare(
            run, plan.container_id, persistent=plan.persistent, network=plan.network == "open"
        )

    async def _new_session(
        self, container_id: str, name: str, shim: Sequence[str], rows: int, columns: int
    ) -> int | None:
        return await tmux.new_session(
            self._paths.tmux_socket(container_id),
            name,
            shim_code.command(private_directory(self._paths.home), *shim),
            home=self._paths.home,
            rows=rows,
            columns=columns,
            history_lines=self._history_lines,
        )

    async def _begun(self, run: Path, pane: int | None) -> None:
        """Wait until the shim has begun with the container, or has said why it cannot.

        Raises:
            ParheliaError: E602.
            OSError: ENOSPC when it ended without a word on a full disk.
        """

        def settled() -> bool:
            return _has_records(run) or (pane is not None and not is_running(pane))

        try:
            # Nothing waits for this but the next that is created; a supervisor takes 10 ms at best.
            await until(settled, START_S, first_s=LIKELY_S)
        except TimeoutError as error:
            await self._abandon(run.name)
            raise ParheliaError("E602", f"the container did not start within {START_S:g} s") from error
        if run_directory.is_alive(run):
            return
        record = run_directory.exit_of(run)
        if record is None and not run_directory.was_started(run):
            space = os.statvfs(run)
            if space.f_bavail * space.f_frsize < _ALMOST_NOTHING or not space.f_favail:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            raise ParheliaError("E602", "the supervisor ended before it could say why")
        if record is not None and record.reason == "start_failed":
            raise ParheliaError("E602", f"the container could not be started: {record.detail}")

    async def _abandon(self, container_id: str) -> None:
        """End what does not come to its start; later it would work for a task that has failed.

        Raises:
            ParheliaError: E501 when it cannot be ended.
        """
        run = self._paths.container(container_id)
        run_directory.kill_shim(run)
        await tmux.end(self._paths.tmux_socket(container_id))
        try:
            await until(lambda: not run_directory.is_alive(run), END_S)
        except TimeoutError as error:
            raise ParheliaError("E501", f"the supervisor of {container_id} does not end") from error
        await self._sweep(container_id)

    async def _end_shim(self, container_id: str, reason: str, grace_s: float) -> None:
        run = self._paths.container(container_id)
        address = self._paths.shim_socket(container_id)
        try:
            # A shim that is starting holds its lock before it listens.
            await until(lambda: address.exists() or not run_directory.is_alive(run), END_S)
            await shim_client.terminate(address, reason, grace_s, grace_s + END_S)
        except (OSError, TimeoutError):
            # It does not answer or does not end. Its own death ends the container just as well.
            run_directory.kill_shim(run)
        try:
            await until(lambda: not run_directory.is_alive(run), END_S)
        except TimeoutError as error:
            raise ParheliaError("E501", f"the supervisor of {container_id} does not end") from error

    async def _sweep(self, container_id: str) -> None:
        if container_id in self._swept:
            return
        if not await asyncio.to_thread(sweep, self._paths.container(container_id)):
            raise ParheliaError("E501", f"a process of container {container_id} cannot be ended")
        if run_directory.was_started(self._paths.container(container_id)):
            # A container starts at most once, so there is nothing to come.
            self._swept.add(container_id)

    async def _clear_away(self, container_id: str) -> None:
        await tmux.end(self._paths.tmux_socket(container_id))
        self._paths.shim_socket(container_id).unlink(missing_ok=True)
        run = self._paths.container(container_id)
        if run.exists():
            await asyncio.to_thread(run_directory.remove, run)
        self._swept.discard(container_id)


def _has_records(run: Path) -> bool:
    try:
        return (run / spool.NAME).stat().st_size > 0
    except FileNotFoundError:
        return False
