"""Modal through its SDK, which is imported when it is first used."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from parhelia_tui.core.backends.base import NO_ROOM
from parhelia_tui.core.backends.modal import cargo as pieces
from parhelia_tui.core.backends.modal import shim_file
from parhelia_tui.core.backends.modal.account import Account
from parhelia_tui.core.backends.modal.cargo import Cargo
from parhelia_tui.core.backends.modal.trouble import (
    TooMuch,
    is_absent,
    is_refused,
    is_transient,
    names_of,
    patiently,
    told,
    within,
)
from parhelia_tui.core.backends.steps import Progress, tell
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import Limits
from parhelia_tui.core.settings.config_backends import LONGEST_S, ModalConfig
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.shim import elsewhere, sending

SSH_PORT = 22
RUN = "/var/lib/parhelia"
BEGIN_S = 900
"""Seconds within which a new sandbox has to be brought its container; then it ends itself."""
IDLE_S = 120
"""Seconds beyond its lease after which the provider ends a sandbox that nobody spoke to, should its keeper not have."""
PROBE_MS = 500
LOOK_S = 120
"""The same of one that is made to be looked at alone."""
PIECE = 4 * 1024 * 1024
ERRAND_S = 20.0
"""Seconds within which a command in a running sandbox has to begin, and a small errand has to be done."""
SILENT_S = 60.0
"""Seconds without a byte after which a download is given up; one that goes on may take as long as it takes."""

_UNFETCHED = "what the sandbox holds could not be fetched"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A sandbox that is to be.

    Args:
        name: unique in the app while it runs.
        tags: what it is found by.
        let_out: networks and names that it reaches; None for all.
        cargo: the folder of the volume that it sees, and no other; empty for none.
        secret: the name of the secret whose key its supervisor finds; empty for none.
        waits_s: seconds that it may wait before its container is known, which are no part of its life.
    """

    name: str
    tags: Mapping[str, str]
    limits: Limits
    let_out: tuple[Sequence[str], Sequence[str]] | None
    cargo: str = ""
    secret: str = ""
    waits_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Term:
    """How long a sandbox lives.

    Args:
        seconds: from its making to its end by the provider.
        is_short: it may be over before the lifetime of its container is.
    """

    seconds: float
    is_short: bool


def term_of(limits: Limits, config: ModalConfig) -> Term:
    """Say how long a sandbox for these limits lives: a little longer than its container where that can be."""
    if limits.lifetime_s is None or limits.lifetime_s + BEGIN_S > config.sandbox_s:
        return Term(config.sandbox_s, is_short=True)
    return Term(limits.lifetime_s + BEGIN_S, is_short=False)


def forced_end_s(limits: Limits, config: ModalConfig) -> float | None:
    """Say after how many seconds a container is ended that cannot move, while there is time to fetch what it made.

    Returns:
        None where its own lifetime is over before.
    """
    term = term_of(limits, config)
    return term.seconds - config.renew_before_s / 3 if term.is_short else None


