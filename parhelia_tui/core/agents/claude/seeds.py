"""The files that Claude Code finds in its home and on its command line, for each version.

Generated, never copied: the user's own `~/.claude.json` holds account, keys and the paths of every project.
With these the first prompt is reached without one dialog; each line keeps one away.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

WATCHED = (
    *("SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "Notification"),
    *("Stop", "SubagentStop", "PreCompact", "PermissionRequest"),
)
"""Events that every tested version knows; an unknown one makes a dialog at the start."""
LATER: Mapping[tuple[int, ...], tuple[str, ...]] = {(2, 1, 300): ("PostToolUseFailure", "StopFailure")}
"""Events that came with a version."""
KEY_CHARACTERS = 20
"""So many characters at the end of a key stand for it where it is approved."""


def state(directory: str, keys: Sequence[str]) -> str:
    """`~/.claude.json`.

    Args:
        directory: where the agent works, as it sees it.
        keys: that it may see as its API key; it would ask whether to use one.
    """
    return json.dumps(
        {
            "hasCompletedOnboarding": True,
            "theme": "dark",
            "autoUpdates": False,
            # Asked once where the settings name a mode; Enter would switch to another one.
            "hasSeenAutoDefaultNudge": True,
            "bypassPermissionsModeAccepted": True,
            "customApiKeyResponses": {
                "approved": [key[-KEY_CHARACTERS:] for key in keys if key],
                "rejected": [],
            },
            "projects": {
                directory: {
                    "hasTrustDialogAccepted": True,
                    "hasCompletedProjectOnboarding": True,
                    "projectOnboardingSeenCount": 4,
                    "allowedTools": [],
                    # A repository's own servers start inside, where they can reach what the agent reaches.
                    "enabledMcpjsonServers": [],
                    "disabledMcpjsonServers": [],
                }
            },
        }
    )


def settings(version: Sequence[int], hook: Sequence[str], ask: Sequence[str], deny: Sequence[str]) -> str:
    """What is given by `--settings`, which the agent can read and not change.

    Args:
        version: of the program; empty is the newest.
        hook: the command that takes every event; none where the agent has no terminal.
        ask: the command that asks for permission beside the dialog in the terminal.
        deny: rules of tools that are never allowed, also where everything else is.
    """
    hooks: dict[str, Any] = {}
    if hook:
        events = [
            *WATCHED,
            *(
                name
                for since, more in LATER.items()
                if not version or tuple(version) >= since
                for name in more
            ),
        ]
        hooks = {
            event: [{"hooks": [{"type": "command", "command": _words(hook), "timeout": 10}]}]
            for event in events
        }
        if ask:
            hooks["PermissionRequest"][0]["hooks"].append(
                {"type": "command", "command": _words(ask), "timeout": 86_400}
            )
    return json.dumps(
        {
            "hooks": hooks,
            "permissions": {"deny": list(deny)},
            "skipDangerousModePermissionPrompt": True,
            # They start inside, where they reach what the agent reaches; each would be asked for.
            "enableAllProjectMcpServers": True,
            "cleanupPeriodDays": 3650,
        }
    )


def _words(command: Sequence[str]) -> str:
    import shlex

    return shlex.join(command)
