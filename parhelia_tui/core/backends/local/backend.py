"""Containers on this machine: a tmux server each, whose pane is the shim, which runs bubblewrap."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from parhelia_tui.core.backends.base import Capability, Deadline, Listing, Sighting, SpoolRead, TmuxEndpoint
from parhelia_tui.core.backends.local import (
    egress,
    kept,
    plans,
    run_directory,
    shim_client,
    workspaces,
)
from parhelia_tui.core.backends.local.beginning import begun
from parhelia_tui.core.backends.local.ends import Ends
from parhelia_tui.core.backends.local.forks import Forks
from parhelia_tui.core.backends.local.looks import Looks
from parhelia_tui.core.backends.local.panes import FULL, Panes
from parhelia_tui.core.backends.local.spool_reader import read_spool
from parhelia_tui.core.backends.plan import ContainerPlan, EgressPlan
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Image
from parhelia_tui.core.sessions.tmux_config import HISTORY_LINES
from parhelia_tui.core.settings.paths import Paths, private_directory
from parhelia_tui.core.shim import spool
from parhelia_tui.core.shim.output import LOG


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
        self._heartbeat_s = heartbeat_s
        self._system_paths = tuple(system_paths)
        self._creating: dict[str, asyncio.Lock] = {}
        self._ends = Ends(paths)
        self._looks = Looks(paths, self._ends)
        self._panes = Panes(paths, history_lines)
        self._forks = Forks(paths)

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
            if plan.own_system:
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
            await begun(run, await self._start(run, plan), self._ends)
        except OSError as error:
            if error.errno not in FULL:
                raise ParheliaError("E602", f"the run directory cannot be written: {error}") from error
            if not kept.keeps(run):
                # What an earlier container installed must not go because this one found no space.
                await self._ends.clear_away(plan.container_id)
            raise ParheliaError("E507", f"no space is left for {run}") from error

    async def _start(self, run: Path, plan: ContainerPlan) -> int | None:
        """Start the shim: in a pane of its own, or, while others begin as well, as a copy that starts its pane itself.

        Returns:
            The shim's process; None where it was started before.
        """
        session = (plan.container_id, plan.session_name)
        if not plan.unsandboxed and self._forks.pay(len(self._creating)):
            shim = await self._forks.start(run, self._panes.words(*session, plan.rows, plan.columns))
            if shim is not None or run_directory.is_alive(run):
                return shim
        return await self._panes.start(*session, ["run", str(run)], plan.rows, plan.columns)

    async def make_spare(self, container_id: str, like: str, network: str, way: EgressPlan | None) -> None:
        """Nothing is made before it is wanted. Raises E603."""
        raise ParheliaError("E603", "a container here begins at once; none is made before it is wanted")

    def serves(self, container_id: str, network: str, way: EgressPlan | None) -> bool:
        """Nothing is made before it is wanted."""
        return False

    async def end_spare(self, container_id: str) -> bool:
        """Nothing is made before it is wanted."""
        return False

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
        return await self._looks.list()

    async def end_double(self, container_id: str, double: str) -> bool:
        """Nothing here is twice: a run directory has one lock."""
        return False

    async def look(self, container_id: str) -> Sighting | None:
        """Look at one container; of a dead one without an exit record every process is gone afterwards.

        Raises:
            ParheliaError: E501 when such a process cannot be ended, E500 when it cannot be looked at, or when
                its run directory is gone while it lives.
        """
        return await self._looks.look(container_id)

    async def read_spool(self, container_id: str, offset: int) -> SpoolRead:
        """Read what the shim wrote since `offset` (bytes)."""
        return read_spool(self._paths.container(container_id) / spool.NAME, offset)

    async def terminate(self, container_id: str, *, reason: str, grace_s: float) -> None:
        """End a container and its whole process tree, and its tmux server.

        Raises:
            ParheliaError: E501 when something of it does not end.
        """
        await self._ends.terminate(container_id, reason, grace_s)

    async def restore_terminal(self, container_id: str) -> bool:
        """Start a new tmux server for a live container whose server is gone; False where it need not be.

        Raises:
            ParheliaError: E602, E603.
        """
        return await self._panes.restore(container_id)

    async def add_session(self, container_id: str, session_name: str, command: Sequence[str]) -> None:
        """Start a further session in a running container.

        Raises:
            ParheliaError: E100, E203, E507, E602, E603.
        """
        await self._panes.add(container_id, session_name, command)

    async def kill_session(self, container_id: str, session_name: str) -> None:
        """End a further session and the processes in it."""
        await self._panes.kill(container_id, session_name)

    def endpoint(self, container_id: str, session_name: str) -> TmuxEndpoint:
        """Say where a session is attached."""
        return self._panes.endpoint(container_id, session_name)

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

    def left_behind(self, container_id: str) -> str:
        """Everything is here."""
        return ""

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
        await self._ends.remove(container_id)

    async def close(self) -> None:
        """Let go of who makes supervisors; those stay."""
        await self._forks.close()

    async def probe(self) -> Sequence[Capability]:
        """Say what works on this machine, by trying it."""
        from parhelia_tui.core.backends.local.probe import probe

        return await probe(self._system_paths)

    def _prepare(self, run: Path, plan: ContainerPlan) -> None:
        run_directory.prepare(
            run,
            plan.container_id,
            own_system=plan.own_system,
            layer=plan.image,
            network=plan.network == "open",
        )
