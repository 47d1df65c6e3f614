"""The sandboxes of our containers: found, followed, asked, fetched from and ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parhelia_tui.core.backends.local import run_directory
from parhelia_tui.core.backends.modal import freight, records, shim_file
from parhelia_tui.core.backends.modal.drift import CONTAINER_TAG, INSTALLATION_TAG
from parhelia_tui.core.backends.modal.follower import Follower
from parhelia_tui.core.backends.modal.provider import ERRAND_S, RUN, Provider
from parhelia_tui.core.backends.modal.trouble import told
from parhelia_tui.core.backends.steps import tell
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.config_backends import ModalConfig
from parhelia_tui.core.settings.config_files import load
from parhelia_tui.core.settings.paths import Paths

LISTED_S = 90.0
"""Seconds for which a listing speaks for a sandbox that is not followed."""
STEP_S = 1.0
"""Seconds after which one that waits for results looks whether they are on their way."""


@dataclass(slots=True)
class Running:
    """What a listing shows.

    Args:
        names: containers that have a sandbox.
        doubles: the provider's ids of further sandboxes that carry the tags of a container, by container.
        alike: the same of those that carry other tags too, and so were not made here.
    """

    names: set[str] = field(default_factory=set)
    doubles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    alike: dict[str, tuple[str, ...]] = field(default_factory=dict)


class Sandboxes:
    """What this controller knows of the sandboxes of its containers, and how it reaches into them.

    Args:
        paths: the state directory.
        config: of this backend.
        provider: where they are.
    """

    def __init__(self, paths: Paths, config: ModalConfig, provider: Provider) -> None:
        self._paths = paths
        self._config = config
        self._provider = provider
        self._followers: dict[str, Follower] = {}
        self._listed: dict[str, float] = {}
        self._fetching: dict[str, asyncio.Lock] = {}

    async def close(self) -> None:
        """Stop following; the containers go on."""
        for follower in self._followers.values():
            await follower.close()
        self._followers.clear()

    async def find(self, container_id: str) -> Any:
        """Find the running sandbox of a container; None where there is none. Raises E503."""
        record = records.read(self._paths.container(container_id))
        if record is not None and record.object_id:
            found = await self._provider.by_id(record.object_id)
        else:
            found = await self._provider.named(container_id)
        return found if found is not None and await self._provider.is_running(found) else None

    async def living(self, container_id: str) -> Any:
        """Find the running sandbox of a container. Raises E203 where there is none, E503."""
        sandbox = await self.find(container_id)
        if sandbox is None:
            raise ParheliaError("E203", f"container {container_id} does not run")
        return sandbox

    async def running(self, known: Mapping[str, str]) -> Running:
        """List the containers whose sandboxes run, all or none.

        Args:
            known: containers by the provider's ids of their sandboxes, which need not be asked for their tags.

        Raises:
            ParheliaError: E503.
        """
        found = Running()
        mark = records.installation(self._paths, make=False)
        if not mark:
            return found
        own = set(known.values())
        for object_id, sandbox in (await self._provider.running({INSTALLATION_TAG: mark}, known)).items():
            name = known.get(object_id)
            if name is None:
                try:
                    tags = await sandbox.get_tags.aio()
                except Exception as error:
                    raise told(error, "the tags of a sandbox could not be read") from error
                name = tags.get(CONTAINER_TAG)
                if name in own:
                    # It says nothing of the container, whose sandbox is another one.
                    which = found.doubles if len(tags) == 2 else found.alike
                    which[name] = (*which.get(name, ()), object_id)
                    continue
            if name is not None:
                found.names.add(name)
        self._listed = dict.fromkeys(found.names, time.monotonic())
        return found

    async def is_listed(self, container_id: str) -> bool:
        """Say whether the provider knows a running sandbox of a container, by a listing of a moment ago or by its name.

        Raises:
            ParheliaError: E503 when the provider does not tell.
        """
        seen_at = self._listed.get(container_id)
        if seen_at is None or time.monotonic() - seen_at > LISTED_S:
            if not records.installation(self._paths, make=False):
                return False
            if await self._provider.named(container_id) is None:
                return False
            self._listed[container_id] = time.monotonic()
        return True

    def forget(self, container_id: str) -> None:
        """Keep nothing in mind of a container that has ended."""
        self._listed.pop(container_id, None)
        if container_id in self._fetching and not self._fetching[container_id].locked():
            del self._fetching[container_id]
        if container_id in self._followers and self._followers[container_id].is_over:
            del self._followers[container_id]

    async def bring(self, container_id: str, sandbox: Any, archive: Path) -> tuple[int, str]:
        """Bring a container to the sandbox that was made for it, and follow it from then on.

        Returns:
            0 or 5 when it is there, another number when it could not be unpacked, and why.

        Raises:
            ParheliaError: E503.
        """
        earlier = self._followers.pop(container_id, None)
        if earlier is not None:
            await earlier.close()
        try:
            return await self.follow(container_id, (sandbox, archive)).brought
        except ParheliaError:
            # As it was put into words, with what the provider said as its cause.
            raise
        except Exception as error:
            raise told(error, "the workspace could not be brought to the sandbox") from error

    def follow(self, container_id: str, freight: tuple[Any, Path] | None = None) -> Follower:
        """Give what keeps the mirror of a container up to date, starting it where it is not at work.

        Args:
            freight: its sandbox, and the archive that is to be brought there first.
        """
        found = self._followers.get(container_id)
        if found is None or found.is_over:
            found = self._followers[container_id] = Follower(
                self._paths,
                self._provider,
                container_id,
                self._config.lease_s,
                self._config.linger_s,
                lambda sandbox: self.fetch(container_id, sandbox),
                self._results_mb,
                self._release,
                freight,
            )
        return found

    def left_behind(self, container_id: str) -> str:
        """Say in words what has to be done so that the results of an ended container come; empty for nothing."""
        follower = self._followers.get(container_id)
        return follower.left_behind if follower is not None else ""

    async def until_home(self, container_id: str, most_s: float) -> None:
        """Return when all of an ended container is here, or after so many seconds unless it is on its way.

        A download that stands still fails by itself; one that goes on is never too slow.
        """
        follower = self.follow(container_id)
        follower.end_in(most_s)
        end = time.monotonic() + most_s
        while not await follower.ended(min(STEP_S, most_s)):
            if follower.step:
                tell(follower.step)
            if time.monotonic() > end and not self.is_fetching(container_id):
                return

    def is_fetching(self, container_id: str) -> bool:
        """Say whether workspace and home of a container are on their way."""
        lock = self._fetching.get(container_id)
        return lock is not None and lock.locked()

    async def run(
        self, sandbox: Any, words: Sequence[str], given: bytes = b"", most_s: float = ERRAND_S
    ) -> tuple[int, bytes, str]:
        """Run a command in a sandbox, as `Provider.run`. Raises E503."""
        try:
            return await self._provider.run(sandbox, words, given, most_s)
        except Exception as error:
            raise told(error, "the sandbox did not do what it was asked") from error

    async def tell(self, sandbox: Any, asked: Mapping[str, object]) -> dict[str, Any]:
        """Ask the supervisor of a container, and give its answer. Raises E503."""
        code, out, wrong = await self.run(sandbox, shim_file.words("tell", RUN), json.dumps(asked).encode())
        if code != 0:
            raise ParheliaError("E503", f"the supervisor does not answer: {wrong.strip()[-200:]}")
        try:
            return dict(json.loads(out))
        except ValueError as error:
            raise ParheliaError("E503", "the answer of the supervisor cannot be read") from error

    async def fetch(self, container_id: str, sandbox: Any) -> None:
        """Bring workspace and home here, and put them in the place of what is here.

        Raises:
            ParheliaError: E503, E507; then what is here stays as it is.
        """
        run = self._paths.container(container_id)
        record = records.read(run)
        if record is None:
            return
        async with self._fetching.setdefault(container_id, asyncio.Lock()):
            archive = run / "down.tgz"
            most = await asyncio.to_thread(self._results_mb) << 20
            try:
                await self._provider.fetch(sandbox, shim_file.words("send", RUN, str(most)), archive, most)
                tell("unpacking what it made")
                await asyncio.to_thread(_put, archive, Path(record.workspace), run / "home", most)
            except OSError as error:
                raise ParheliaError("E507", f"the results cannot be written: {error.strerror}") from error
            except (OverflowError, RecursionError, ValueError) as error:
                raise ParheliaError("E507", f"the results cannot be written: {error}") from error
            finally:
                archive.unlink(missing_ok=True)

    def _results_mb(self) -> int:
        """MB that may come home as it is configured now: it may have been raised for what waits to come."""
        try:
            return load().config.modal.results_mb
        except ParheliaError:
            # Somebody is writing to it.
            return self._config.results_mb

    async def end(self, sandbox: Any) -> None:
        """End a sandbox, and wait until it has. Raises E503."""
        try:
            await sandbox.terminate.aio()
            await sandbox.wait.aio(raise_on_termination=False)
        except Exception as error:
            raise told(error, "the sandbox could not be ended") from error

    async def _release(self, sandbox: Any) -> None:
        with contextlib.suppress(ParheliaError):
            # It would only leave a little sooner by itself.
            await self.run(sandbox, shim_file.words("taken", RUN))
        await self.end(sandbox)


def _put(archive: Path, workspace: Path, home: Path, most: int) -> None:
    fresh = {
        "workspace": workspace.with_name(workspace.name + ".new"),
        "home/agent": home.with_name("home.new"),
    }
    for each in fresh.values():
        if each.exists():
            run_directory.remove(each)
        each.mkdir(mode=0o700)
    freight.unpack(archive, fresh, most)
    freight.swap(fresh["workspace"], workspace)
    freight.swap(fresh["home/agent"], home)
