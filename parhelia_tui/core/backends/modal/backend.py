"""Containers in sandboxes of Modal: each mirrored in a run directory here, from which everybody else reads."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from parhelia_tui.core.backends.base import (
    Capability,
    ContainerPlan,
    Deadline,
    Listing,
    Sighting,
    SpoolRead,
    SshEndpoint,
)
from parhelia_tui.core.backends.local import egress as local_egress
from parhelia_tui.core.backends.local import run_directory
from parhelia_tui.core.backends.local.plans import check_words
from parhelia_tui.core.backends.local.spool_reader import read_spool
from parhelia_tui.core.backends.modal import egress, freight, keys, plans, records, shim_file
from parhelia_tui.core.backends.modal.provider import (
    CLAUDE,
    PYTHON,
    RUN,
    SSH_PORT,
    Provider,
    Wanted,
    term_of,
)
from parhelia_tui.core.backends.modal.records import SandboxRecord
from parhelia_tui.core.backends.modal.sandboxes import CONTAINER_TAG, INSTALLATION_TAG, Sandboxes
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Image, Program
from parhelia_tui.core.sessions.tmux_config import HISTORY_LINES
from parhelia_tui.core.settings.config_backends import ModalConfig
from parhelia_tui.core.settings.paths import Paths, private_directory
from parhelia_tui.core.shim import elsewhere, handing, spool
from parhelia_tui.core.shim.output import LOG

FETCH_S = 300.0
"""Seconds that the results of an ended container may take to come down."""
_SESSION = re.compile(r"[A-Za-z0-9_-]{1,80}")


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
        self._heartbeat_s = heartbeat_s
        self._history_lines = history_lines
        self._provider = Provider(paths, config)
        self._sandboxes = Sandboxes(paths, config, self._provider)
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
                    await self._create(plan, run, record)
                except OSError as error:
                    raise ParheliaError("E507", f"{run} cannot be written: {error.strerror}") from error
        finally:
            if not lock.locked():
                self._creating.pop(plan.container_id, None)

    async def _create(self, plan: ContainerPlan, run: Path, record: SandboxRecord | None) -> None:
        archive = run / "up.tgz"
        cargo = await asyncio.to_thread(self._pack, plan, run, archive)
        folder = f"workspaces/{plan.container_id}" if cargo else ""
        mark = records.installation(self._paths, make=True)
        known = record is not None
        if record is None:
            term, now = term_of(plan.limits, self._config), time.time()
            ends_at = now + term.seconds if term.is_short else 0.0
            record = SandboxRecord("", str(plan.workspace), False, now, ends_at)
            records.write(run, record)
        tags = {INSTALLATION_TAG: mark, CONTAINER_TAG: plan.container_id}
        # Before its record there was no call; should there be one of the name even so, `create` finds it.
        sandbox = await self._sandboxes.find(plan.container_id) if known else None
        if sandbox is None:
            let_out = egress.let_out(plan.network, egress.settings_in(run))
            if cargo:
                # First: a sandbox sees the volume as it was when it was made.
                await self._provider.put_cargo(folder, cargo)
            wanted = Wanted(plan.container_id, tags, plan.limits, let_out, folder)
            sandbox = await self._provider.create(wanted)
        code, wrong = await self._sandboxes.bring(plan.container_id, sandbox, archive)
        if code not in (0, handing.ALREADY):
            if cargo:
                # Nothing of the workspace stays at the provider; why it failed counts for more than that.
                with contextlib.suppress(ParheliaError):
                    await self._provider.drop_cargo(folder)
            raise ParheliaError("E602", f"the sandbox could not unpack the workspace: {wrong.strip()[-300:]}")
        if cargo:
            await self._provider.drop_cargo(folder)
            cargo.unlink(missing_ok=True)
        # Until now it was found by its name. Where its tunnel is may have been written down meanwhile.
        noted = records.read(run) or record
        records.write(run, dataclasses.replace(noted, object_id=sandbox.object_id, brought=True))
        archive.unlink(missing_ok=True)
        keys.forget_host_key(run)

    def _pack(self, plan: ContainerPlan, run: Path, archive: Path) -> Path | None:
        """Pack what goes up, and give the archive of a workspace that is too large to go with the rest."""
        large = freight.is_large(plan.workspace, self._config.workspace_mb << 20)
        keys.make(run, plan.container_id)
        way = egress.prepare(plan, self._paths)
        freight.pack(
            archive,
            workspace=None if large else plan.workspace,
            home=private_directory(run / "home"),
            mounts=list(plan.mounts),
            run_files={
                **keys.run_files(run, RUN, SSH_PORT),
                **plans.run_files(
                    plan, self._config, way, heartbeat_s=self._heartbeat_s, history_lines=self._history_lines
                ),
            },
        )
        if not large:
            return None
        cargo = run / "cargo.tgz"
        freight.pack_workspace(cargo, plan.workspace)
        return cargo

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
        if exit is not None or not record.brought:
            return Sighting(container_id, alive=False, started=record.brought, exit=exit)
        follower = self._sandboxes.follow(container_id)
        if follower.is_fresh:
            return Sighting(container_id, alive=True, started=True, exit=None)
        sandbox = await self._provider.by_id(record.object_id)
        if sandbox is None:
            return None
        alive = await self._provider.is_running(sandbox)
        return Sighting(container_id, alive=alive, started=True, exit=run_directory.exit_of(run))

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
        if record is not None and record.brought:
            with contextlib.suppress(Exception):
                # One that does not answer any more is ended with its sandbox.
                await self._sandboxes.tell(sandbox, {"op": "terminate", "reason": reason, "grace_s": grace_s})
                await asyncio.wait_for(self._sandboxes.follow(container_id).ended(), grace_s + FETCH_S)
        await self._sandboxes.end(sandbox)
        self._sandboxes.forget(container_id)

    async def restore_terminal(self, container_id: str) -> bool:
        """The sandbox sees to its terminal server by itself."""
        return False

    async def add_session(self, container_id: str, session_name: str, command: Sequence[str]) -> None:
        """Start a further session in a running container. Raises E100, E203, E503, E602."""
        if not _SESSION.fullmatch(session_name):
            raise ParheliaError("E100", f"{session_name!r} cannot be the name of a session")
        check_words(command)
        sandbox = await self._sandboxes.living(container_id)
        given = json.dumps({"command": [*plans.AS_AGENT, *command]}).encode()
        code, _, wrong = await self._sandboxes.run(
            sandbox, shim_file.words("session", RUN, session_name), given
        )
        if code != 0:
            raise ParheliaError("E602", f"the session could not be started: {wrong.strip()[-200:]}")

    async def kill_session(self, container_id: str, session_name: str) -> None:
        """End a further session and the processes in it."""
        if _SESSION.fullmatch(session_name):
            sandbox = await self._sandboxes.living(container_id)
            await self._sandboxes.run(sandbox, shim_file.words("end-session", RUN, session_name))

    async def tell_kept(self, container_id: str) -> None:
        """Tell an agent that waits before a risky step that its work so far is kept; nothing where none waits."""
        with contextlib.suppress(ParheliaError):
            await self._sandboxes.tell(await self._sandboxes.living(container_id), {"op": "kept"})

    async def answer(self, container_id: str, ask: int, said: Mapping[str, object]) -> str | None:
        """Answer a question with which an agent waits; None where it could not be asked."""
        try:
            sandbox = await self._sandboxes.living(container_id)
            return str(
                (await self._sandboxes.tell(sandbox, {"op": "answer", "ask": ask, **said}))["decision"]
            )
        except ParheliaError:
            return None

    async def give_key(self, container_id: str, value: str) -> bool:
        """Hand over the API's key by the private input of a command, to the memory of the supervisor alone."""
        run = self._paths.container(container_id)
        if egress.settings_in(run) is None:
            return False
        return await self._order_egress(container_id, await egress.key_order(run, value))

    async def tell_allowance(self, container_id: str, said: Mapping[str, object]) -> bool:
        """Tell the meter of a sandbox what it may spend; False where it could not be told."""
        return await self._order_egress(container_id, {"op": "allowance", **said})

    async def allow(self, container_id: str, hosts: Sequence[str]) -> bool:
        """Let a running sandbox reach these hosts too, by its own proxy and by the provider.

        Raises:
            ParheliaError: E500, E503.
        """
        run = self._paths.container(container_id)
        if not local_egress.allow(run, hosts):
            return False
        found = egress.let_out("allowlist", egress.settings_in(run))
        sandbox = await self._sandboxes.living(container_id)
        if found is not None:
            await self._provider.let_out(sandbox, *found)
        return await self._order_egress(container_id, {"op": "allow", "hosts": list(hosts)})

    async def _order_egress(self, container_id: str, line: Mapping[str, object]) -> bool:
        try:
            sandbox = await self._sandboxes.living(container_id)
            await self._sandboxes.tell(sandbox, {"op": "egress", "line": dict(line)})
        except ParheliaError:
            # It is not there yet, or not any more; who orders looks again.
            return False
        return True

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
        """Forget an ended container: its run directory here goes, its workspace stays.

        Raises:
            ParheliaError: E103 while its sandbox runs, E500, E503.
        """
        if await self._sandboxes.find(container_id) is not None:
            raise ParheliaError("E103", f"the sandbox of {container_id} still runs")
        run = self._paths.container(container_id)
        if run.exists():
            await asyncio.to_thread(run_directory.remove, run)
        self._sandboxes.forget(container_id)

    async def probe(self) -> Sequence[Capability]:
        """Say what of Modal can be used here, by trying it."""
        from parhelia_tui.core.backends.modal.probe import probe

        return await probe(self._provider)

    async def set_up(self) -> dict[str, str]:
        """Open the app and build the image; safe to repeat.

        Returns:
            What there is now, by name.

        Raises:
            ParheliaError: E503.
        """
        from parhelia_tui.core.backends.modal.probe import need_account

        need_account()
        mark = records.installation(self._paths, make=True)
        return {"installation": mark, **await self._provider.set_up()}

    async def list(self) -> Listing:
        """Look at every sandbox that carries the mark of this state directory, and at what is mirrored here."""
        try:
            known = await asyncio.to_thread(records.all_of, self._paths)
            running = await self._sandboxes.running({each.object_id: name for name, each in known.items()})
        except FileNotFoundError:
            return Listing({}, complete=True)
        except (OSError, ParheliaError) as error:
            return Listing({}, complete=False, error=str(error))
        seen = {name: Sighting(name, alive=True, started=True, exit=None) for name in running}
        for name, record in known.items():
            if name not in seen:
                exit = run_directory.exit_of(self._paths.container(name))
                seen[name] = Sighting(name, alive=False, started=record.brought, exit=exit)
        return Listing(seen, complete=True)
