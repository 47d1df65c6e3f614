"""The pages of docs/screens name the keys of their screens as they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from parhelia_tui.views import views

PAGES = Path(__file__).resolve().parents[2] / "docs" / "screens"
OF = {
    "checkpoints": ("Checkpoints", "CheckpointPage", "FileDiff", "Recover"),
    "container": ("Container", "Hosts"),
    "events": ("Events",),
    "help": ("Help",),
    "home": ("Home", "Arrange", "Ask", "Confirm", "CommandLine", "CommandOutput"),
    "inbox": ("Inbox",),
    "new-task": ("NewTask",),
    "pulses": ("Pulses",),
    "settings": ("Settings",),
    "task": ("TaskDetails", "EditText", "Log"),
    "time-travel": ("TimeTravel", "PastTask"),
    "trash": ("Trash",),
    "tree": ("Tree",),
    "wall": ("Wall",),
}
WRITTEN = {
    "question_mark": "?", "slash": "/", "dollar_sign": "$", "escape": "Esc", "space": "Space", "enter": "Enter",
    "delete": "Del", "tab": "Tab", "shift+tab": "Shift+Tab", "left": "←", "right": "→", "up": "↑", "down": "↓",
    "left_square_bracket": "[", "right_square_bracket": "]", "at": "@", "colon": ":", "minus": "-",
    "left_curly_bracket": "{", "right_curly_bracket": "}", "pageup": "PgUp", "pagedown": "PgDn", "home": "Home",
    "end": "End", "less_than_sign": "<", "greater_than_sign": ">", "ctrl+z": "Ctrl+Z", "ctrl+s": "Ctrl+S",
    "ctrl+c": "Ctrl+C",
}  # fmt: skip
EVERYWHERE = ("?", "j", "k", "g", "G", "Esc", "q", "l", *"2345678")
"""Named once on the page of the home screen: the list of keys, lines, the way back, digits between two."""


@pytest.mark.parametrize("page", OF)
def test_a_page_names_each_key_of_its_screens(page: str) -> None:
    prose = re.sub(r"```.*?```", "", (PAGES / f"{page}.md").read_text(), flags=re.DOTALL)
    spans = re.findall(r"`([^`]+)`", prose)
    named = {*spans, *(word for span in spans for word in span.split()), *EVERYWHERE}
    known = {each["view"]: each["keys"] for each in views()}
    missed = [
        (view, key["keys"], key["does"])
        for view in OF[page]
        for key in known[view]
        if key["action"] != "off" and not {WRITTEN.get(each, each) for each in key["keys"]} & named
    ]
    assert missed == []


def test_every_screen_has_its_page() -> None:
    assert {view for views in OF.values() for view in views} == {each["view"] for each in views()} - {
        "TooSmall"
    }
