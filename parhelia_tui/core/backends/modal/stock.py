"""What goes to a sandbox by the volume: a large workspace, or else what is the same for many sandboxes.

The user's configuration of an agent and its plugins lie there under the hash of their content, so that the next
sandbox need not be sent them again. A sandbox sees one folder of the volume, read-only: the SDK mounts a volume at
one place, and what others bring is nothing for an agent to see. It compares the hash before it unpacks anything.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from parhelia_tui.core.backends.modal import freight
from parhelia_tui.core.backends.modal.cargo import CONFIG, PLUGINS, WORKSPACES, Cargo
from parhelia_tui.core.backends.plan import ContainerPlan

WORTH_IT = 1 << 20
"""Bytes from which the volume is asked whether it has them; fewer are sent with the rest as fast as it answers."""
ARCHIVE = "cargo.tgz"


def cargo_of(plan: ContainerPlan, run: Path, home: Path, workspace_most: int) -> Cargo | None:
    """Pack what goes by the volume; None where all goes the direct way.

    Args:
        run: the run directory, which the archive is written to.
        workspace_most: bytes of a workspace that go the direct way.

    Raises:
        OSError: the disk is full.
    """
    target = run / ARCHIVE
    if freight.is_large(plan.workspace, workspace_most):
        freight.pack_workspace(target, plan.workspace)
        return Cargo(target, f"{WORKSPACES}/{plan.container_id}", _digest(target), WORKSPACES)
    carried = [name for name in plan.carried if _is_of(home, name)]
    sizes = {
        CONFIG: sum(freight.size_of(home / name, freight.MOUNTS_MOST) for name in carried),
        PLUGINS: sum(freight.size_of(each.source, freight.MOUNTS_MOST) for each in plan.mounts),
    }
    kind = max(sizes, key=lambda each: sizes[each])
    if sizes[kind] < WORTH_IT:
        return None
    if kind == CONFIG:
        freight.pack_carried(target, home, carried)
    else:
        freight.pack_mounts(target, plan.mounts)
    digest = _digest(target)
    return Cargo(target, f"{kind}/{digest}", digest, kind, carried if kind == CONFIG else ())


def _is_of(home: Path, name: str) -> bool:
    """Say whether it is there and reached through directories alone: an agent had the home, and may have made links."""
    place = home / name
    parts = [place, *place.parents]
    return place.exists() and not any(each.is_symlink() for each in parts[: parts.index(home)])


def _digest(archive: Path) -> str:
    with archive.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
