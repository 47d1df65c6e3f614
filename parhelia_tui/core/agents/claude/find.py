"""Finding the user's own Claude Code, and what its version can do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from parhelia_tui.core.agents.base import Probe
from parhelia_tui.core.model.text import one_line

TESTED = ((2, 1, 197), (2, 1, 329))
"""The versions that the tests run, oldest and newest."""

INSTALL = (
    "install it (npm install -g @anthropic-ai/claude-code), or say where it is"
    " (claude.path in the configuration); a command line runs with --agent shell"
)
_ELF = b"\x7fELF"
_PLACES = (".local/bin/claude", ".claude/local/claude")
_PACKAGES = "@anthropic-ai/claude-code-linux-*/claude"


@dataclass(frozen=True, slots=True)
class Found:
    """A program on this machine.

    Args:
        path: the binary, without links; it needs nothing beside it.
        version: as (2, 1, 329); empty where it does not tell one.
    """

    path: Path
    version: tuple[int, ...]


def find(configured: str | None, environ: Mapping[str, str]) -> Found | str:
    """Find the binary.

    Args:
        configured: its path by the configuration; nothing else is looked at then.

    Returns:
        What was found, or why nothing was, in words.
    """
    if configured:
        path = _binary(Path(configured).expanduser())
        return (
            _found(path) if path else f"there is no Claude Code at {one_line(configured, 200)} (claude.path)"
        )
    home = Path(environ.get("HOME") or "/")
    named = shutil.which("claude", path=environ.get("PATH", os.defpath))
    for each in (*([Path(named)] if named else []), *(home / place for place in _PLACES)):
        path = _binary(each)
        if path is not None:
            return _found(path)
    return f"Claude Code is not on this machine: {INSTALL}"


def _binary(path: Path) -> Path | None:
    """The native program behind a name: itself, or what a package of npm keeps beside its script."""
    real = path.resolve()
    if not os.access(real, os.X_OK) or not real.is_file():
        return None
    with real.open("rb") as file:
        if file.read(4) == _ELF:
            return real
    for above in real.parents:
        # As a package beside it, or below its own.
        for modules in (above / "node_modules", above):
            beside = [each for each in sorted(modules.glob(_PACKAGES)) if os.access(each, os.X_OK)]
            if beside:
                return beside[0].resolve()
        if above.name == "node_modules":
            break
    return None


_versions: dict[tuple[str, int, int], tuple[int, ...]] = {}


def _found(path: Path) -> Found:
    about = path.stat()
    key = (str(path), about.st_mtime_ns, about.st_size)
    if key not in _versions:
        _versions[key] = _version(path)
    return Found(path, _versions[key])


def _version(path: Path) -> tuple[int, ...]:
    """Ask the program, in an empty place and with nothing of the user's settings."""
    with tempfile.TemporaryDirectory() as empty:
        env = {"HOME": empty, "PATH": os.defpath, "DISABLE_AUTOUPDATER": "1", "DISABLE_TELEMETRY": "1"}
        try:
            done = subprocess.run(
                [str(path), "--version"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                cwd=empty,
                env=env,
                timeout=20,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ()
    return version_of(done.stdout)


def version_of(said: bytes) -> tuple[int, ...]:
    """Read a version out of what a program says; empty where it says none."""
    match = re.search(rb"(\d+)\.(\d+)\.(\d+)", said)
    return tuple(map(int, match.groups())) if match else ()


def probe(found: Found | str) -> Probe:
    """Say what was found, and how sure we are of it."""
    if isinstance(found, str):
        return Probe(problem=found)
    version = ".".join(map(str, found.version))
    first, last = TESTED
    warning = ""
    if not found.version:
        warning = "it does not tell its version; it is taken for the newest that was tested"
    elif found.version < first:
        warning = f"older than {'.'.join(map(str, first))}, the oldest that was tested"
    elif found.version > last:
        warning = f"newer than {'.'.join(map(str, last))}, the newest that was tested"
    can = ("terminal", "headless", "resume", "hooks", "approvals")
    return Probe(path=str(found.path), version=version, capabilities=can, warning=warning)
