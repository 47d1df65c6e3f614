"""What the file of a project may set.

`.parhelia.toml` lies in the workspace, so it may come from a stranger or be written by an agent. It may say
how work on this project is done; it may not widen what a container reaches, say what costs money, or
speak for the machine. Whatever is not named here is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from parhelia_tui.core.settings.config_layers import KeyPath, Layer, leaves, shown, value_at

FREE = frozenset(
    {
        ("defaults", "agent"),
        ("defaults", "persistent"),
        # Inside, the workspace's own programs could set these for themselves.
        ("defaults", "env"),
    }
)
"""Keys that a project may set to any value."""

NARROWER: Mapping[KeyPath, tuple[str, ...]] = {
    # `open` reaches the services of the machine's own network.
    ("defaults", "network"): ("none", "api", "allowlist", "open"),
    # `shared` writes into the directory itself.
    ("defaults", "workspace_mode"): ("empty", "clone", "shared"),
    # Numbers: another project's work is not pushed back, no limit of the user is lifted.
    ("defaults", "priority"): (),
    ("defaults", "limits", "cpus"): (),
    ("defaults", "limits", "memory_mb"): (),
    ("defaults", "limits", "pids"): (),
    ("defaults", "limits", "lifetime_s"): (),
}
"""Keys that a project may set to what is narrower than, or the same as, what lies below; words in order."""

# Where an agent's conversation goes, and the program's own variables, are not for a project to say.
_ENV_REFUSED = ("PARHELIA_", "ANTHROPIC_", "CLAUDE_", "LD_")
_WHERE = "set it in your own configuration file, by a variable or by a flag"


def check_project(layer: Layer, below: Mapping[str, Any]) -> None:
    """Refuse a project's layer that sets what is not for it.

    Args:
        layer: what the project's file sets, or one profile of it; checked for its form already.
        below: what the built-in values and the files of machine and user give.

    Raises:
        ParheliaError: E700 with key and place.
    """
    for path, value in leaves(layer.data):
        if path[:2] == ("defaults", "env"):
            if path[2].upper().startswith(_ENV_REFUSED):
                raise layer.error(path, f"a project may not set the variable {path[2]}; {_WHERE}")
        elif path in NARROWER:
            _check_narrower(layer, path, value, value_at(below, path))
        elif path not in FREE:
            raise layer.error(path, f"a project may not set {shown(path)}; {_WHERE}")


def _check_narrower(layer: Layer, path: KeyPath, value: Any, limit: Any) -> None:
    words = NARROWER[path]
    wider = words.index(value) > words.index(limit) if words else limit is not None and value > limit
    if wider:
        raise layer.error(path, f"a project may not raise {shown(path)} from {limit} to {value}; {_WHERE}")


def may_set(path: KeyPath) -> str:
    """Say in one word what a project may do with a key: `yes`, `narrower` or `no`."""
    if path in FREE:
        return "yes"
    return "narrower" if path in NARROWER else "no"
