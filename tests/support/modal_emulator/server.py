"""The emulator as one server on loopback, and its back door for orders."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from grpclib import GRPCError, Status
from grpclib.server import Server
from modal_proto.api_grpc import ModalClientBase
from modal_proto.task_command_router_grpc import TaskCommandRouterBase

from tests.support.modal_emulator.control import Control
from tests.support.modal_emulator.faults import Fault, Faults
from tests.support.modal_emulator.router import Router
from tests.support.modal_emulator.world import World


def service(base: type, target: object, faults: Faults) -> Any:
    """Make the service of a generated base class whose calls are the methods of `target`."""
    calls = {}
    for name in base.__abstractmethods__:  # type: ignore[attr-defined]
        stream = getattr(target, f"{name}_stream", None)
        unary = getattr(target, name, None) or getattr(target, name.removesuffix("V2"), None)
        calls[name] = _call(name, unary, stream, faults)
    return type(f"Emulated{base.__name__}", (base,), calls)()


def _call(name: str, unary: Any, stream: Any, faults: Faults) -> Any:
    async def call(self: object, given: Any) -> None:
        if unary is None and stream is None:
            raise GRPCError(Status.UNIMPLEMENTED, f"the emulator knows no {name}")
        trouble = faults.meet(name) or Fault(name)
        if trouble.latency_s:
            await faults.hold(trouble.latency_s)
        failed = GRPCError(Status[trouble.status], "on order") if trouble.status else None
        if failed is not None and not trouble.after:
            raise failed
        if stream is not None:
            await stream(given)
        else:
            answer = await unary(await given.recv_message())
            if failed is None:
                await given.send_message(answer)
        if failed is not None:
            raise failed

    return call


class Emulator:
    """The server.

    Args:
        root: a directory of its own.
        more: read-only directories of this machine that every sandbox sees, by their path inside.
    """

    def __init__(self, root: Path, more: dict[str, Path]) -> None:
        self.faults = Faults()
        self.world = World(root, more)
        self._root = root
        control = Control(self.world)
        self._control = control
        self._server = Server(
            [
                service(ModalClientBase, control, self.faults),
                service(TaskCommandRouterBase, Router(control), self.faults),
            ]
        )
        self._door: asyncio.Server | None = None

    async def start(self, port: int) -> str:
        """Begin to listen.

        Returns:
            The URL for `MODAL_SERVER_URL`.
        """
        await self._server.start("127.0.0.1", port)
        listening: Any = self._server._server
        number = listening.sockets[0].getsockname()[1]
        self._control.url = f"http://127.0.0.1:{number}"
        self._door = await asyncio.start_unix_server(self._ordered, self._root / "orders.sock", limit=1 << 22)
        return self._control.url

    async def close(self) -> None:
        """End every sandbox and the server."""
        if self._door is not None:
            self._door.close()
        await self.world.close()
        self._server.close()
        await self._server.wait_closed()

    async def _ordered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = json.loads(await reader.readline())
        answer = await self._obey(asked.pop("op"), asked)
        writer.write((json.dumps(answer) + "\n").encode())
        await writer.drain()
        writer.close()

    async def _obey(self, op: str, asked: dict[str, Any]) -> Any:
        world = self.world
        if op == "fault":
            self.faults.orders.append(Fault(**asked))
        elif op == "mend":
            self.faults.mend()
        elif op == "calls":
            return self.faults.calls
        elif op == "sandboxes":
            return [
                {
                    "id": each.id,
                    "name": each.name,
                    "generation": each.generation,
                    "tags": each.tags,
                    "running": each.result is None,
                    "volumes": [
                        [mount.mount_path, mount.sub_path, mount.read_only]
                        for mount in each.definition.volume_mounts
                    ],
                    "networks": list(each.network.allowed_cidrs),
                    "names": list(each.network.allowed_domains),
                    "gpu": each.definition.resources.gpu_config.gpu_type,
                    "root": str(each.box.root),
                    "timeout_s": each.definition.timeout_secs,
                    "idle_s": each.definition.idle_timeout_secs,
                }
                for each in sorted(world.sandboxes.values(), key=lambda each: each.created_at)
            ]
        elif op == "secrets":
            return {name: world.secrets[each] for name, each in world.named_secrets.items()}
        elif op == "vanish":
            await world.vanish(world.sandbox(asked["id"]))
        elif op == "forget_tags":
            world.sandbox(asked["id"]).tags = {}
        elif op == "hurry":
            world.hurry(world.sandbox(asked["id"]), asked["idle_s"])
        elif op == "hang":
            await world.sandbox(asked["id"]).box.hang()
        elif op == "cut":
            for tunnel in world.sandbox(asked["id"]).tunnels.values():
                tunnel.cut()
        elif op == "reach":
            world.reach.append(asked["port"])
        elif op == "pretend":
            app_id = world.apps.setdefault(asked["app"], world.new_id("ap"))
            return [world.pretend(app_id, tags) for tags in asked["tags"]]
        elif op == "unpretend":
            world.unpretend()
        elif op == "slow":
            world.bytes_s = asked["bytes_s"]
        elif op == "most_running":
            world.most_running = asked["number"]
        else:
            return {"error": f"no order {op!r}"}
        return {}
