"""The control plane: the calls of both generations over one world."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from typing import Any

from google.protobuf.empty_pb2 import Empty  # type: ignore[import-untyped]
from grpclib import GRPCError, Status
from modal_proto import api_pb2

from tests.support.modal_emulator.world import RESULT, Sandbox, World

# {"exp": 4102444800}: nobody checks the signature, the SDK reads when it ends.
TOKEN = "eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDB9.e30"
PAGE = 50
_DONE = RESULT(status=RESULT.GENERIC_STATUS_SUCCESS)


class Control:
    """One method for each call; `V2` at a name's end is the same call for the second generation.

    Args:
        url: where the router of every sandbox listens.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.url = ""

    async def ClientHello(self, asked: Empty) -> api_pb2.ClientHelloResponse:
        return api_pb2.ClientHelloResponse(image_builder_version="2025.06")

    async def AuthTokenGet(self, asked: api_pb2.AuthTokenGetRequest) -> api_pb2.AuthTokenGetResponse:
        return api_pb2.AuthTokenGetResponse(token=TOKEN)

    async def EnvironmentGetOrCreate(
        self, asked: api_pb2.EnvironmentGetOrCreateRequest
    ) -> api_pb2.EnvironmentGetOrCreateResponse:
        metadata = api_pb2.EnvironmentMetadata(name=asked.deployment_name or "main")
        metadata.settings.image_builder_version = "2025.06"
        return api_pb2.EnvironmentGetOrCreateResponse(environment_id="en-1", metadata=metadata)

    async def WorkspaceNameLookup(self, asked: Empty) -> api_pb2.WorkspaceNameLookupResponse:
        return api_pb2.WorkspaceNameLookupResponse(workspace_name="emulated", username="emulated")

    async def AppGetOrCreate(self, asked: api_pb2.AppGetOrCreateRequest) -> api_pb2.AppGetOrCreateResponse:
        known = self.world.apps
        if asked.app_name not in known:
            if asked.object_creation_type == api_pb2.OBJECT_CREATION_TYPE_UNSPECIFIED:
                raise GRPCError(Status.NOT_FOUND, f"App {asked.app_name} not found")
            known[asked.app_name] = self.world.new_id("ap")
        return api_pb2.AppGetOrCreateResponse(app_id=known[asked.app_name])

    async def ImageGetOrCreate(
        self, asked: api_pb2.ImageGetOrCreateRequest
    ) -> api_pb2.ImageGetOrCreateResponse:
        image_id = asked.existing_image_id or await asyncio.to_thread(self.world.build, asked.image)
        metadata = api_pb2.ImageMetadata(image_builder_version="2025.06")
        return api_pb2.ImageGetOrCreateResponse(image_id=image_id, result=_DONE, metadata=metadata)

    async def MountPutFile(self, asked: api_pb2.MountPutFileRequest) -> api_pb2.MountPutFileResponse:
        if asked.WhichOneof("data_oneof") == "data":
            self.world.blobs[hashlib.sha256(asked.data).hexdigest()] = asked.data
        return api_pb2.MountPutFileResponse(exists=asked.sha256_hex in self.world.blobs)

    async def MountBatchedCheckExistence(
        self, asked: api_pb2.MountBatchedCheckExistenceRequest
    ) -> api_pb2.MountBatchedCheckExistenceResponse:
        missing = [each for each in asked.sha256_hex_hashes if each not in self.world.blobs]
        return api_pb2.MountBatchedCheckExistenceResponse(missing_sha256_hex_hashes=missing)

    async def MountGetOrCreate(
        self, asked: api_pb2.MountGetOrCreateRequest
    ) -> api_pb2.MountGetOrCreateResponse:
        said = repr(sorted((each.filename, each.sha256_hex, each.mode) for each in asked.files))
        mount_id = "mo-" + hashlib.sha256(said.encode()).hexdigest()[:22]
        self.world.mounts[mount_id] = list(asked.files)
        return api_pb2.MountGetOrCreateResponse(mount_id=mount_id)

    async def SecretGetOrCreate(
        self, asked: api_pb2.SecretGetOrCreateRequest
    ) -> api_pb2.SecretGetOrCreateResponse:
        known = self.world.named_secrets
        name = asked.deployment_name
        if name and name in known:
            lacking = set(asked.required_keys) - set(self.world.secrets[known[name]])
            if lacking:
                raise GRPCError(Status.FAILED_PRECONDITION, f"Secret {name} lacks {sorted(lacking)}")
            return api_pb2.SecretGetOrCreateResponse(secret_id=known[name])
        if asked.object_creation_type == api_pb2.OBJECT_CREATION_TYPE_UNSPECIFIED:
            raise GRPCError(Status.NOT_FOUND, f"Secret {name} not found")
        secret_id = self.world.new_id("st")
        self.world.secrets[secret_id] = dict(asked.env_dict)
        if name:
            known[name] = secret_id
        return api_pb2.SecretGetOrCreateResponse(secret_id=secret_id)

    async def SecretUpdate(self, asked: api_pb2.SecretUpdateRequest) -> Empty:
        for each in asked.updates:
            self.world.secrets[asked.secret_id][each.key] = each.value
        return Empty()

    async def VolumeGetOrCreate(
        self, asked: api_pb2.VolumeGetOrCreateRequest
    ) -> api_pb2.VolumeGetOrCreateResponse:
        known = self.world.volumes
        if asked.deployment_name not in known:
            if asked.object_creation_type == api_pb2.OBJECT_CREATION_TYPE_UNSPECIFIED:
                raise GRPCError(Status.NOT_FOUND, f"Volume {asked.deployment_name} not found")
            known[asked.deployment_name] = self.world.new_id("vo")
        return api_pb2.VolumeGetOrCreateResponse(
            volume_id=known[asked.deployment_name], version=asked.version
        )

    async def VolumePutFiles(self, asked: api_pb2.VolumePutFilesRequest) -> Empty:
        for file in asked.files:
            self.world.put_file(self.world.volume_directory(asked.volume_id), file)
        return Empty()

    async def VolumeListFiles_stream(self, stream: Any) -> None:
        asked = await stream.recv_message()
        top = self.world.volume_directory(asked.volume_id)
        place = top / asked.path.lstrip("/")
        if not place.exists():
            raise GRPCError(Status.NOT_FOUND, f"no {asked.path} in this volume")
        found = sorted(place.rglob("*") if asked.recursive else place.iterdir())
        kinds = api_pb2.FileEntry.FileType
        entries = [
            api_pb2.FileEntry(
                path=str(each.relative_to(top)),
                type=kinds.DIRECTORY if each.is_dir() else kinds.FILE,
                mtime=int(each.stat().st_mtime),
                size=each.stat().st_size,
            )
            for each in found
        ]
        await stream.send_message(api_pb2.VolumeListFilesResponse(entries=entries))

    async def VolumeRemoveFile(self, asked: api_pb2.VolumeRemoveFileRequest) -> Empty:
        place = self.world.volume_directory(asked.volume_id) / asked.path.lstrip("/")
        if not place.exists():
            raise GRPCError(Status.NOT_FOUND, f"no {asked.path} in this volume")
        if place.is_dir():
            await asyncio.to_thread(shutil.rmtree, place)
        else:
            place.unlink()
        return Empty()

    # --- sandboxes

    async def SandboxCreate(self, asked: api_pb2.SandboxCreateRequest) -> api_pb2.SandboxCreateResponse:
        env: dict[str, str] = {}
        for secret_id in asked.definition.secret_ids:
            env |= self.world.secrets[secret_id]
        made = await self.world.create(1, asked.app_id, asked.definition, _tags(asked.tags), env)
        return api_pb2.SandboxCreateResponse(sandbox_id=made.id, metadata=_metadata(made))

    async def SandboxCreateV2(self, asked: api_pb2.SandboxCreateV2Request) -> api_pb2.SandboxCreateV2Response:
        env = self.environment(asked.secret_sources)
        made = await self.world.create(2, asked.app_id, asked.definition, _tags(asked.tags), env)
        return api_pb2.SandboxCreateV2Response(sandbox_id=made.id, metadata=_metadata(made))

    def environment(self, sources: object) -> dict[str, str]:
        """Put the variables of secrets together."""
        env: dict[str, str] = {}
        for source in sources:  # type: ignore[attr-defined]
            if source.WhichOneof("source") == "secret_id":
                env |= self.world.secrets[source.secret_id]
            else:
                env |= dict(source.env.contents)
        return env

    async def SandboxGetTaskId(
        self, asked: api_pb2.SandboxGetTaskIdRequest
    ) -> api_pb2.SandboxGetTaskIdResponse:
        found = self.world.sandbox(asked.sandbox_id)
        if found.result is not None:
            return api_pb2.SandboxGetTaskIdResponse(task_result=found.result)
        return api_pb2.SandboxGetTaskIdResponse(task_id="ta-" + found.id.removeprefix("sb-"))

    async def SandboxWait(self, asked: api_pb2.SandboxWaitRequest) -> api_pb2.SandboxWaitResponse:
        found = self.world.sandbox(asked.sandbox_id)
        if found.result is None and asked.timeout:
            try:
                await asyncio.wait_for(found.ended.wait(), asked.timeout)
            except TimeoutError:
                pass
        return api_pb2.SandboxWaitResponse(result=found.result, metadata=_metadata(found))

    async def SandboxList(self, asked: api_pb2.SandboxListRequest) -> api_pb2.SandboxListResponse:
        return self._page(asked, {1})

    async def SandboxListV2(self, asked: api_pb2.SandboxListRequest) -> api_pb2.SandboxListResponse:
        return self._page(asked, {1, 2})

    def _page(self, asked: api_pb2.SandboxListRequest, generations: set[int]) -> api_pb2.SandboxListResponse:
        wanted = _tags(asked.tags)
        page = []
        for each in self.world.running():
            before = asked.before_timestamp
            if each.generation not in generations or (before and each.created_at >= before):
                continue
            if (not asked.app_id or each.app_id == asked.app_id) and wanted.items() <= each.tags.items():
                page.append(_info(each))
            if len(page) == PAGE:
                # What stands on later pages costs this one nothing, as at a provider with an index.
                break
        return api_pb2.SandboxListResponse(sandboxes=page)

    async def SandboxTagsGet(self, asked: api_pb2.SandboxTagsGetRequest) -> api_pb2.SandboxTagsGetResponse:
        return api_pb2.SandboxTagsGetResponse(tags=_protos(self.world.sandbox(asked.sandbox_id).tags))

    async def SandboxTagsSet(self, asked: api_pb2.SandboxTagsSetRequest) -> Empty:
        self.world.sandbox(asked.sandbox_id).tags = _tags(asked.tags)
        return Empty()

    async def SandboxGetTunnels(
        self, asked: api_pb2.SandboxGetTunnelsRequest
    ) -> api_pb2.SandboxGetTunnelsResponse:
        found = self.world.sandbox(asked.sandbox_id)
        tunnels = []
        for port in found.definition.open_ports.ports:
            host, number = found.tunnels[port.port].address
            data = api_pb2.TunnelData(host=host, port=number, container_port=port.port)
            if port.unencrypted:
                data.unencrypted_host, data.unencrypted_port = host, number
            tunnels.append(data)
        return api_pb2.SandboxGetTunnelsResponse(result=_DONE, tunnels=tunnels)

    async def SandboxGetFromName(
        self, asked: api_pb2.SandboxGetFromNameRequest
    ) -> api_pb2.SandboxGetFromNameResponse:
        return self._named(asked, 1)

    async def SandboxGetFromNameV2(
        self, asked: api_pb2.SandboxGetFromNameRequest
    ) -> api_pb2.SandboxGetFromNameResponse:
        return self._named(asked, 2)

    def _named(
        self, asked: api_pb2.SandboxGetFromNameRequest, generation: int
    ) -> api_pb2.SandboxGetFromNameResponse:
        app_id = self.world.apps.get(asked.app_name)
        known = self.world.running()
        if asked.include_terminated:
            known = sorted(
                self.world.sandboxes.values(), key=lambda each: (each.result is not None, -each.created_at)
            )
        for each in known:
            if (each.generation, each.app_id, each.name) == (generation, app_id, asked.sandbox_name):
                return api_pb2.SandboxGetFromNameResponse(sandbox_id=each.id, metadata=_metadata(each))
        raise GRPCError(Status.NOT_FOUND, f"Sandbox with name {asked.sandbox_name} not found")

    async def SandboxTerminate(
        self, asked: api_pb2.SandboxTerminateRequest
    ) -> api_pb2.SandboxTerminateResponse:
        found = self.world.sandbox(asked.sandbox_id)
        await self.world.end(found, RESULT.GENERIC_STATUS_TERMINATED)
        return api_pb2.SandboxTerminateResponse(existing_result=found.result)

    async def SandboxSnapshotFs(
        self, asked: api_pb2.SandboxSnapshotFsRequest
    ) -> api_pb2.SandboxSnapshotFsResponse:
        image_id = await asyncio.to_thread(self.world.snapshot, self.world.sandbox(asked.sandbox_id))
        return api_pb2.SandboxSnapshotFsResponse(image_id=image_id, result=_DONE)

    async def TaskGetCommandRouterAccess(
        self, asked: api_pb2.TaskGetCommandRouterAccessRequest
    ) -> api_pb2.TaskGetCommandRouterAccessResponse:
        self._is_running(asked.task_id)
        return api_pb2.TaskGetCommandRouterAccessResponse(jwt=TOKEN, url=self.url)

    async def SandboxGetCommandRouterAccess(
        self, asked: api_pb2.SandboxGetCommandRouterAccessRequest
    ) -> api_pb2.SandboxGetCommandRouterAccessResponse:
        self._is_running(asked.sandbox_id or asked.task_id)
        return api_pb2.SandboxGetCommandRouterAccessResponse(jwt=TOKEN, url=self.url)

    def _is_running(self, sandbox_id: str) -> None:
        if self.world.sandbox(sandbox_id).result is not None:
            raise GRPCError(Status.FAILED_PRECONDITION, "Sandbox has already shut down")


def _tags(protos: object) -> dict[str, str]:
    return {each.tag_name: each.tag_value for each in protos}  # type: ignore[attr-defined]


def _protos(tags: dict[str, str]) -> list[api_pb2.SandboxTag]:
    return [api_pb2.SandboxTag(tag_name=name, tag_value=value) for name, value in tags.items()]


def _metadata(sandbox: Sandbox) -> api_pb2.SandboxHandleMetadata:
    return api_pb2.SandboxHandleMetadata(app_id=sandbox.app_id, result=sandbox.result)


def _info(sandbox: Sandbox) -> api_pb2.SandboxInfo:
    return api_pb2.SandboxInfo(
        id=sandbox.id,
        created_at=sandbox.created_at,
        app_id=sandbox.app_id,
        name=sandbox.name,
        tags=_protos(sandbox.tags),
        metadata=_metadata(sandbox),
        task_info=api_pb2.TaskInfo(id="ta-" + sandbox.id.removeprefix("sb-"), result=sandbox.result),
    )
