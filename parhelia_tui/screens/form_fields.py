"""The fields of the form for a new task: what can be chosen in them, and the one in which a prompt is typed."""

from __future__ import annotations

from textual import events
from textual.message import Message
from textual.widgets import TextArea

MODES = (
    ("shared: work in it", "shared"),
    ("clone: work in a copy", "clone"),
    ("empty: a new directory", "empty"),
)
BACKENDS = (
    ("local: this machine", "local"),
    ("modal: a sandbox there", "modal"),
    ("auto: where it fits best", "auto"),
)
NETWORKS = (
    ("usual: by agent", ""),
    ("none: reaches nothing", "none"),
    ("api: the metered API alone", "api"),
    ("allowlist: and allowed hosts", "allowlist"),
    ("open: as this machine", "open"),
)
BUILT_IN = {"agent": "shell", "backend": "local", "network": "", "mode": "shared"}
"""What the fields show while the configuration is read, and what it may then change."""
NO_TEMPLATE = ("none", "")
FIELDS = {"agent": "agent", "backend": "backend", "network": "network", "mode": "workspace_mode"}
"""The fields of a request that the form shows, by its own names."""


class PromptArea(TextArea):
    """A text of several lines in which Enter sends and Ctrl+J breaks the line."""

    class Sent(Message):
        """Enter was pressed."""

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.prevent_default().stop()
            self.post_message(self.Sent())
        elif event.key == "ctrl+j":
            event.prevent_default().stop()
            self.insert("\n")
