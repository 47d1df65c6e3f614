"""Containers in sandboxes of Modal: each mirrored in a run directory here, from which everybody else reads."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from parhelia_tui.core.backends.base import (
    UNMADE,
    Capability,
    Deadline,
    Listing,
    Sighting,
    SpoolRead,
    SshEndpoint,
)
from parhelia_tui.core.backends.local import run_directory
from parhelia_tui.core.backends.local.spool_reader import read_spool
from parhelia_tui.core.backends.modal import keys, plans, records
from parhelia_tui.core.backends.modal.account import CLAUDE, PYTHON
from parhelia_tui.core.backends.modal.drift import Drift
from parhelia_tui.core.backends.modal.follower import Follower
from parhelia_tui.core.backends.modal.listing import Lister
from parhelia_tui.core.backends.modal.making import Maker
from parhelia_tui.core.backends.modal.orders import Orders
from parhelia_tui.core.backends.modal.provider import RUN, Provider
from parhelia_tui.core.backends.modal.sandboxes import Sandboxes
from parhelia_tui.core.backends.plan import ContainerPlan, EgressPlan
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Image, Program
from parhelia_tui.core.sessions.tmux_config import HISTORY_LINES
from parhelia_tui.core.settings.config_backends import ModalConfig
from parhelia_tui.core.settings.paths import Paths, private_directory
from parhelia_tui.core.shim import elsewhere, spool
from parhelia_tui.core.shim.output import LOG

FETCH_S = 300.0
"""Seconds within which a container that was told to end has to be on its way home."""
LAST_WORDS_S = 6.0
"""Seconds in which one whose supervisor does not answer may still be told of as ended, as by the keeper."""


class ModalBackend:
    """The backend `modal`.

    Args:
        paths: the state directory.
        config: of this backend.
        heartbeat_s: seconds between two heartbeats.
        history_lines: what a session keeps for scrolling back.
    """

    name = "modal"

    def __init__(
        self,
        paths: Paths,
        config: ModalConfig,
        *,
        heartbeat_s: float,
        history_lines: int = HISTORY_LINES,
    ) -> None:
        self._paths = paths
        self._config = config
        self._provider = Provider(paths, config)
        self._sandboxes = Sandboxes(paths, config, self._provider)
        self._maker = Maker(
            paths,
            config,
            self._provider,
            self._sandboxes,
            heartbeat_s=heartbeat_s,
            history_lines=history_lines,
        )
        self._orders = Orders(paths, self._provider, self._sandboxes)
        self._drift = Drift(self._provider, config.app)
        self._lister = Lister(paths, self._sandboxes, self._drift)
        self._creating: dict[str, asyncio.Lock] = {}

    @property
    def image(self) -> Image:
        """What the image holds."""
        version = self._config.claude_version
        claude = {"claude": Program(f"{CLAUDE}/bin/claude", version)} if version else {}
        return Image(PYTHON, claude)

    async def close(self) -> None:
        """Stop following; the containers go on."""
        await self._sandboxes.close()

    async def create(self, plan: ContainerPlan) -> None:
        """Start a container; a second call with the same id changes nothing.

        Raises:
            ParheliaError: E100, E503, E507, E602, E603.
        """
        lock = self._creating.setdefault(plan.container_id, asyncio.Lock())
        try:
            async with lock:
                plans.check(plan)
                run = private_directory(self._paths.container(plan.container_id))
                record = records.read(run)
                if record is not None and record.brought:
                    return
                try:
                    await self._maker.make(plan, run, record)
                except OSError as error:
                    raise ParheliaError("E507", f"{run} cannot be written: {error.strerror}") from error
        except ParheliaError as error:
            if records.read(self._paths.container(plan.container_id)) is None:
                # Nobody asks for a sandbox before its record is written.
                error.details[UNMADE] = True
            raise
        finally:
            if not lock.locked():
                self._creating.pop(plan.container_id, None)

    async def make_spare(self, container_id: str, like: str, network: str, way: EgressPlan | None) -> None:
        """Make a sandbox for a container that is not known yet. Raises E203, E503, E507."""
        try:
            await self._maker.make_spare(container_id, like, network, way)
        except OSError as error:
            raise ParheliaError("E507", f"the run directory cannot be written: {error.strerror}") from error

    def serves(self, container_id: str, network: str, way: EgressPlan | None) -> bool:
        """Say whether a container of this id would be brought to the spare; True where nobody can tell."""
        try:
            return self._maker.serves(container_id, network, way)
        except (OSError, ParheliaError):
            # Whoever takes it looks again.
            return True

    async def end_spare(self, container_id: str) -> bool:
        """End the sandbox of a spare; False where it does not run any more. Raises E503."""
        sandbox = await self._sandboxes.find(container_id)
        if sandbox is None:
            return False
        await self._sandboxes.end(sandbox)
        self._sandboxes.forget(container_id)
        return True

    async def take_over(self, container_id: str, earlier: Sequence[str]) -> str | None:
        """Nothing outlives a sandbox but its results."""
        return None

    def keeps_system(self, container_id: str) -> bool:
        """Nothing outlives a sandbox but its results."""
        return False

    async def look(self, container_id: str) -> Sighting | None:
        """Look at one container; the provider is only asked where nothing was heard of it lately.

        Raises:
            ParheliaError: E503 when the provider does not tell.
        """
        run = self._paths.container(container_id)
        record = records.read(run)
        if record is None:
            return await self._look_abroad(container_id)
        exit = run_directory.exit_of(run)
        begun = records.has_begun(run, record)
        if exit is not None or not begun:
            return Sighting(container_id, alive=False, started=begun, exit=exit)
        if not record.brought:
            sandbox = await self._sandboxes.find(container_id)
            if sandbox is None:
                return Sighting(container_id, alive=False, started=True, exit=None)
            record = records.note_brought(run, record, sandbox.object_id)
        follower = self._sandboxes.follow(container_id)
        if follower.is_fresh:
            return _living(container_id, follower)
        sandbox = await self._provider.by_id(record.object_id)
        alive = sandbox is not None and await self._provider.is_running(sandbox)
        if not alive and self._sandboxes.is_fetching(container_id):
            # All that it left is on its way, and its end is told after that.
            return _living(container_id, follower)
        if alive:
            follower.try_now()
            return dataclasses.replace(_living(container_id, follower), exit=run_directory.exit_of(run))
        follower.tell_gone()
        exit = run_directory.exit_of(run)
        if sandbox is None and exit is None:
            return None
        return Sighting(container_id, alive=False, started=True, exit=exit, heard=follower.listens)

    async def _look_abroad(self, container_id: str) -> Sighting | None:
        """Look at one of which nothing is written down here: an orphan, or one that is still to be made."""
        if not await self._sandboxes.is_listed(container_id):
            return None
        return Sighting(container_id, alive=True, started=True, exit=None)

    async def read_spool(self, container_id: str, offset: int) -> SpoolRead:
        """Read what is mirrored of the spool since `offset` (bytes)."""
        run = self._paths.container(container_id)
        record = records.read(run)
        if record is not None and record.brought and run_directory.exit_of(run) is None:
            self._sandboxes.follow(container_id)
        return read_spool(run / spool.NAME, offset)

    async def terminate(self, container_id: str, *, reason: str, grace_s: float) -> None:
        """End a container, fetch what it leaves, and end its sandbox.

        Raises:
            ParheliaError: E503 when the sandbox could not be ended.
        """
        sandbox = await self._sandboxes.find(container_id)
        if sandbox is None:
            return
        run = self._paths.container(container_id)
        record = records.read(run)
        if record is not None and records.has_begun(run, record):
            with contextlib.suppress(ParheliaError):
                # A full disk here is no reason to let it run.
                records.note_brought(run, record, sandbox.object_id)
            asked = {"op": "terminate", "reason": reason, "grace_s": grace_s}
            await self._come_home(container_id, sandbox, asked, grace_s)
        await self._sandboxes.end(sandbox)
        self._sandboxes.forget(container_id)

    async def _come_home(
        self, container_id: str, sandbox: Any, asked: Mapping[str, object], grace_s: float
    ) -> None:
        """Tell a container to end and have its work here, as far as its sandbox answers; that is ended afterwards."""
        most_s = grace_s + FETCH_S
        try:
            await self._sandboxes.tell(sandbox, asked)
        except ParheliaError:
            # One that has ended has no supervisor any more, and is on its way.
            if not self._sandboxes.follow(container_id).knows_end:
                most_s = LAST_WORDS_S
        await self._sandboxes.until_home(container_id, most_s)
        if run_directory.exit_of(self._paths.container(container_id)) is None:
            with contextlib.suppress(Exception):
                # Its supervisor hangs, but what it worked out can be read without it.
                await self._sandboxes.fetch(container_id, sandbox)

    async def restore_terminal(self, container_id: str) -> bool:
        """The sandbox sees to its terminal server by itself."""
        return False

    async def add_session(self, container_id: str, session_name: str, command: Sequence[str]) -> None:
        """Start a further session in a running container. Raises E100, E203, E503, E602."""
        await self._orders.add_session(container_id, session_name, command)

    async def kill_session(self, container_id: str, session_name: str) -> None:
        """End a further session and the processes in it."""
        await self._orders.kill_session(container_id, session_name)

    async def tell_kept(self, container_id: str) -> None:
        """Tell an agent that waits before a risky step that its work so far is kept."""
        await self._orders.tell_kept(container_id)

    async def answer(self, container_id: str, ask: int, said: Mapping[str, object]) -> str | None:
        """Answer a question with which an agent waits; None where it could not be asked."""
        return await self._orders.answer(container_id, ask, said)

    async def give_key(self, container_id: str, value: str) -> bool:
        """Hand over the API's key; False where nobody takes it now."""
        return await self._orders.give_key(container_id, value)

    async def tell_allowance(self, container_id: str, said: Mapping[str, object]) -> bool:
        """Tell the meter of a sandbox what it may spend; False where it could not be told."""
        return await self._orders.tell_allowance(container_id, said)

    async def allow(self, container_id: str, hosts: Sequence[str]) -> bool:
        """Let a running sandbox reach these hosts too. Raises E500, E503."""
        return await self._orders.allow(container_id, hosts)

    def spender_is_gone(self, container_id: str) -> bool:
        """A sandbox has nothing set aside in the book but its allowance, which is closed with its end."""
        return True

    def supervisor(self, container_id: str) -> Path | None:
        """Nobody here can hold a sandbox still."""
        return None

    def deadline(self, container_id: str) -> Deadline | None:
        """Say when its sandbox is gone, where its container could go on."""
        record = records.read(self._paths.container(container_id))
        if record is None or not record.ends_at:
            return None
        return Deadline(record.ends_at - self._config.renew_before_s, record.ends_at)

    def left_behind(self, container_id: str) -> str:
        """Say what has to be done so that the results of an ended container come; empty for nothing."""
        return self._sandboxes.left_behind(container_id)

    async def bring_home(self, container_id: str) -> None:
        """Bring workspace and home of a running container to this machine as they are now. Raises E203, E503."""
        await self._sandboxes.fetch(container_id, await self._sandboxes.living(container_id))

    def endpoint(self, container_id: str, session_name: str) -> SshEndpoint:
        """Say where a session is attached. Raises E601 as long as its tunnel is not known."""
        run = self._paths.container(container_id)
        record = records.read(run)
        if record is None or not record.port:
            raise ParheliaError(
                "E601",
                f"the tunnel of {container_id} is not there yet",
                recovery=(f"parhelia attach {session_name}", "parhelia container list"),
            )
        return SshEndpoint(
            host=record.host,
            port=record.port,
            user="root",
            key=run / keys.FOLDER / keys.CLIENT_KEY,
            known_hosts=run / keys.FOLDER / keys.KNOWN_HOSTS,
            alias=container_id,
            socket=f"{RUN}/{elsewhere.TMUX_SOCKET}",
            session=session_name,
        )

    def log_path(self, container_id: str) -> Path:
        """Say where the mirror of the output is."""
        return self._paths.container(container_id) / LOG

    async def remove(self, container_id: str) -> None:
        """Forget an ended container: its run directory here goes, and what is left of it on the volume; its workspace stays.

        Raises:
            ParheliaError: E103 while its sandbox runs, E500, E503.
        """
        if await self._sandboxes.find(container_id) is not None:
            raise ParheliaError("E103", f"the sandbox of {container_id} still runs")
        run = self._paths.container(container_id)
        record = records.read(run)
        if record is not None and record.cargo:
            await self._provider.clear(record.cargo)
        if run.exists():
            await asyncio.to_thread(run_directory.remove, run)
        self._sandboxes.forget(container_id)

    async def probe(self) -> Sequence[Capability]:
        """Say what of Modal can be used here, by trying it."""
        from parhelia_tui.core.backends.modal.probe import probe

        return await probe(self._provider)

    async def set_up(self, key: str) -> dict[str, str]:
        """Open the app, build the image, lay out the volume and keep the key as a secret; safe to repeat.

        Args:
            key: the API's key; empty for none.

        Returns:
            What there is now, by name.

        Raises:
            ParheliaError: E503.
        """
        from parhelia_tui.core.backends.modal.setting_up import set_up

        return await set_up(self._paths, self._config, self._provider, key)

    async def check(self) -> dict[str, object]:
        """Make a sandbox, look at what there is in it for a container, and end it.

        Raises:
            ParheliaError: E503 where it is not there.
        """
        from parhelia_tui.core.backends.modal.setting_up import check

        return await check(self._paths, self._config, self._provider, self._sandboxes)

    async def list(self) -> Listing:
        """Look at every sandbox that carries the mark of this state directory, and at what is mirrored here."""
        return await self._lister.every()

    async def end_double(self, container_id: str, double: str) -> bool:
        """End a sandbox that carries the tags of a container and is not its own. Raises E500, E503."""
        record = records.read(self._paths.container(container_id))
        mark = records.installation(self._paths, make=False)
        if record is None or not mark:
            return False
        return await self._drift.end_double(container_id, double, record, mark)


def _living(container_id: str, follower: Follower) -> Sighting:
    """Tell of a container whose sandbox lives."""
    return Sighting(
        container_id, alive=True, started=True, exit=None, heard=follower.listens, step=follower.step
    )
