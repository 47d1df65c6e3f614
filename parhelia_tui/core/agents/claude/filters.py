"""What of settings and MCP servers can go into a container: rules alone, nothing is read or written here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from parhelia_tui.core.model.redaction import redacted
from parhelia_tui.core.model.text import one_line

KEPT = frozenset(
    {
        *("model", "language", "outputStyle", "theme", "verbose", "alwaysThinkingEnabled", "effortLevel"),
        *("includeCoAuthoredBy", "attribution", "includeGitInstructions", "respectGitignore", "editorMode"),
        *("spinnerTipsEnabled", "prefersReducedMotion", "showTurnDuration", "autoMemoryEnabled"),
    }
)
"""Settings that mean the same in a container."""
WHYS: Mapping[str, str] = {
    "hooks": "they run programs of this machine",
    "statusLine": "it runs a program of this machine",
    "fileSuggestion": "it runs a program of this machine",
    "apiKeyHelper": "it gives a key; the API is reached by the meter",
    "awsAuthRefresh": "it gives a key",
    "awsCredentialExport": "it gives a key",
    "gcpAuthRefresh": "it gives a key",
    "otelHeadersHelper": "it runs a program of this machine",
    "forceLoginMethod": "there is no account inside",
    "sandbox": "the container keeps it in",
    "enabledPlugins": "plugins are given by --plugin-dir",
    "extraKnownMarketplaces": "plugins are given by --plugin-dir",
    "skipDangerousModePermissionPrompt": "Parhelia says it",
}
_SECRET_NAME = re.compile(r"(?i)key|token|secret|passw|auth|credential|cookie|session|private|dsn|connection")
_MACHINE_NAME = re.compile(
    r"(?i)^(ANTHROPIC_|CLAUDE_|AWS_|GOOGLE_|PARHELIA_|LD_|HTTPS?_PROXY|NO_PROXY|PATH$|HOME$)"
)
_IMPORT = re.compile(r"(?<![\w`])@(/[^\s`\"')]+)")
_THERE = ("/usr/", "/opt/", "/bin/", "/workspace", "/home/agent")


def rewritten(text: str, rewrite: Sequence[tuple[str, str]]) -> str:
    """A text with paths of this machine in place of which there are others inside."""
    for here, inside in rewrite:
        text = re.sub(rf"{re.escape(here)}(?=$|[/\s\"'`),:;\]])", inside.replace("\\", r"\\"), text)
    return text


def outside_imports(text: str) -> list[str]:
    """The files that a text imports by a path that is not there inside."""
    found = [each.rstrip(".,;:") for each in _IMPORT.findall(text)]
    return [each for each in found if not each.startswith(_THERE)]


def settings(
    given: Mapping[str, Any], rewrite: Sequence[tuple[str, str]]
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Sort settings.

    Returns:
        What goes along, and what stays behind as names with reasons.
    """
    kept: dict[str, Any] = {}
    left: list[tuple[str, str]] = []
    for name, value in given.items():
        if name == "env":
            env, gone = variables(value, rewrite)
            left += [(f"env.{each}", why) for each, why in gone]
            kept |= {"env": env} if env else {}
        elif name == "permissions" and isinstance(value, dict):
            rules, gone = _permissions(value, rewrite)
            left += [(f"permissions.{each}", why) for each, why in gone]
            kept |= {"permissions": rules} if rules else {}
        elif name in KEPT and _is_clean(value):
            kept[name] = value
        else:
            left.append((one_line(name, 80), WHYS.get(name, "not known to mean the same inside")))
    return kept, left


def _permissions(
    given: Mapping[str, Any], rewrite: Sequence[tuple[str, str]]
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    rules: dict[str, Any] = {}
    left: list[tuple[str, str]] = []
    for name, value in given.items():
        if name in ("allow", "deny", "ask") and isinstance(value, list):
            rules[name] = [rewritten(each, rewrite) for each in value if isinstance(each, str)]
        else:
            why = "the task's permission mode counts" if name == "defaultMode" else "a path of this machine"
            left.append((one_line(name, 80), why))
    return rules, left


def variables(
    given: object, rewrite: Sequence[tuple[str, str]]
) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Sort environment variables: a name or a value that looks like a secret stays behind."""
    kept: dict[str, str] = {}
    left: list[tuple[str, str]] = []
    for name, value in (given if isinstance(given, dict) else {}).items():
        shown = one_line(str(name), 80)
        if not isinstance(value, str) or _SECRET_NAME.search(str(name)) or not _is_clean(value):
            left.append((shown, "it may be a secret"))
        elif _MACHINE_NAME.search(str(name)):
            left.append((shown, "Parhelia says it"))
        else:
            kept[str(name)] = rewritten(value, rewrite)
    return kept, left


def server(
    about: object, rewrite: Sequence[tuple[str, str]]
) -> tuple[dict[str, Any] | None, list[tuple[str, str]]]:
    """Sort one MCP server.

    Returns:
        It as it can go along, None where it cannot; and what of it stays behind, as endings of its name.
    """
    if not isinstance(about, dict):
        return None, [("", "it is none")]
    left: list[tuple[str, str]] = []
    if isinstance(about.get("url"), str):
        if not _is_clean(about["url"]) or "?" in about["url"]:
            return None, [("", "its address may hold a secret")]
        headers = about.get("headers")
        left += [(f": header {one_line(str(each), 60)}", "it may be a secret") for each in headers or ()]
        return {"type": str(about.get("type", "http")), "url": about["url"]}, left
    command, words = about.get("command"), about.get("args") or []
    if not isinstance(command, str) or not isinstance(words, list):
        return None, [("", "it is none")]
    line = [rewritten(each, rewrite) for each in (command, *words) if isinstance(each, str)]
    if not all(_is_clean(each) for each in line) or any(
        _SECRET_NAME.search(each) for each in line[1:] if "=" in each
    ):
        return None, [("", "its arguments may hold a secret")]
    gone = next((each for each in line if each.startswith("/") and not each.startswith(_THERE)), None)
    if gone is not None:
        return None, [("", f"{one_line(gone, 100)} is not there inside")]
    env, hidden = variables(about.get("env"), rewrite)
    left += [(f": variable {name}", why) for name, why in hidden]
    return {"type": "stdio", "command": line[0], "args": line[1:], "env": env}, left


def _is_clean(value: object) -> bool:
    """Say whether nothing in a value has the form of a key."""
    text = str(value)
    return redacted(text) == text
