"""What the provider knows: apps, images, secrets, volumes and sandboxes, with their files in one directory."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import itertools
import shutil
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from grpclib import GRPCError, Status
from modal_proto import api_pb2

from tests.support.modal_emulator.box import Box, make_root
from tests.support.modal_emulator.tunnels import Tunnel

RESULT = api_pb2.GenericResult


@dataclass(slots=True)
class Sandbox:
    """One sandbox, running or ended."""

    id: str
    generation: int
    app_id: str
    name: str
    tags: dict[str, str]
    definition: api_pb2.Sandbox
    created_at: float
    box: Box
    network: api_pb2.NetworkAccess
    tunnels: dict[int, Tunnel] = field(default_factory=dict)
    result: api_pb2.GenericResult | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    clocks: list[asyncio.Task[None]] = field(default_factory=list)


class World:
    """All state. Ids are made the way the SDK tells the generations apart by.

    Args:
        root: where roots, images and volumes lie.
        more: read-only directories that every sandbox sees, as an image would hold them.
    """

    def __init__(self, root: Path, more: dict[str, Path]) -> None:
        self.root = root
        self.more = more
        self.apps: dict[str, str] = {}
        self.blobs: dict[str, bytes] = {}
        self.mounts: dict[str, list[api_pb2.MountFile]] = {}
        self.secrets: dict[str, dict[str, str]] = {}
        self.named_secrets: dict[str, str] = {}
        self.volumes: dict[str, str] = {}
        self.sandboxes: dict[str, Sandbox] = {}
        self.pretended: list[str] = []
        self._making: set[asyncio.Future[Sandbox]] = set()
        self.most_running = 100
        self.bytes_s: float | None = None
        self.reach: list[int] = []
        self._building = threading.Lock()
        self._numbers = itertools.count(1)

    def new_id(self, prefix: str) -> str:
        """Give an id that nothing else has."""
        return f"{prefix}-{next(self._numbers):022d}"

    def image_directory(self, image_id: str) -> Path:
        """Say where the files of an image lie."""
        return self.root / "images" / image_id

    def build(self, image: api_pb2.Image) -> str:
        """Make an image: the files of its base and those that it copies. Commands have no effect."""
        image_id = "im-" + hashlib.sha256(image.SerializeToString(deterministic=True)).hexdigest()[:22]
        # Two may ask at once for the same; the second would else have a part of it.
        with self._building:
            place = self.image_directory(image_id)
            if not place.exists():
                self._fill(place, image)
        return image_id

    def _fill(self, place: Path, image: api_pb2.Image) -> None:
        place.mkdir(parents=True)
        for base in image.base_images:
            if self.image_directory(base.image_id).exists():
                shutil.copytree(self.image_directory(base.image_id), place, symlinks=True, dirs_exist_ok=True)
        if image.context_mount_id:
            self.put(image.context_mount_id, place)

    def put(self, mount_id: str, place: Path) -> None:
        """Write the files of a mount below a directory."""
        for file in self.mounts[mount_id]:
            self.put_file(place, file)

    def put_file(self, place: Path, file: api_pb2.MountFile) -> None:
        """Write one file below a directory."""
        target = place / file.filename.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(self.blobs[file.sha256_hex])

    def volume_directory(self, volume_id: str) -> Path:
        """Say where the files of a volume lie."""
        return self.root / "volumes" / volume_id

    def running(self) -> list[Sandbox]:
        """The sandboxes that have not ended, newest first."""
        return sorted(
            (each for each in self.sandboxes.values() if each.result is None),
            key=lambda each: -each.created_at,
        )

    def sandbox(self, sandbox_id: str) -> Sandbox:
        """Find one by its own id or by that of its task.

        Raises:
            GRPCError: NOT_FOUND.
        """
        found = self.sandboxes.get("sb-" + sandbox_id.removeprefix("ta-").removeprefix("sb-"))
        if found is None:
            raise GRPCError(Status.NOT_FOUND, f"Sandbox with id {sandbox_id} not found")
        return found

    async def create(
        self, generation: int, app_id: str, wanted: api_pb2.Sandbox, tags: dict[str, str], env: dict[str, str]
    ) -> Sandbox:
        """Start a sandbox.

        Raises:
            GRPCError: ALREADY_EXISTS for a name that a running one of the app has, RESOURCE_EXHAUSTED.
        """
        making = asyncio.ensure_future(self._create(generation, app_id, wanted, tags, env))
        self._making.add(making)
        making.add_done_callback(self._making.discard)
        # Who asks may go; a container that is killed while it begins would leave what it had begun.
        return await asyncio.shield(making)

    async def _create(
        self, generation: int, app_id: str, wanted: api_pb2.Sandbox, tags: dict[str, str], env: dict[str, str]
    ) -> Sandbox:
        if wanted.name and any(each.name == wanted.name and each.app_id == app_id for each in self.running()):
            raise GRPCError(Status.ALREADY_EXISTS, f"Sandbox with name {wanted.name} already exists")
        if len(self.running()) >= self.most_running:
            raise GRPCError(Status.RESOURCE_EXHAUSTED, "too many sandboxes")
        number = f"{next(self._numbers):022d}" if generation == 1 else f"{next(self._numbers):026d}"
        root = self.root / "boxes" / number
        await asyncio.to_thread(make_root, root, self.image_directory(wanted.image_id))
        for mount_id in wanted.mount_ids:
            self.put(mount_id, root)
        volumes: dict[str, Path] = {}
        more = dict(self.more)
        for mount in wanted.volume_mounts:
            seen = self.volume_directory(mount.volume_id) / mount.sub_path.lstrip("/")
            seen.mkdir(parents=True, exist_ok=True)
            (more if mount.read_only else volumes)[mount.mount_path] = seen
        made = Sandbox(
            id=f"sb-{number}",
            generation=generation,
            app_id=app_id,
            name=wanted.name,
            tags=tags,
            definition=wanted,
            created_at=time.time(),
            box=Box(
                root,
                volumes,
                more,
                self.reach,
                lambda: self.may_reach(made.network),
                lambda code: self._exited(made, code),
            ),
            network=wanted.network_access,
        )
        # Known before it starts, so that a second call of the same name meets it.
        self.sandboxes[made.id] = made
        argv = list(wanted.entrypoint_args) or ["sleep", "infinity"]
        await made.box.start(argv, env, wanted.workdir)
        for port in wanted.open_ports.ports:
            made.tunnels[port.port] = Tunnel(made.box, port.port)
            await made.tunnels[port.port].open()
        made.clocks.append(asyncio.create_task(self._outlive(made, wanted.timeout_secs or 300)))
        if wanted.idle_timeout_secs:
            made.clocks.append(asyncio.create_task(self._idle(made, wanted.idle_timeout_secs)))
        return made

    @staticmethod
    def may_reach(network: api_pb2.NetworkAccess) -> bool:
        """Say whether a network lets out to loopback, which stands for the world."""
        if network.network_access_type != api_pb2.NetworkAccess.ALLOWLIST:
            return network.network_access_type != api_pb2.NetworkAccess.BLOCKED
        here = ipaddress.ip_address("127.0.0.1")
        allowed = any(here in ipaddress.ip_network(each) for each in network.allowed_cidrs)
        return allowed or not {"*", "localhost"}.isdisjoint(network.allowed_domains)

    async def end(self, sandbox: Sandbox, status: int, code: int = 0) -> None:
        """End a sandbox; what ended first stays its result."""
        if sandbox.result is None:
            sandbox.result = RESULT(status=status, exitcode=code)  # type: ignore[arg-type]
        for clock in sandbox.clocks:
            if clock is not asyncio.current_task():
                clock.cancel()
        await sandbox.box.end()
        for tunnel in sandbox.tunnels.values():
            await tunnel.close()
        sandbox.ended.set()

    def pretend(self, app_id: str, tags: dict[str, str]) -> str:
        """Know of a sandbox that runs, of which there is nothing but what a listing tells; give its id."""
        number = f"{next(self._numbers):026d}"
        made = Sandbox(
            id=f"sb-{number}",
            generation=2,
            app_id=app_id,
            name="",
            tags=tags,
            definition=api_pb2.Sandbox(),
            # A listing goes on from the time of the last that it told.
            created_at=time.time() + len(self.sandboxes) * 1e-5,
            box=Box(self.root / "none", {}, {}, [], lambda: False, lambda code: None),
            network=api_pb2.NetworkAccess(),
        )
        self.sandboxes[made.id] = made
        self.pretended.append(made.id)
        return made.id

    def unpretend(self) -> None:
        """Forget all that was only pretended."""
        for sandbox_id in self.pretended:
            del self.sandboxes[sandbox_id]
        self.pretended.clear()

    def hurry(self, sandbox: Sandbox, idle_s: float) -> None:
        """Shorten the idle limit of a sandbox, from now on; nothing for one that has none."""
        if sandbox.definition.idle_timeout_secs:
            sandbox.clocks.append(asyncio.create_task(self._idle(sandbox, idle_s)))

    async def vanish(self, sandbox: Sandbox) -> None:
        """End a sandbox and forget that it ever was."""
        await self.end(sandbox, RESULT.GENERIC_STATUS_INTERNAL_FAILURE)
        del self.sandboxes[sandbox.id]

    async def close(self) -> None:
        """End everything."""
        await asyncio.gather(*self._making, return_exceptions=True)
        for sandbox in list(self.sandboxes.values()):
            await self.end(sandbox, RESULT.GENERIC_STATUS_TERMINATED)

    def snapshot(self, sandbox: Sandbox) -> str:
        """Make an image of the files of a sandbox."""
        image_id = self.new_id("im")
        skip = shutil.ignore_patterns("proc", "dev", "usr", "__modal")
        shutil.copytree(sandbox.box.root, self.image_directory(image_id), symlinks=True, ignore=skip)
        return image_id

    def _exited(self, sandbox: Sandbox, code: int) -> None:
        status = RESULT.GENERIC_STATUS_SUCCESS if code == 0 else RESULT.GENERIC_STATUS_FAILURE
        sandbox.clocks.append(
            asyncio.ensure_future(self.end(sandbox, status, code if code >= 0 else 128 - code))
        )

    async def _outlive(self, sandbox: Sandbox, timeout_s: float) -> None:
        await asyncio.sleep(timeout_s)
        await self.end(sandbox, RESULT.GENERIC_STATUS_TIMEOUT)

    async def _idle(self, sandbox: Sandbox, limit_s: float) -> None:
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < limit_s:
            await asyncio.sleep(min(limit_s / 5, 1.0))
            if sandbox.box.busy:
                quiet_since = time.monotonic()
        await self.end(sandbox, RESULT.GENERIC_STATUS_IDLE_TIMEOUT)
