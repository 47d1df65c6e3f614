"""The form for a new task."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Select, Static, TextArea

from parhelia_tui.core.model.errors import ParheliaError


class NewTaskScreen(ModalScreen["dict[str, Any] | None"]):
    """Asks for agent, prompt, workspace and network; gives the fields of a request, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave"),
        Binding("ctrl+s", "submit", "Create"),
    ]
    DEFAULT_CSS = """
    NewTaskScreen { align: center middle; }
    NewTaskScreen > VerticalScroll {
        width: 76; max-width: 98%; height: auto; max-height: 96%; padding: 0 1;
        background: $panel; border: round $primary;
    }
    NewTaskScreen TextArea { height: 5; }
    NewTaskScreen .row { height: auto; }
    NewTaskScreen .row > Select { width: 1fr; }
    NewTaskScreen #fault { color: $error; height: auto; }
    NewTaskScreen Input, NewTaskScreen Select { height: 3; }
    """

    def __init__(self, agents: list[tuple[str, str]], before: dict[str, Any], check: Any) -> None:
        """Args: agents: names with a line about each; before: the last answers; check: refuses with words."""
        super().__init__()
        self._agents = agents
        self._before = before
        self._check = check

    def compose(self) -> ComposeResult:
        """The fields, each with what was answered last time."""
        known = self._before
        body = VerticalScroll()
        body.border_title = "New task"
        body.border_subtitle = "Tab next   Ctrl+S create   Esc leave"
        with body:
            yield Static(Text("Prompt, or command line for the agent shell", "dim"))
            yield TextArea(known.get("prompt", ""), id="prompt", tab_behavior="focus")
            with Horizontal(classes="row"):
                names = [(f"{name}: {about}", name) for name, about in self._agents]
                yield Select(names, value=known.get("agent", "shell"), allow_blank=False, id="agent")
                networks = [("network none", "none"), ("network open", "open")]
                yield Select(networks, value=known.get("network", "none"), allow_blank=False, id="network")
            yield Static(Text("Workspace, empty for a new directory", "dim"))
            yield Input(known.get("workspace", str(Path.cwd())), id="workspace")
            yield Static("", id="fault")
            yield Button("Create", id="create", variant="primary")

    def on_mount(self) -> None:
        """Begin with the prompt."""
        self.query_one("#prompt").focus()

    def fields(self) -> dict[str, Any]:
        """What stands in the form, as fields of a request."""
        workspace = self.query_one("#workspace", Input).value.strip()
        return {
            "prompt": self.query_one("#prompt", TextArea).text,
            "agent": str(self.query_one("#agent", Select).value),
            "network": str(self.query_one("#network", Select).value),
            **(
                {"workspace": workspace, "workspace_mode": "shared"}
                if workspace
                else {"workspace_mode": "empty"}
            ),
        }

    def _fault_of(self, fields: dict[str, Any]) -> str:
        try:
            self._check(fields)
        except ParheliaError as error:
            return error.message
        return ""

    def on_input_changed(self) -> None:
        """Say at once what is wrong with the workspace."""
        fields = {**self.fields(), "prompt": "x", "agent": "shell"}
        self.query_one("#fault", Static).update(Text(self._fault_of(fields)))

    def on_button_pressed(self) -> None:
        """Create."""
        self.action_submit()

    def action_submit(self) -> None:
        """Give the fields, or say what is wrong with them."""
        fields = self.fields()
        fault = self._fault_of(fields)
        if fault:
            self.query_one("#fault", Static).update(Text(fault))
            return
        self.dismiss(fields)

    def action_leave(self) -> None:
        """Leave without creating anything."""
        self.dismiss(None)