class Provider:
    """One account and app at Modal.

    Args:
        paths: the state directory.
        config: of this backend.
    """

    def __init__(self, paths: Paths, config: ModalConfig) -> None:
        self._config = config
        self.account = Account(paths, config)
        self._kept = pieces.Kept()
        self._has_made = False

    @property
    def mark(self) -> str:
        """Of what sandboxes are made of here: the image and the configuration. Raises OSError."""
        return self.account.mark

    async def put_cargo(self, cargo: Cargo) -> None:
        """Bring an archive into its folder of the volume, where it is not there yet. Raises E503."""
        volume = await self.account.volume()
        if cargo.is_kept:
            await self._kept.put(volume, cargo.folder, cargo.archive)
        else:
            await pieces.put(volume, cargo.folder, cargo.archive)

    async def has_cargo(self, folder: str) -> bool:
        """Say whether a folder that is kept on the volume is there and whole. Raises E503."""
        return await self._kept.has(await self.account.volume(), folder)

    async def landed(self, cargo: Cargo, *, well: bool) -> None:
        """Remove from the volume what no other sandbox needs, or what was not as it should be. Raises E503."""
        volume = await self.account.volume()
        if not cargo.is_kept:
            await pieces.drop(volume, cargo.folder)
        elif not well:
            await self._kept.forget(volume, cargo.folder)

    async def clear(self, folder: str) -> None:
        """Remove a folder of the volume, if it is there. Raises E503."""
        try:
            await pieces.drop(await self.account.volume(), folder)
        except Exception as error:
            if not is_absent(error):
                raise told(error, "the volume could not be cleared") from error

    async def let_out(self, sandbox: Any, networks: Sequence[str], names: Sequence[str]) -> None:
        """Change what a running sandbox reaches. Raises E503."""
        change = sandbox._experimental_set_outbound_network_policy.aio
        await patiently(
            lambda: change(outbound_cidr_allowlist=list(networks), outbound_domain_allowlist=list(names)),
            "the network of the sandbox could not be changed",
        )

    async def create(self, wanted: Wanted) -> Any:
        """Make a sandbox, or find the one of this name that an earlier, unanswered call made. Raises E503."""
        app = await self.account.app()
        limits = wanted.limits
        more: dict[str, Any] = {}
        if limits.cpus is not None:
            more["cpu"] = limits.cpus
        if limits.memory_mb is not None:
            more["memory"] = limits.memory_mb
        if limits.gpu is not None:
            more["gpu"] = limits.gpu
        region = limits.region or self._config.region
        if region is not None:
            more["region"] = region
        term = term_of(limits, self._config)
        if wanted.let_out is not None:
            # Not `block_network`, also where it reaches nothing: that would close the tunnel of its terminal too.
            networks, names = wanted.let_out
            more["outbound_cidr_allowlist"] = list(networks)
            if names:
                more["outbound_domain_allowlist"] = list(names)

        if wanted.cargo:
            volume = await self.account.volume()
            # This folder alone: what others bring is nothing for an agent to see.
            more["volumes"] = {
                elsewhere.CARGO: volume.with_mount_options(sub_path=wanted.cargo, read_only=True)
            }
        if wanted.secret:
            more["secrets"] = [self.account.secret(wanted.secret)]

        # Nobody speaks to one that waits.
        idle_s = max(self._config.lease_s, BEGIN_S if wanted.waits_s else 0.0)

        async def make() -> Any:
            try:
                return await self.account.modal.Sandbox.create.aio(
                    *shim_file.words("keep", RUN, str(BEGIN_S)),
                    app=app,
                    image=self.account.image,
                    name=wanted.name,
                    tags=dict(wanted.tags),
                    timeout=int(min(term.seconds + wanted.waits_s, LONGEST_S)),
                    # Who follows it is a command that runs, so it is idle only while its lease runs out.
                    idle_timeout=int(idle_s) + IDLE_S,
                    readiness_probe=self.account.modal.Probe.with_tcp(SSH_PORT, interval_ms=PROBE_MS),
                    unencrypted_ports=[SSH_PORT],
                    **more,
                )
            except Exception as error:
                if "AlreadyExistsError" not in names_of(error):
                    raise
                found = await self.named(wanted.name)
                if found is None:
                    # It has just ended, and its name is not free yet.
                    raise
                return found

        # With the first one it builds the image, where that is not there yet.
        tell("making a sandbox" if self._has_made else "making a sandbox and its image")
        try:
            made = await patiently(make, "the sandbox could not be made")
            self._has_made = True
            return made
        except ParheliaError as error:
            # Here alone: after this there is a sandbox, and who is refused then does not wait for room.
            if error.__cause__ is not None and is_refused(error.__cause__):
                error.details[NO_ROOM] = True
            raise

    async def create_for_a_look(self, name: str, tags: Mapping[str, str], secret: str) -> Any:
        """Make a sandbox without a container, which sees the whole volume and ends itself soon. Raises E503."""
        app = await self.account.app()
        volume = await self.account.volume()
        make = self.account.modal.Sandbox.create.aio
        return await patiently(
            lambda: make(
                *shim_file.words("keep", RUN, str(LOOK_S)),
                app=app,
                image=self.account.image,
                name=name,
                tags=dict(tags),
                timeout=2 * LOOK_S,
                volumes={elsewhere.CARGO: volume.with_mount_options(read_only=True)},
                secrets=[self.account.secret(secret)] if secret else [],
            ),
            "a sandbox could not be made",
        )

    async def named(self, name: str) -> Any:
        """Find the running sandbox of a name; None where there is none. Raises E503."""
        await self.account.app()
        find = self.account.modal.Sandbox.from_name.aio
        return await _or_none(lambda: find(self._config.app, name), "the sandbox could not be looked up")

    async def by_id(self, object_id: str) -> Any:
        """Find a sandbox by the provider's id, also an ended one; None where it is not known. Raises E503."""
        await self.account.app()
        find = self.account.modal.Sandbox.from_id.aio
        return await _or_none(lambda: find(object_id), "the sandbox could not be looked up")

    async def is_running(self, sandbox: Any) -> bool:
        """Say whether a sandbox has not ended. Raises E503."""
        poll = sandbox.poll.aio

        async def ended() -> bool:
            return await poll() is not None

        return await _or_none(ended, "the sandbox could not be looked at") is False

    async def tags(self, sandbox: Any) -> dict[str, str]:
        """Read the tags of a sandbox. Raises E503; what the SDK raises where there is no such sandbox."""
        return dict(await patiently(sandbox.get_tags.aio, "the tags of a sandbox could not be read"))

    async def running(self, tags: Mapping[str, str], known: Container[str]) -> dict[str, Any]:
        """List the running sandboxes with these tags, all or none.

        Args:
            known: the provider's ids of those of which the id is enough.

        Returns:
            By id each sandbox; None for those, as a thousand that are held at once are a hundred thousand objects,
            through which every search for garbage would go.

        Raises:
            ParheliaError: E503.
        """
        app = await self.account.app()

        async def every() -> dict[str, Any]:
            listed = self.account.modal.Sandbox.list.aio(app_id=app.app_id, tags=dict(tags))
            return {each.object_id: None if each.object_id in known else each async for each in listed}

        return await patiently(every, "the sandboxes could not be listed")

    async def start(
        self,
        sandbox: Any,
        words: Sequence[str],
        most_s: float | None = ERRAND_S,
        again: Callable[[BaseException], bool] = is_refused,
    ) -> Any:
        """Start a command in a sandbox, once.

        The SDK repeats a call that failed by the name that it gave the command, so that it begins once; a call of our
        own is another command. What is refused has not begun; whoever may run twice is tried again in any case.

        Args:
            most_s: seconds that it may take to begin; None for a sandbox that may have to begin itself.
            again: says after which errors it is started again.

        Raises:
            ParheliaError: E503; what the SDK raises where there is no such sandbox.
        """
        async with within(most_s, "the sandbox has begun nothing of what it was asked"):
            return await patiently(
                lambda: sandbox.exec.aio(*words, text=False), "the sandbox began nothing", again=again
            )

    async def run(
        self, sandbox: Any, words: Sequence[str], given: bytes = b"", most_s: float = ERRAND_S
    ) -> tuple[int, bytes, str]:
        """Run a command in a sandbox to its end, once.

        Args:
            given: its standard input.
            most_s: seconds that it may take; one that hangs is left alone then.

        Returns:
            Exit code, what it printed, and what it said is wrong.

        Raises:
            ParheliaError: E503 when it takes longer; else what the SDK raises.
        """
        async with within(most_s, "the sandbox has not done what it was asked"):
            process = await self.start(sandbox, words, None)
            if given:
                process.stdin.write(given)
            process.stdin.write_eof()
            await process.stdin.drain.aio()
            out, wrong = await asyncio.gather(process.stdout.read.aio(), process.stderr.read.aio())
            code = await process.wait.aio()
        return code, out, wrong.decode("utf-8", "replace")

    async def fetch(self, sandbox: Any, words: Sequence[str], target: Path, most: int) -> None:
        """Write what a command in a sandbox prints to a file.

        Args:
            most: bytes; more are refused.

        Raises:
            ParheliaError: E503 when it fails or stands still, E507 when it is too much.
        """
        try:
            process = await self.start(sandbox, words, again=is_transient)
        except Exception as error:
            raise told(error, _UNFETCHED) from error
        size = 0
        progress = Progress("bringing home what it made", None)
        pieces = aiter(process.stdout)
        with target.open("wb") as file:
            while (piece := await _next(pieces)) is not None:
                size += len(piece)
                if size > most:
                    raise TooMuch(most)
                file.write(piece)
                progress.add(len(piece))
        try:
            async with within(ERRAND_S, "the sandbox has not said that this was all"):
                code = await process.wait.aio()
        except Exception as error:
            raise told(error, _UNFETCHED) from error
        if code == sending.TOO_MUCH:
            raise TooMuch(most)
        if code != 0:
            raise ParheliaError("E503", f"{_UNFETCHED}: exit code {code}")


async def send_file(process: Any, place: Path) -> None:
    """Write a file to the standard input of a command in a sandbox, which stays open."""
    with place.open("rb") as file:
        progress = Progress("sending the workspace", place.stat().st_size)
        while piece := file.read(PIECE):
            process.stdin.write(piece)
            await process.stdin.drain.aio()
            progress.add(len(piece))


async def _next(pieces: AsyncIterator[bytes]) -> bytes | None:
    """Give the next piece of a download, None at its end. Raises E503 when it stands still."""
    try:
        async with within(SILENT_S, "the sandbox has sent nothing more of what it holds"):
            return await anext(pieces, None)
    except Exception as error:
        raise told(error, _UNFETCHED) from error


async def _or_none(find: Callable[[], Awaitable[T]], what: str) -> T | None:
    try:
        return await patiently(find, what)
    except Exception as error:
        if not is_absent(error):
            raise
        return None
