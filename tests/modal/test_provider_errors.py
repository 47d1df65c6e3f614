"""What becomes of the SDK's errors between a sandbox that is known and a look at it; the emulator refuses both at once."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from grpclib.exceptions import StreamTerminatedError

from parhelia_tui.core.backends.modal.provider import Provider
from parhelia_tui.core.backends.modal.trouble import may_pass
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.config_backends import ModalConfig
from parhelia_tui.core.settings.paths import Paths


class PermissionDeniedError(Exception):
    """Named as the SDK's, which are told by their names."""


class NotFoundError(Exception):
    """Named as the SDK's."""


def sandbox(said: int | Exception | None) -> Any:
    """A sandbox of which the provider says this when it is asked whether it has ended."""

    async def poll() -> int | None:
        if isinstance(said, Exception):
            raise said
        return said

    return SimpleNamespace(poll=SimpleNamespace(aio=poll))


@pytest.fixture
def provider(tmp_path: Path) -> Provider:
    return Provider(Paths(tmp_path), ModalConfig())


async def test_a_look_that_is_refused_is_told_in_words(provider: Provider) -> None:
    with pytest.raises(ParheliaError) as caught:
        await provider.is_running(sandbox(PermissionDeniedError("no")))
    assert caught.value.code == "E503"


def test_a_connection_that_is_lost_may_come_back() -> None:
    assert may_pass(StreamTerminatedError("Connection lost"))
    assert not may_pass(PermissionDeniedError("no"))


@pytest.mark.parametrize(
    ("said", "runs"), [(None, True), (0, False), (137, False), (NotFoundError("gone"), False)]
)
async def test_a_sandbox_runs_until_the_provider_says_that_it_does_not(
    provider: Provider, said: int | Exception | None, runs: bool
) -> None:
    assert await provider.is_running(sandbox(said)) is runs
