"""What a persistent container keeps when it has ended: its home and its system, for the next one in its place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from parhelia_tui.core.backends.local import overlay, run_directory
from parhelia_tui.core.settings.paths import private_directory

_HOME, _SYSTEM = "home", "upper"


def keeps(run: Path) -> bool:
    """Say whether a run directory holds a home and a system that another container can take over."""
    return overlay.is_laid_out(run / _SYSTEM)


def take_over(run: Path, earlier: Sequence[Path]) -> Path | None:
    """Move home and system into the run directory of a container that was not created yet.

    Nothing is copied, so it costs the same for any size. The system goes last: who dies in between finds it
    where it was and does the rest, and a run directory that has one is left alone.

    Args:
        earlier: run directories of ended containers, the preferred first.

    Returns:
        The one that kept something, None where none did.

    Raises:
        OSError: a directory cannot be moved.
    """
    if (run / _SYSTEM).exists() or run_directory.was_started(run):
        return None
    for source in earlier:
        # A living one would go on writing into what is moved away under its mounts.
        if not keeps(source) or run_directory.is_alive(source):
            continue
        private_directory(run)
        if (source / _HOME).is_dir():
            (source / _HOME).rename(run / _HOME)
        (source / _SYSTEM).rename(run / _SYSTEM)
        return source
    return None
