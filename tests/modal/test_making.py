"""What is done while the provider makes a sandbox, and what becomes of the sandbox where that fails."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from parhelia_tui.core.backends.base import UNMADE, UNSURE
from parhelia_tui.core.backends.modal import freight, records
from parhelia_tui.core.backends.modal.backend import ModalBackend
from parhelia_tui.core.backends.modal.cargo import WORKSPACES, Cargo
from parhelia_tui.core.backends.modal.making import Maker
from parhelia_tui.core.backends.modal.provider import Provider, Wanted
from parhelia_tui.core.backends.modal.records import SandboxRecord
from parhelia_tui.core.backends.plan import ContainerPlan, EgressPlan
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.config_backends import ModalConfig
from parhelia_tui.core.settings.paths import Paths, private_directory
from tests.support.waiting import wait_until

PATIENCE_S = 30.0


class Account:
    """A provider at which making a sandbox takes as long as a test says."""

    mark = "as it is"

    def __init__(self, until: Callable[[], Awaitable[None]]) -> None:
        self.made: list[Any] = []
        self.ended: list[Any] = []
        self.brought: list[bytes] = []
        self.found: Any = None
        self.volume: set[str] = set()
        self.until = until

    async def find(self, container_id: str) -> Any:
        return self.found

    async def put_cargo(self, cargo: Cargo) -> None:
        self.volume.add(cargo.folder)

    async def landed(self, cargo: Cargo, *, well: bool) -> None:
        self.volume.discard(cargo.folder)

    async def create(self, wanted: Wanted) -> Any:
        self.made.append(SimpleNamespace(object_id=f"sb-{wanted.name}"))
        await self.until()
        return self.made[-1]

    async def living(self, container_id: str) -> Any:
        return self.found

    async def end(self, sandbox: Any) -> None:
        self.ended.append(sandbox)

    async def bring(self, container_id: str, sandbox: Any, archive: Path) -> tuple[int, str]:
        self.brought.append(archive.read_bytes()[:2])
        return 0, ""


async def at_once() -> None:
    """The provider makes a sandbox without waiting for anything."""


async def make(
    account: Account,
    home: Path,
    workspace: Path,
    record: SandboxRecord | None = None,
) -> None:
    """Make a container there."""
    paths = Paths(home)
    private_directory(paths.container("c-1"))
    plan = ContainerPlan("c-1", "s", ["true"], workspace)
    await maker_at(account, home).make(plan, paths.container("c-1"), record)


def maker_at(account: Account, home: Path) -> Maker:
    """What makes sandboxes there."""
    return Maker(
        Paths(home),
        ModalConfig(workspace_mb=1),
        cast(Any, account),
        cast(Any, account),
        heartbeat_s=10.0,
        history_lines=100,
    )


def form_of(paths: Paths, container_id: str) -> str:
    """How its sandbox was made."""
    record = records.read(paths.container(container_id))
    assert record is not None
    return record.form


async def test_the_archive_is_packed_while_the_sandbox_is_made(tmp_path: Path) -> None:
    archive = Paths(tmp_path).container("c-1") / "up.tgz"
    workspace = private_directory(tmp_path / "work")

    async def until_packed() -> None:
        # Who packs only afterwards is waited for in vain.
        await asyncio.to_thread(wait_until, archive.exists, PATIENCE_S)

    account = Account(until_packed)
    await make(account, tmp_path, workspace)
    assert account.brought == [b"\x1f\x8b"]
    assert (len(account.made), account.ended) == (1, [])


async def test_a_sandbox_for_which_nothing_could_be_packed_is_ended(tmp_path: Path) -> None:
    account = Account(at_once)
    with pytest.raises(FileNotFoundError):
        await make(account, tmp_path, tmp_path / "gone")
    assert account.ended == account.made
    assert len(account.made) == 1
    assert account.brought == []


async def test_a_sandbox_that_was_there_outlives_what_could_not_be_packed(tmp_path: Path) -> None:
    """Its container may have been brought by a controller that was killed before it could write that down."""
    account = Account(at_once)
    account.found = SimpleNamespace(object_id="sb-c-1")
    record = SandboxRecord("", str(tmp_path / "gone"), False, 1.0)
    with pytest.raises(FileNotFoundError):
        await make(account, tmp_path, tmp_path / "gone", record)
    assert (account.made, account.ended, account.brought) == ([], [], [])


async def test_of_what_could_not_be_packed_nothing_stays_on_the_volume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = private_directory(tmp_path / "work")
    (workspace / "large").write_bytes(bytes(2 << 20))
    account = Account(at_once)
    seen: list[set[str]] = []

    async def until_put() -> None:
        seen.append(set(account.volume))

    account.until = until_put

    def full(target: Path, **_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(freight, "pack", full)
    with pytest.raises(OSError, match="No space left"):
        await make(account, tmp_path, workspace)
    assert seen == [{f"{WORKSPACES}/c-1"}]
    assert account.volume == set()
    assert account.ended == account.made


async def test_of_a_sandbox_that_is_known_no_more_than_its_id_is_kept(tmp_path: Path) -> None:
    """A thousand at once are a hundred thousand objects, and each search for garbage goes through all of them."""
    known, strange = (SimpleNamespace(object_id=each) for each in ("sb-1", "sb-2"))

    async def listed(**_: object) -> AsyncIterator[Any]:
        for each in (known, strange):
            yield each

    async def app() -> Any:
        return SimpleNamespace(app_id="ap-1")

    provider = Provider(Paths(tmp_path), ModalConfig())
    sandbox = SimpleNamespace(list=SimpleNamespace(aio=listed))
    provider.account = cast(Any, SimpleNamespace(app=app, modal=SimpleNamespace(Sandbox=sandbox)))
    assert await provider.running({}, {"sb-1"}) == {"sb-1": None, "sb-2": strange}


async def test_what_was_refused_before_anybody_asked_for_a_sandbox_was_not_made(tmp_path: Path) -> None:
    """It is not paid for: what came before, as copying a workspace, was done here."""
    backend = ModalBackend(Paths(tmp_path), ModalConfig(), heartbeat_s=10.0)
    plan = ContainerPlan("c-1", "s", ["true"], private_directory(tmp_path / "work"), persistent=True)
    with pytest.raises(ParheliaError, match="E603") as refused:
        await backend.create(plan)
    assert refused.value.details[UNMADE] is True


class Silent(Account):
    """A provider that does not answer while a container is brought to its sandbox."""

    answers = False

    async def create(self, wanted: Wanted) -> Any:
        self.found = await super().create(wanted)
        return self.found

    async def bring(self, container_id: str, sandbox: Any, archive: Path) -> tuple[int, str]:
        if self.answers:
            return await super().bring(container_id, sandbox, archive)
        raise ParheliaError("E503", "the workspace could not be brought") from ConnectionError()


async def unanswered(
    account: Account, home: Path, workspace: Path, before: SandboxRecord | None = None
) -> SandboxRecord:
    """The record of a sandbox to which a container was brought, as far as anybody knows."""
    with pytest.raises(ParheliaError, match="E503") as broken:
        await make(account, home, workspace, before)
    assert UNSURE in broken.value.details
    assert UNMADE not in broken.value.details
    record = records.read(Paths(home).container("c-1"))
    assert record is not None
    return record


async def test_a_container_whose_bringing_was_not_answered_is_brought_there_again(tmp_path: Path) -> None:
    account, workspace = Silent(at_once), private_directory(tmp_path / "work")
    record = await unanswered(account, tmp_path, workspace)
    # Its host key too: the sandbox may have it by now.
    host_key = Paths(tmp_path).container("c-1") / "ssh" / "host_key"
    before = host_key.read_bytes()
    record = await unanswered(account, tmp_path, workspace, record)
    assert host_key.read_bytes() == before
    account.answers = True
    await make(account, tmp_path, workspace, record)
    assert (len(account.made), account.ended, len(account.brought)) == (1, [], 1)
    noted = records.read(Paths(tmp_path).container("c-1"))
    assert noted is not None
    assert noted.brought


async def test_one_that_may_have_begun_in_a_sandbox_that_is_gone_is_made_nowhere_else(tmp_path: Path) -> None:
    account, workspace = Silent(at_once), private_directory(tmp_path / "work")
    record = await unanswered(account, tmp_path, workspace)
    account.answers, account.found = True, None
    with pytest.raises(ParheliaError, match="it may have begun there") as gone:
        await make(account, tmp_path, workspace, record)
    assert not {UNSURE, UNMADE} & set(gone.value.details)
    assert (len(account.made), account.brought) == (1, [])


async def spare_for(account: Account, home: Path, workspace: Path) -> SandboxRecord:
    """The record of a sandbox that was kept ready, made like one that ran before."""
    account.mark = "as it is"
    await make(account, home, workspace)
    before = records.read(Paths(home).container("c-1"))
    assert before is not None
    assert before.form
    account.made.clear()
    account.brought.clear()
    account.found = SimpleNamespace(object_id="sb-spare")
    return SandboxRecord("sb-spare", "", False, time.time(), form=before.form, is_spare=True)


async def test_a_container_is_brought_to_the_sandbox_that_waits_for_it(tmp_path: Path) -> None:
    account, workspace = Account(at_once), private_directory(tmp_path / "work")
    record = await spare_for(account, tmp_path, workspace)
    await make(account, tmp_path, workspace, record)
    assert (account.made, account.ended, len(account.brought)) == ([], [], 1)
    noted = records.read(Paths(tmp_path).container("c-1"))
    assert noted is not None
    assert (noted.object_id, noted.workspace, noted.is_spare) == ("sb-spare", str(workspace), False)


@pytest.mark.parametrize("what", ["image", "key", "time", "sandbox"])
async def test_one_that_is_not_what_would_be_made_now_gives_way(tmp_path: Path, what: str) -> None:
    account, workspace = Account(at_once), private_directory(tmp_path / "work")
    record = await spare_for(account, tmp_path, workspace)
    spare = account.found
    if what == "image":
        account.mark = "another"
    elif what == "key":
        records.keep_secret(Paths(tmp_path), "parhelia")
    elif what == "time":
        record = replace(record, created_at=time.time() - 800)
    else:
        account.found = None
    await make(account, tmp_path, workspace, record)
    assert (len(account.made), len(account.brought)) == (1, 1)
    assert account.ended == ([] if what == "sandbox" else [spare])
    noted = records.read(Paths(tmp_path).container("c-1"))
    assert noted is not None
    assert noted.object_id == account.made[0].object_id


ALLOWING = EgressPlan("t-1", url="https://api.example.org", allow=("example.com",))


@pytest.mark.parametrize("network", ["none", "api", "allowlist", "open"])
async def test_one_that_is_made_like_another_serves_the_next_until_something_is_changed(
    tmp_path: Path, network: str
) -> None:
    account, paths = Account(at_once), Paths(tmp_path)
    way = None if network == "none" else ALLOWING
    plan = ContainerPlan(
        "c-1", "s", ["true"], private_directory(tmp_path / "work"), network=network, egress=way
    )
    private_directory(paths.container("c-1"))
    maker = maker_at(account, tmp_path)
    await maker.make(plan, paths.container("c-1"), None)

    def alike(container_id: str) -> bool:
        """What the next task would find, by the record of what the first one had."""
        return form_of(paths, container_id) == form_of(paths, "c-1")

    await maker.make_spare("c-2", "c-1", network, way)
    assert alike("c-2")
    assert maker.serves("c-2", network, way)
    # The key came after the first was made, and the configuration was changed.
    records.keep_secret(paths, "parhelia")
    assert not maker.serves("c-2", network, way)
    account.mark = "another"
    await maker.make_spare("c-3", "c-1", network, way)
    assert maker.serves("c-3", network, way)
    assert json.loads(form_of(paths, "c-3"))["secret"] == ("" if way is None else "parhelia")
    if way is None:
        return
    # Another API, and other hosts.
    reaches = {"open": True, "api": True, "allowlist": False}
    assert maker.serves("c-3", network, replace(way, allow=("example.net",))) == reaches[network]
    elsewhere = replace(way, url="https://other.example.org")
    assert maker.serves("c-3", network, elsewhere) == (network == "open")
    await maker.make_spare("c-4", "c-1", network, elsewhere)
    assert maker.serves("c-4", network, elsewhere)


async def test_one_for_which_nothing_could_be_packed_is_ended_too(tmp_path: Path) -> None:
    account, workspace = Account(at_once), private_directory(tmp_path / "work")
    record = await spare_for(account, tmp_path, workspace)
    with pytest.raises(FileNotFoundError):
        await make(account, tmp_path, tmp_path / "gone", record)
    assert account.found in account.ended
    assert account.brought == []
