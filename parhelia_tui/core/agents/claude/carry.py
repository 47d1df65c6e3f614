"""What of the user's own configuration goes along into a container, and what stays behind and why.

Read on this machine, written into the container's home, and never back. Nothing of it is run here. Secrets stay
behind, as does what names programs or paths of this machine; all of that is listed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parhelia_tui.core.agents.claude import filters
from parhelia_tui.core.model.redaction import redacted
from parhelia_tui.core.model.text import one_line

TEXTS = ("CLAUDE.md", "rules", "skills", "agents", "commands", "output-styles")
"""Below `~/.claude`: texts, with what skills keep beside them."""
FILE_BYTES = 1_000_000
ALL_BYTES = 20_000_000
MOST_FILES = 2000


@dataclass(frozen=True, slots=True)
class Carried:
    """One thing that goes along.

    Args:
        kind: text, settings, mcp or plugin.
        name: as it is called below the home or in the settings.
        note: what was changed in it; empty for nothing.
    """

    kind: str
    name: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Left:
    """One thing that stays behind, and why."""

    name: str
    why: str


@dataclass(slots=True)
class Manifest:
    """All of it.

    Args:
        files: what is written below `~/.claude` inside, by its path there.
        servers: MCP servers by name, for `--mcp-config`.
        plugins: directories of this machine, for `--plugin-dir`.
    """

    carried: list[Carried] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    servers: dict[str, Any] = field(default_factory=dict)
    plugins: list[Path] = field(default_factory=list)


def manifest(home: Path, project: Path, inside: str) -> Manifest:
    """Read what there is.

    Args:
        home: of the user.
        project: the workspace on this machine, which user settings may say something of.
        inside: the agent's home as it sees it.
    """
    found = Manifest()
    own = home / ".claude"
    rewrite = ((str(own), f"{inside}/.claude"), (str(project), "/workspace"))
    _texts(found, own, rewrite)
    _settings(found, own / "settings.json", rewrite)
    _plugins(found, own)
    state = _object(home / ".claude.json")
    known = state.get("projects")
    here = known.get(str(project), {}) if isinstance(known, dict) else {}
    for servers in (state.get("mcpServers"), here.get("mcpServers") if isinstance(here, dict) else None):
        _servers(found, servers, rewrite)
    for name, why in (
        (".claude.json", "generated anew: it holds account, keys and the paths of every project"),
        (".claude/.credentials.json", "the account's keys; the API is reached by the meter"),
    ):
        if (home / name).exists():
            found.left.append(Left(name, why))
    return found


def _texts(found: Manifest, own: Path, rewrite: Sequence[tuple[str, str]]) -> None:
    room = ALL_BYTES
    for name, path in _files(own):
        if len(found.files) >= MOST_FILES:
            found.left.append(Left(name, f"more than {MOST_FILES} files"))
            return
        try:
            data = path.read_bytes() if path.stat().st_size <= min(FILE_BYTES, room) else None
        except OSError as error:
            found.left.append(Left(name, f"cannot be read: {error.strerror}"))
            continue
        if data is None:
            found.left.append(Left(name, f"larger than {FILE_BYTES // 1_000_000} MB, or too much in all"))
            continue
        room -= len(data)
        note = ""
        try:
            before = data.decode("utf-8")
        except UnicodeDecodeError:
            before = None
        if before is not None:
            text = filters.rewritten(before, rewrite)
            hidden = redacted(text)
            said = [*(["paths"] if text != before else []), *(["secrets left out"] if hidden != text else [])]
            note, data = ", ".join(said), hidden.encode()
            for imported in filters.outside_imports(hidden):
                found.left.append(Left(f"{name}: @{one_line(imported, 100)}", "a path of this machine"))
        found.files[name] = data
        found.carried.append(Carried("text", name, note))


def _files(own: Path) -> Iterator[tuple[str, Path]]:
    """Files and their names below `~/.claude`; links are followed, as people keep these in repositories."""
    for top in TEXTS:
        start = own / top
        if start.is_file():
            yield top, start
            continue
        seen: set[str] = set()
        for directory, names, files in os.walk(start, followlinks=True):
            real = os.path.realpath(directory)
            if real in seen:
                names.clear()
                continue
            seen.add(real)
            names[:] = sorted(each for each in names if each not in (".git", "node_modules", "__pycache__"))
            for each in sorted(files):
                path = Path(directory, each)
                if path.is_file():
                    yield str(path.relative_to(own)), path


def _settings(found: Manifest, path: Path, rewrite: Sequence[tuple[str, str]]) -> None:
    kept, left = filters.settings(_object(path), rewrite)
    found.left += [Left(f"settings.json: {name}", why) for name, why in left]
    found.carried += [Carried("settings", name) for name in kept]
    if kept:
        found.files["settings.json"] = json.dumps(kept, indent=2).encode()


def _plugins(found: Manifest, own: Path) -> None:
    enabled = _object(own / "settings.json").get("enabledPlugins")
    installed = _object(own / "plugins" / "installed_plugins.json").get("plugins")
    for name, entries in (installed if isinstance(installed, dict) else {}).items():
        if isinstance(enabled, dict) and enabled.get(name) is False:
            continue
        places = entries if isinstance(entries, list) else [entries]
        place = next((each.get("installPath") for each in places if isinstance(each, dict)), None)
        if isinstance(place, str) and place.startswith("/") and Path(place).is_dir():
            found.plugins.append(Path(place))
            found.carried.append(Carried("plugin", one_line(str(name), 100)))
        else:
            found.left.append(Left(f"plugin {one_line(str(name), 100)}", "its directory is not there"))


def _servers(found: Manifest, servers: object, rewrite: Sequence[tuple[str, str]]) -> None:
    for name, about in (servers if isinstance(servers, dict) else {}).items():
        shown = one_line(str(name), 100)
        kept, left = filters.server(about, rewrite)
        found.left += [Left(f"MCP server {shown}{what}", why) for what, why in left]
        if kept is not None:
            found.servers[str(name)] = kept
            found.carried.append(Carried("mcp", shown))


def _object(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > 20_000_000:
            return {}
        said = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
