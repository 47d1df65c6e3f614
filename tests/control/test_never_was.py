"""What is ended before anybody asked a provider for its place has cost nothing; where that is not known, it may have."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from parhelia_tui.core.backends.base import Sighting
from parhelia_tui.core.control.settle import _never_was
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.states import ContainerState

BEGUN = Sighting("c-1", alive=False, started=False, exit=None)


@pytest.mark.parametrize(
    ("state", "seen", "never"),
    [
        (ContainerState.CREATING, None, True),
        (ContainerState.CREATING, BEGUN, False),
        (ContainerState.CREATING, ParheliaError("E503", "it does not tell"), False),
        (ContainerState.RUNNING, None, False),
    ],
)
async def test_it_never_was(
    state: ContainerState, seen: Sighting | ParheliaError | None, never: bool
) -> None:
    async def look(container_id: str) -> Sighting | None:
        if isinstance(seen, ParheliaError):
            raise seen
        return seen

    backend = SimpleNamespace(look=look)
    context: Any = SimpleNamespace(backend_of=lambda container: backend)
    container: Any = SimpleNamespace(id="c-1", state=state)
    assert await _never_was(context, container) is never
