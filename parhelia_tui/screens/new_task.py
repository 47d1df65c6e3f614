"""The form for a new task."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Input, Select, Static, TextArea
from textual.widgets.select import InvalidSelectValueError

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.targets import PLACE
from parhelia_tui.screens.form_fields import (
    BACKENDS,
    BUILT_IN,
    FIELDS,
    MODES,
    NETWORKS,
    NO_TEMPLATE,
    PromptArea,
)
from parhelia_tui.screens.form_foot import FormFoot
from parhelia_tui.screens.form_limit_fields import LimitFields
from parhelia_tui.screens.form_limits import LIMITS
from parhelia_tui.screens.form_reading import Make, estimate_of, fault_of, gpus, place_of
from parhelia_tui.screens.form_templates import FormTemplates
from parhelia_tui.widgets.keys_in_turn import OPENS, forget_keys
from parhelia_tui.widgets.painted_modal import PaintedModal


class NewTaskScreen(PaintedModal["tuple[bool, dict[str, Any]]"]):
    """Asks for prompt, agent, place, workspace and network, and may begin with a template.

    It gives whether the task is wanted, and the fields as they stood, also when it was left; `template` among them is
    the name of the chosen template, for the next time.

    Args:
        client: checks what is typed, and knows agents, templates and defaults.
        before: fields of the last answer or draft.
        remembered: fields of the last task of an earlier run; they go before what is configured.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave"),
        Binding("ctrl+s", "submit", "create"),
    ]
    AUTO_FOCUS = "#prompt"
    DEFAULT_CSS = """
    NewTaskScreen { align: center middle; }
    NewTaskScreen > Vertical {
        width: 78; max-width: 98%; height: auto; max-height: 100%; padding: 0 1; background: $panel;
        border: round $primary; border-title-color: $primary; border-subtitle-color: $secondary;
    }
    NewTaskScreen VerticalScroll { height: auto; max-height: 100%; scrollbar-size-vertical: 1; }
    NewTaskScreen FormFoot { dock: bottom; }
    NewTaskScreen Vertical Vertical { height: auto; width: 1fr; }
    NewTaskScreen Horizontal, NewTaskScreen Vertical Horizontal Vertical { height: 4; }
    NewTaskScreen Horizontal .label { height: 1; }
    NewTaskScreen Select, NewTaskScreen SelectCurrent { height: 3; }
    NewTaskScreen .label { color: $secondary; padding: 0 1; }
    NewTaskScreen TextArea { height: 5; }
    NewTaskScreen SelectCurrent Static { text-wrap: nowrap; text-overflow: ellipsis; }
    NewTaskScreen #template-field, NewTaskScreen #template-says { display: none; }
    NewTaskScreen #template-says { color: $secondary; height: auto; padding: 0 1; }
    """

    def __init__(
        self, client: Client, before: dict[str, Any], remembered: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__()
        self._client = client
        self._before = before
        self._kept = {**(remembered or {}), **before}
        self._limits = LimitFields({**self._kept.get("unseen", {}), **self._kept.get("limits", {})})
        self._templates = FormTemplates(self, self._choose, self._limits.put)
        self._foot = FormFoot()
        self._had_place = False
        self._make: Make | None = None
        self._prepared = asyncio.Event()

    def compose(self) -> ComposeResult:
        """The fields, each with what was answered last time."""
        known = self._kept
        # Until it is read which there are, the one that was chosen last.
        first = dict.fromkeys((known.get("agent", BUILT_IN["agent"]), BUILT_IN["agent"]))
        agents = [(str(name), str(name)) for name in first]
        with Vertical() as form:
            form.border_title = "New task"
            form.border_subtitle = "Enter create   Ctrl+J new line   Tab next field   Esc leave"
            with VerticalScroll(can_focus=False):
                yield Static("Command line, or prompt for an agent", classes="label")
                yield PromptArea(known.get("prompt", ""), id="prompt", tab_behavior="focus")
                with Horizontal():
                    yield from self._choice("Agent", "agent", agents)
                    yield from self._choice("Network", "network", NETWORKS)
                    yield from self._choice("Where", "backend", BACKENDS)
                with Horizontal():
                    yield from self._choice("Works", "mode", MODES)
                    with Vertical():
                        yield Static("Workspace", classes="label")
                        yield Input(known.get("workspace", str(Path.cwd())), id="workspace")
                    with Vertical(id="template-field"):
                        yield Static("Template", classes="label")
                        yield Select([NO_TEMPLATE], value="", allow_blank=False, id="template")
                yield self._limits
                yield Static(id="template-says")
                with Vertical(id="several"):
                    yield Static(
                        "Targets, with blanks between: a task for each, in place of {target}",
                        classes="label",
                    )
                    yield Input(shlex.join(known.get("targets", ())), id="targets")
            yield self._foot

    def _choice(self, label: str, name: str, options: Sequence[tuple[str, str]]) -> ComposeResult:
        """A field with a choice; what is remembered of it may be there no more."""
        wanted = self._kept.get(FIELDS[name], BUILT_IN[name])
        there = {value for _, value in options}
        with Vertical():
            yield Static(label, classes="label")
            yield Select(
                options, value=wanted if wanted in there else BUILT_IN[name], allow_blank=False, id=name
            )

    def on_mount(self) -> None:
        """Fetch the configured defaults while the first letters are typed."""
        self._limits.suit(str(self.query_one("#backend", Select).value))
        self.on_text_area_changed()
        self.run_worker(self._prepare(), exclusive=True)

    def on_text_area_changed(self) -> None:
        """Ask for targets where the prompt has a place for them, and let each work in a copy."""
        several = PLACE in self.query_one("#prompt", TextArea).text
        self.query_one("#several").display = several
        mode: Select[str] = self.query_one("#mode", Select)
        if (
            several
            and not self._had_place
            and mode.value == "shared"
            and "workspace_mode" not in self._before
        ):
            mode.value = "clone"
        self._had_place = several

    async def _prepare(self) -> None:
        """Learn what is configured; whoever was faster with Enter waits for it."""
        try:
            await self._learn()
        finally:
            self._prepared.set()

    async def _learn(self) -> None:
        self._name_agents(await asyncio.to_thread(self._client.agents))
        try:
            values = await asyncio.to_thread(self._client.configuration)
            agent = values["defaults.agent"]
            agent["value"] = await asyncio.to_thread(self._client.usual_agent, agent)
            self._make = await asyncio.to_thread(self._client.request_maker)
            templates = await asyncio.to_thread(self._client.templates)
        except ParheliaError as error:
            self._foot.tell_fault(error)
            return
        network = values["defaults.network"]
        if network["source"] == "built-in":
            # Nobody chose one: each agent gets that by which it reaches its model.
            network["value"] = BUILT_IN["network"]
        else:
            self._name_networks(network["value"])
        for field, key in FIELDS.items():
            select: Select[str] = self.query_one(f"#{field}", Select)
            # What was answered before stays, and so does what was chosen in the meantime.
            if key not in self._kept and select.value == BUILT_IN[field]:
                self._choose(field, values[f"defaults.{key}"]["value"])
        self._limits.propose(
            {name: values[key]["value"] for name in LIMITS if (key := f"defaults.limits.{name}") in values},
            await asyncio.to_thread(gpus),
        )
        self._templates.offer(templates, self._before.get("template", ""))
        self._check_typed()

    def _name_agents(self, agents: Sequence[tuple[str, str]]) -> None:
        """Offer the agents there are; what was chosen last may be there no more."""
        select: Select[str] = self.query_one("#agent", Select)
        chosen, there = select.value, {name for name, _ in agents}
        select.set_options([(f"{name}: {about}", name) for name, about in agents])
        select.value = str(chosen) if chosen in there else BUILT_IN["agent"]

    def _name_networks(self, configured: str) -> None:
        """Offer the networks where one is configured: that is what a task gets, whatever its agent needs."""
        select: Select[str] = self.query_one("#network", Select)
        chosen = select.value
        select.set_options(NETWORKS[1:])
        select.value = str(chosen) if chosen != BUILT_IN["network"] else configured

    def _choose(self, field: str, wanted: object) -> None:
        """Choose a value where the field has it: a backend or an agent may not be there."""
        with suppress(InvalidSelectValueError):
            self.query_one(f"#{field}", Select).value = wanted

    def fields(self) -> dict[str, Any]:
        """What stands in the form, as fields of a request."""
        mode = str(self.query_one("#mode", Select).value)
        workspace = self.query_one("#workspace", Input).value.strip()
        hidden = self._templates.hidden()
        return {
            **hidden,
            "limits": {**hidden.get("limits", {}), **self._limits.seen()},
            "prompt": self.query_one("#prompt", TextArea).text,
            "agent": str(self.query_one("#agent", Select).value),
            "backend": str(self.query_one("#backend", Select).value),
            "network": str(self.query_one("#network", Select).value) or None,
            "workspace_mode": mode,
            **({"workspace": workspace} if mode != "empty" else {}),
            **({"targets": targets} if (targets := self._targets()) else {}),
        }

    def _targets(self) -> list[str]:
        """The words of the field of targets, where the prompt has a place for them; a blank in one is quoted."""
        typed = self.query_one("#targets", Input).value
        if not self.query_one("#several").display:
            return []
        try:
            return shlex.split(typed)
        except ValueError:
            # A quote is still open; so it is a letter like others.
            return typed.split()

    @work(group="check", exclusive=True)
    async def _check(self, fields: dict[str, Any]) -> None:
        """Say what is wrong with the fields whatever the prompt is, and where it would go."""
        await self._show_fault({**fields, "agent": "shell", "agent_options": {}})
        self._foot.tell_place(await asyncio.to_thread(place_of, self._client, self._make, fields))

    # A group of its own: what changes in the form is checked too, and must not take Enter back.
    @work(name=OPENS, group="submit", exclusive=True)
    async def _submit(self) -> None:
        """Leave with the fields, where nothing is wrong with them."""
        await self._prepared.wait()
        if not self.is_current:
            return
        fields = self.fields()
        if await self._show_fault(fields) is not None:
            # What came behind Enter was meant for the screen below, and is not to change what is wrong.
            forget_keys(self.app)
        elif self.is_current:
            self.dismiss((True, self._left(fields)))

    async def _show_fault(self, fields: dict[str, Any]) -> ParheliaError | None:
        """Find and show what is wrong with the fields."""
        fault = await asyncio.to_thread(fault_of, self._client, self._make, fields)
        self._foot.tell_fault(fault)
        return fault

    def on_select_changed(self, message: Select.Changed) -> None:
        """A new directory needs no name; a template fills the form."""
        if message.select.id == "template":
            # Not that of the message, which may have been overtaken.
            self._templates.take(str(message.select.value))
            self._check_typed()
            return
        self._limits.suit(str(self.query_one("#backend", Select).value))
        self.query_one("#workspace", Input).disabled = self.query_one("#mode", Select).value == "empty"
        self._check_typed()
        agent = str(self.query_one("#agent", Select).value)
        self._estimate(agent)

    @work(group="estimate", exclusive=True)
    async def _estimate(self, agent: str) -> None:
        """Say what tasks of this agent have cost, where some have ended."""
        self._foot.tell_estimate(await asyncio.to_thread(estimate_of, self._client.paths, agent))

    def on_input_changed(self) -> None:
        """Say at once what is wrong with the workspace or a limit."""
        self._check_typed()

    def _check_typed(self) -> None:
        if self._make is not None:
            self._check({**self.fields(), "prompt": f"x {PLACE}"})

    def on_button_pressed(self) -> None:
        """Create."""
        self.action_submit()

    def on_input_submitted(self) -> None:
        """Create, from the field of the workspace."""
        self.action_submit()

    def on_prompt_area_sent(self) -> None:
        """Create, from the prompt."""
        self.action_submit()

    def action_submit(self) -> None:
        """Give the fields, or say what is wrong with them."""
        self._submit()

    def _left(self, fields: dict[str, Any]) -> dict[str, Any]:
        return {**fields, "template": self._templates.chosen, "unseen": self._limits.unseen()}

    def action_leave(self) -> None:
        """Leave without creating anything; what was typed is there again next time."""
        self.dismiss((False, self._left(self.fields())))
