"""Making a sandbox and bringing its container to it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parhelia_tui.core.backends.base import MAY_PASS, NO_ROOM, UNMADE, UNSURE
from parhelia_tui.core.backends.modal import egress, forms, freight, keys, plans, records, stock
from parhelia_tui.core.backends.modal.cargo import PLUGINS, WORKSPACES, Cargo
from parhelia_tui.core.backends.modal.drift import CONTAINER_TAG, INSTALLATION_TAG
from parhelia_tui.core.backends.modal.provider import BEGIN_S, RUN, SSH_PORT, Provider, Wanted, term_of
from parhelia_tui.core.backends.modal.records import SandboxRecord
from parhelia_tui.core.backends.modal.sandboxes import Sandboxes
from parhelia_tui.core.backends.modal.trouble import may_pass
from parhelia_tui.core.backends.plan import ContainerPlan, EgressPlan
from parhelia_tui.core.backends.steps import tell
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Limits
from parhelia_tui.core.model.spares import KEPT_S
from parhelia_tui.core.settings.config_backends import ModalConfig
from parhelia_tui.core.settings.paths import Paths, private_directory
from parhelia_tui.core.shim import elsewhere, handing

ARCHIVE = "up.tgz"
HASTE_S = 120.0
"""Seconds that have to be left of the time for which a sandbox waits by itself, to bring something to it."""

logger = logging.getLogger("parhelia.controller.modal")


@dataclass(frozen=True, slots=True)
class _Freight:
    """What goes to a sandbox.

    Args:
        home: of its agent, here.
        cargo: what goes by the volume; None for nothing.
        way: by what it reaches others; None for nothing.
    """

    home: Path
    cargo: Cargo | None
    way: egress.Way | None


class Maker:
    """Makes sandboxes.

    Args:
        paths: the state directory.
        config: of this backend.
        provider, sandboxes: where they are made and found.
        heartbeat_s: seconds between two heartbeats.
        history_lines: what a session keeps for scrolling back.
    """

    def __init__(
        self,
        paths: Paths,
        config: ModalConfig,
        provider: Provider,
        sandboxes: Sandboxes,
        *,
        heartbeat_s: float,
        history_lines: int,
    ) -> None:
        self._paths = paths
        self._config = config
        self._provider = provider
        self._sandboxes = sandboxes
        self._heartbeat_s = heartbeat_s
        self._history_lines = history_lines

    async def make(self, plan: ContainerPlan, run: Path, record: SandboxRecord | None) -> None:
        """Make the sandbox of a container where there is none, and bring the container to it.

        Args:
            run: its run directory here.
            record: what is known of its sandbox already.

        Raises:
            ParheliaError: E203 where it is not wanted any more, E503, E602, E603.
            OSError: the disk is full.
        """
        secret = self._secret() if plan.egress is not None else ""
        cargo = None
        try:
            tell("packing for the sandbox")
            going = await asyncio.to_thread(self._prepare, plan, run, secret)
            cargo = going.cargo
            await self._bring(plan, run, record, going, secret)
        except Exception as error:
            # It is not made again. Where this controller is stopped instead, the next one makes it from the same, and
            # so does this one where nobody answered.
            if isinstance(error, ParheliaError) and UNSURE in error.details:
                raise
            spoiled = isinstance(error, ParheliaError) and error.code == "E602"
            if record is not None and record.is_spare:
                await self._end_unused(plan.container_id, run)
            await self._clear(plan.container_id, run, cargo, well=not spoiled)
            raise
        await self._clear(plan.container_id, run, cargo, well=True)

    async def _bring(
        self, plan: ContainerPlan, run: Path, record: SandboxRecord | None, going: _Freight, secret: str
    ) -> None:
        """Make a sandbox and bring it what was prepared. Raises E203, E503, E602, OSError."""
        cargo = going.cargo
        is_spare = record is not None and record.is_spare
        wanted = self._wanted(plan, cargo, secret)
        archive = run / ARCHIVE
        # While the provider makes it: what is packed goes up afterwards.
        packing = asyncio.create_task(asyncio.to_thread(self._pack, plan, run, archive, going))
        try:
            sandbox, record, is_new = await self._sandbox_for(plan, run, record, wanted, cargo)
        finally:
            await asyncio.wait([packing])
            why = packing.exception()
        if why is not None:
            # In one that was there an agent may be at work already: it was brought, and nobody could write that down.
            if is_new:
                await self._give_up(sandbox)
            raise why
        if not plan.is_wanted():
            # The provider may have taken minutes. Nothing has begun, and nothing is to begin.
            if is_new:
                await self._give_up(sandbox)
            raise ParheliaError("E203", "it was not wanted any more when its sandbox was there")
        try:
            tell("waiting for the sandbox to begin")
            code, wrong = await self._sandboxes.bring(plan.container_id, sandbox, archive)
            if code not in (0, handing.ALREADY):
                raise ParheliaError(
                    "E602", f"the sandbox could not unpack the workspace: {wrong.strip()[-300:]}"
                )
        except ParheliaError as error:
            if may_pass(error.__cause__):
                self._note_tried(run, record)
                error.details[UNSURE] = True
            # One of which something was heard goes on, though it is not known that all of it arrived.
            elif not records.has_begun(run, record):
                await self._give_up(sandbox)
                if is_spare and error.code == "E503":
                    # It had waited too long, or was lost: no fault of its task, which gets another one.
                    error.details[UNMADE] = error.details[MAY_PASS] = True
            raise
        # At once: its agent works, and whoever finds it unbrought would take it for lost. Until now it was found by
        # its name. Where its tunnel is may have been written down meanwhile.
        noted = records.read(run) or record
        alike = wanted if cargo is None or cargo.is_kept else dataclasses.replace(wanted, cargo="")
        form = self._form(alike)
        records.write(run, dataclasses.replace(noted, object_id=sandbox.object_id, brought=True, form=form))

    async def _sandbox_for(
        self,
        plan: ContainerPlan,
        run: Path,
        record: SandboxRecord | None,
        wanted: Wanted,
        cargo: Cargo | None,
    ) -> tuple[Any, SandboxRecord, bool]:
        """Find the sandbox of a container, or make it.

        Returns:
            The sandbox, its record, and whether no container can have been brought to it yet.

        Raises:
            ParheliaError: E503.
            OSError: the disk is full.
        """
        is_spare, may_have_begun = record is not None and record.is_spare, record is not None and record.tried
        try:
            # Before its record there was no call; should there be one of the name even so, `create` finds it.
            found = await self._sandboxes.find(plan.container_id) if record is not None else None
            if found is None and may_have_begun:
                raise ParheliaError(
                    "E503",
                    "nobody answered while its container was brought, and its sandbox is gone: it may have begun there",
                )
            if is_spare and (found is None or not self._is_alike(record, wanted)):
                # It has ended, or what is wanted changed after it was made.
                if found is not None:
                    await self._sandboxes.end(found)
                found = record = None
            # Only now: until it was compared, it stays one that has to be.
            noted = self._note(plan, run, record, cargo)
            return found or await self._create(wanted, cargo), noted, found is None or is_spare
        except ParheliaError as error:
            if not may_have_begun:
                error.details[UNMADE] = True
            if NO_ROOM not in error.details and may_pass(error.__cause__):
                error.details[UNSURE if may_have_begun else MAY_PASS] = True
            raise

    def _is_alike(self, record: SandboxRecord | None, wanted: Wanted) -> bool:
        """Say whether a sandbox that would be made now would be as that of a record is, which has time left to wait."""
        if record is None or time.time() > record.created_at + BEGIN_S - HASTE_S:
            return False
        return record.form == self._form(wanted)

    def _form(self, wanted: Wanted) -> str:
        """Put into words how a sandbox is made from here now."""
        return forms.text(wanted, f"{self._provider.mark} {records.secret_mark(self._paths)}")

    async def make_spare(self, container_id: str, like: str, network: str, way: EgressPlan | None) -> None:
        """Make a sandbox for a container that is not known yet.

        Args:
            container_id: the id that the container is going to have.
            like: the container whose sandbox it is to be like.
            network, way: what a container like that one would have now.

        Raises:
            ParheliaError: E203 where it is not known how that was made, E503.
            OSError: the disk is full.
        """
        pattern = records.read(self._paths.container(like))
        try:
            wanted = self._again(pattern.form if pattern else "", container_id, network, way)
        except (ValueError, KeyError, TypeError) as error:
            raise ParheliaError("E203", f"it is not known how the sandbox of {like} was made") from error
        if wanted.cargo and not await self._provider.has_cargo(wanted.cargo):
            raise ParheliaError("E203", f"{wanted.cargo} is on the volume no more")
        form = self._form(wanted)
        run = private_directory(self._paths.container(container_id))
        record = dataclasses.replace(self._fresh("", wanted.limits), form=form, is_spare=True)
        records.write(run, record)
        sandbox = await self._provider.create(dataclasses.replace(wanted, waits_s=KEPT_S))
        records.write(run, dataclasses.replace(record, object_id=sandbox.object_id))

    def serves(self, container_id: str, network: str, way: EgressPlan | None) -> bool:
        """Say whether a container would be brought to its spare now; see `Backend.serves`. Raises E500, OSError."""
        record = records.read(self._paths.container(container_id))
        try:
            wanted = self._again(record.form if record else "", container_id, network, way)
        except (ValueError, KeyError, TypeError):
            return False
        return self._is_alike(record, wanted)

    def _again(self, form: str, container_id: str, network: str, way: EgressPlan | None) -> Wanted:
        """Say what would be made now where a sandbox of a form was. Raises ValueError, KeyError, TypeError for no form."""
        secret = self._secret() if way is not None else ""
        wanted = forms.wanted(form, container_id, self._tags(container_id))
        return dataclasses.replace(wanted, let_out=egress.let_out(network, way), secret=secret)

    def _tags(self, container_id: str) -> dict[str, str]:
        return {
            INSTALLATION_TAG: records.installation(self._paths, make=True),
            CONTAINER_TAG: container_id,
        }

    def _fresh(self, workspace: str, limits: Limits) -> SandboxRecord:
        """The record of a sandbox that is going to be made now."""
        term, now = term_of(limits, self._config), time.time()
        return SandboxRecord("", workspace, False, now, now + term.seconds if term.is_short else 0.0)

    def _note(
        self, plan: ContainerPlan, run: Path, record: SandboxRecord | None, cargo: Cargo | None
    ) -> SandboxRecord:
        """Write down that a sandbox is going to be made, and what will lie on the volume for it. Raises OSError."""
        folder = cargo.folder if cargo and not cargo.is_kept else ""
        if record is None:
            record = dataclasses.replace(self._fresh(str(plan.workspace), plan.limits), cargo=folder)
        elif record.is_spare:
            record = dataclasses.replace(record, workspace=str(plan.workspace), cargo=folder, is_spare=False)
        elif folder in ("", record.cargo):
            return record
        else:
            record = dataclasses.replace(record, cargo=folder)
        records.write(run, record)
        return record

    def _note_tried(self, run: Path, record: SandboxRecord) -> None:
        """Write down that a container may have been brought: should its sandbox be gone, it must not begin twice."""
        noted = records.read(run) or record
        if not noted.tried:
            records.write(run, dataclasses.replace(noted, tried=True))

    def _wanted(self, plan: ContainerPlan, cargo: Cargo | None, secret: str) -> Wanted:
        """Say what sandbox a container is to have."""
        let_out = egress.let_out(plan.network, plan.egress)
        tags, folder = self._tags(plan.container_id), cargo.folder if cargo else ""
        return Wanted(plan.container_id, tags, plan.limits, let_out, folder, secret)

    async def _create(self, wanted: Wanted, cargo: Cargo | None) -> Any:
        """Make the sandbox of a container. Raises E503."""
        if cargo:
            # First: a sandbox sees the volume as it was when it was made.
            await self._provider.put_cargo(cargo)
        return await self._provider.create(wanted)

    async def _end_unused(self, container_id: str, run: Path) -> None:
        """End the sandbox of a container that was to be brought to a spare and was not."""
        record = records.read(run)
        if record is not None and not records.has_begun(run, record):
            with contextlib.suppress(ParheliaError):
                await self._give_up(await self._sandboxes.living(container_id))

    async def _give_up(self, sandbox: Any) -> None:
        """End a sandbox that has no container, which would cost until it leaves by itself."""
        with contextlib.suppress(ParheliaError):
            await self._sandboxes.end(sandbox)

    async def _clear(self, container_id: str, run: Path, cargo: Cargo | None, *, well: bool) -> None:
        """Leave nothing of what a container is brought by, here and on the volume.

        What becomes of the container counts for more than that: what stays is told, and goes with its run directory.
        """
        try:
            for name in (ARCHIVE, stock.ARCHIVE):
                (run / name).unlink(missing_ok=True)
            keys.forget_host_key(run)
            if cargo:
                await self._provider.landed(cargo, well=well)
                noted = records.read(run)
                if noted and noted.cargo:
                    records.write(run, dataclasses.replace(noted, cargo=""))
        except Exception as error:
            logger.warning("what brought %s could not be cleared away: %s", container_id, error)

    def _prepare(self, plan: ContainerPlan, run: Path, secret: str) -> _Freight:
        """Say what goes which way, and pack what goes by the volume: a sandbox has to be made after that."""
        freight.check_mounts(plan.mounts)
        home = private_directory(run / "home")
        cargo = stock.cargo_of(plan, run, home, self._config.workspace_mb << 20)
        return _Freight(home, cargo, egress.prepare(plan, self._paths, has_secret=bool(secret)))

    def _pack(self, plan: ContainerPlan, run: Path, archive: Path, going: _Freight) -> None:
        """Pack what goes straight up."""
        cargo = going.cargo
        kind = cargo.kind if cargo else ""
        keys.make(run, plan.container_id)
        freight.pack(
            archive,
            workspace=None if kind == WORKSPACES else plan.workspace,
            home=going.home,
            mounts=() if kind == PLUGINS else plan.mounts,
            run_files={
                **keys.run_files(run, RUN, SSH_PORT),
                **plans.run_files(
                    plan,
                    self._config,
                    going.way,
                    heartbeat_s=self._heartbeat_s,
                    history_lines=self._history_lines,
                ),
                **({elsewhere.CARGO_DIGEST: cargo.digest} if cargo else {}),
            },
            without=cargo.carried if cargo else (),
        )

    def _secret(self) -> str:
        """The secret with the API's key, where one of the configured name was made from here."""
        wanted = self._config.secret
        return wanted if wanted and records.secret(self._paths) == wanted else ""
