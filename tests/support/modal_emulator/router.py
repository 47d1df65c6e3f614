"""The worker's router: commands in a sandbox, with their streams from any offset."""

from __future__ import annotations

import asyncio
from typing import Any

from grpclib import GRPCError, Status
from modal_proto import task_command_router_pb2 as pb

from tests.support.modal_emulator.box import Exec
from tests.support.modal_emulator.control import Control

CHUNK = 1 << 16


class Router:
    """The calls about commands. Those whose name ends with `_stream` are given the stream itself."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._world = control.world

    def _exec(self, asked: Any) -> Exec:
        found = self._world.sandbox(asked.task_id).box.command(asked.exec_id)
        if found is None:
            raise GRPCError(Status.NOT_FOUND, f"no command {asked.exec_id}")
        return found

    async def TaskExecStart(self, asked: pb.TaskExecStartRequest) -> pb.TaskExecStartResponse:
        sandbox = self._world.sandbox(asked.task_id)
        if sandbox.result is not None:
            raise GRPCError(Status.FAILED_PRECONDITION, "Sandbox has already shut down")
        if asked.HasField("pty_info"):
            raise GRPCError(Status.INVALID_ARGUMENT, "this emulator gives no terminal to a command")
        env = self._control.environment(asked.secret_sources)
        made = await sandbox.box.exec(asked.exec_id, list(asked.command_args), env, asked.workdir)
        if asked.timeout_secs:
            asyncio.get_running_loop().call_later(asked.timeout_secs, made.close_stdin)
        return pb.TaskExecStartResponse()

    async def TaskExecStdioRead_stream(self, stream: Any) -> None:
        asked = await stream.recv_message()
        made = self._exec(asked)
        sandbox = self._world.sandbox(asked.task_id)
        index = int(asked.file_descriptor)
        offset = asked.offset
        while True:
            data = bytes(made.output[index][offset : offset + CHUNK])
            if data:
                if self._world.bytes_s is not None:
                    await asyncio.sleep(len(data) / self._world.bytes_s)
                    if sandbox.result is not None:
                        # What was printed is its worker's, and goes with it.
                        raise GRPCError(Status.FAILED_PRECONDITION, "Sandbox has already shut down")
                offset += len(data)
                await stream.send_message(pb.TaskExecStdioReadResponse(data=data))
                continue
            if not made.open[index]:
                return
            async with made.changed:
                if len(made.output[index]) <= offset and made.open[index]:
                    await made.changed.wait()

    async def TaskExecStdinWrite(self, asked: pb.TaskExecStdinWriteRequest) -> pb.TaskExecStdinWriteResponse:
        made = self._exec(asked)
        if made.stdin < 0 and asked.data:
            raise GRPCError(Status.FAILED_PRECONDITION, "standard input is closed")
        # What was written already is not written twice: its answer was lost.
        await made.write(asked.data[max(0, made.written - asked.offset) :])
        if asked.eof:
            made.close_stdin()
        return pb.TaskExecStdinWriteResponse()

    async def TaskExecStdinWriteStream_stream(self, stream: Any) -> None:
        start = (await stream.recv_message()).start
        made = self._exec(start)
        skip = max(0, made.written - start.offset)
        async for piece in stream:
            if piece.WhichOneof("payload") == "end":
                made.close_stdin()
            else:
                await made.write(piece.data[skip:])
                skip = max(0, skip - len(piece.data))
        await stream.send_message(pb.TaskExecStdinWriteStreamResponse())

    async def TaskExecStdinStatus(
        self, asked: pb.TaskExecStdinStatusRequest
    ) -> pb.TaskExecStdinStatusResponse:
        made = self._exec(asked)
        return pb.TaskExecStdinStatusResponse(num_bytes_written=made.written, closed=made.stdin < 0)

    async def TaskExecPoll(self, asked: pb.TaskExecPollRequest) -> pb.TaskExecPollResponse:
        return pb.TaskExecPollResponse(**_status(self._exec(asked)))

    async def TaskExecWait(self, asked: pb.TaskExecWaitRequest) -> pb.TaskExecWaitResponse:
        made = self._exec(asked)
        async with made.changed:
            while made.code is None:
                await made.changed.wait()
        return pb.TaskExecWaitResponse(**_status(made))

    async def SandboxWaitUntilReady(
        self, asked: pb.SandboxWaitUntilReadyTcrRequest
    ) -> pb.SandboxWaitUntilReadyTcrResponse:
        sandbox = self._world.sandbox(asked.task_id)
        probe = sandbox.definition.readiness_probe
        if probe.WhichOneof("probe_oneof") != "tcp_port":
            raise GRPCError(
                Status.INVALID_ARGUMENT, "this emulator waits for ports alone, and this one has none"
            )
        end = asyncio.get_running_loop().time() + asked.timeout
        while sandbox.result is None:
            if asyncio.get_running_loop().time() > end:
                raise GRPCError(Status.DEADLINE_EXCEEDED, "Sandbox is not ready")
            try:
                connection = await sandbox.box.connect(probe.tcp_port)
            except ConnectionError:
                break
            if connection is not None:
                connection.close()
                return pb.SandboxWaitUntilReadyTcrResponse()
            await asyncio.sleep((probe.interval_ms or 100) / 1000)
        raise GRPCError(Status.FAILED_PRECONDITION, "Sandbox has already shut down")

    async def TaskSnapshotFilesystem(
        self, asked: pb.TaskSnapshotFilesystemRequest
    ) -> pb.TaskSnapshotFilesystemResponse:
        image_id = await asyncio.to_thread(self._world.snapshot, self._world.sandbox(asked.task_id))
        return pb.TaskSnapshotFilesystemResponse(image_id=image_id)

    async def TaskSetNetworkAccess(
        self, asked: pb.TaskSetNetworkAccessRequest
    ) -> pb.TaskSetNetworkAccessResponse:
        self._world.sandbox(asked.task_id).network = asked.network_access
        return pb.TaskSetNetworkAccessResponse()


def _status(made: Exec) -> dict[str, int]:
    if made.code is None:
        return {}
    return {"code": made.code} if made.code >= 0 else {"signal": -made.code}
