"""The backends by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from parhelia_tui.core.backends.base import Backend
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.paths import Paths

if TYPE_CHECKING:
    from parhelia_tui.core.settings.config_backends import ModalConfig

BACKENDS = frozenset({"local", "modal"})


def backend(
    name: str,
    paths: Paths,
    *,
    heartbeat_s: float = 10.0,
    system_paths: Sequence[str] = ("/usr", "/opt"),
    history_lines: int = 10_000,
    modal: ModalConfig | None = None,
) -> Backend:
    """Make the backend of this name for a state directory.

    Args:
        heartbeat_s: seconds between two heartbeats of its containers.
        system_paths: directories of this machine that containers see, read-only.
        history_lines: what a session keeps for scrolling back.
        modal: of the backend `modal`; its defaults when not given.

    Raises:
        ParheliaError: E603 when there is none of this name.
    """
    if name not in BACKENDS:
        raise ParheliaError("E603", f"there is no backend {name!r}", details={"known": sorted(BACKENDS)})
    if name == "modal":
        from parhelia_tui.core.backends.modal.backend import ModalBackend
        from parhelia_tui.core.settings.config_backends import ModalConfig

        return ModalBackend(
            paths, modal or ModalConfig(), heartbeat_s=heartbeat_s, history_lines=history_lines
        )
    from parhelia_tui.core.backends.local.backend import LocalBackend

    return LocalBackend(
        paths, heartbeat_s=heartbeat_s, system_paths=system_paths, history_lines=history_lines
    )
