"""What every screen that lies over home has: the line that says where one is, its keys as the user has them, and a
reason for each key that does nothing now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import ClassVar, Protocol, runtime_checkable

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, ScreenResultType
from textual.widget import Widget

from parhelia_tui.core.model.records import Task
from parhelia_tui.screens.custom_acts import CustomActs
from parhelia_tui.screens.custom_subject import Subject
from parhelia_tui.screens.home_lines import key
from parhelia_tui.screens.key_map import HIDDEN, added, bindings_of, mapped_on, rebound
from parhelia_tui.widgets.bar import Part
from parhelia_tui.widgets.crumbs import Crumbs
from parhelia_tui.widgets.keys_in_turn import forget_keys
from parhelia_tui.widgets.painted_screen import PaintedScreen

FLEET = "Fleet"
OWN_RANK = 9
"""Of the user's own commands in the last line, which go first where there is no room: the screen's own are news."""


@runtime_checkable
class KnowsKeys(Protocol):
    """An app that knows which keys its user has for its screens."""

    screen_keys: Mapping[str, Mapping[str, str]]
    """By the names of screens, actions with keys as they were written."""
    custom: CustomActs
    """The user's own commands."""


class OverHome(PaintedScreen[ScreenResultType]):
    """A screen that one came to from the fleet, and leaves again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "keys", key_display="?", show=False, tooltip="this list")
    ]
    TABLE: ClassVar[str] = ""
    """What the screen is called in `[screen_keys]`."""

    def __init__(self) -> None:
        super().__init__()
        self.crumbs = Crumbs()
        self.keys = bindings_of(type(self))
        self.own: list[Binding] = []
        """The user's own commands, with the keys that are left to them here."""

    @property
    def crumb(self) -> str:
        """What the screen shows, as the end of the way to it; its name where it shows one thing alone."""
        return self.TABLE

    async def mount_composed_widgets(self, widgets: list[Widget]) -> None:
        """Put the line above all others, and take the user's keys, before anything is drawn."""
        if isinstance(self.app, KnowsKeys) and (own := self.app.screen_keys.get(self.TABLE)):
            before, self.keys = self.keys, mapped_on(self.keys, own)
            self._bindings = rebound(self._bindings, before, self.keys)
        if isinstance(self.app, KnowsKeys):
            # What a key means on this screen goes before.
            self.own = [replace(each, key=self._left(each.key)) for each in self.app.custom.bindings]
            self._bindings = added(self._bindings, self.own)
        self.show_place()
        await super().mount_composed_widgets([self.crumbs, *widgets])

    def show_place(self) -> None:
        """Say where one is; again when what is shown has changed."""
        way = [FLEET]
        for each in self.app.screen_stack:
            if isinstance(each, OverHome) and not isinstance(each, ModalScreen):
                way.append(each.crumb)
            if each is self:
                break
        self.crumbs.show(way)

    # Keys

    def why_not(self, action: str) -> str:
        """Say why a key of this screen can do nothing now; empty where it can."""
        return ""

    def may(self, action: str) -> bool:
        """Say whether a key can do something now, and why not where it cannot."""
        reason = self._reason(action)
        if reason:
            # What came behind it was meant for what it would have opened.
            forget_keys(self.app)
            self.say(f"{reason[0].upper()}{reason[1:].rstrip('.')}.")
        return not reason

    def _reason(self, action: str) -> str:
        if isinstance(self.app, KnowsKeys) and self.app.custom.knows(action):
            return self.app.custom.why_not(action, self.subject())
        return self.why_not(action)

    def say(self, text: str) -> None:
        """Say something for some seconds."""
        self.crumbs.say(text)

    def shown_keys(self) -> list[Part]:
        """The keys for the last line that do something now."""
        colours = self.app.theme_variables
        shown = [key(each, colours) for each in self.keys if each.show and not self.why_not(each.action)]
        return [*shown, *(replace(key(each, colours), rank=OWN_RANK) for each in self._own_now())]

    def own_hint(self) -> str:
        """The keys of own commands that do something now, for a frame that has the keys in its last line."""
        return "".join(f"{each.key_display} {each.description}   " for each in self._own_now())

    def commands(self) -> Iterator[SystemCommand]:
        """The keys that do something now, for the palette."""
        for each in (*(each for each in self.keys if each.show), *self.own):
            if not self._reason(each.action):
                act = partial(self.run_action, each.action)
                name = each.description if each in self.own else each.description.capitalize()
                yield SystemCommand(name, each.tooltip or each.description, act)

    def action_help(self) -> None:
        """Show every key of this screen, with a reason for each that does nothing now."""
        from parhelia_tui.screens.help import HelpScreen

        keys = [each for each in self.keys if each.action != HIDDEN]
        own = [each if self._is_free(each) else _by_name(each) for each in self.own]
        faults = self.app.custom.faults if isinstance(self.app, KnowsKeys) else []
        self.app.push_screen(HelpScreen(keys, self._reason, own, faults))

    # The user's own commands

    def subject(self) -> Subject:
        """What a command of the user's own is for here."""
        return Subject(none="this screen is about no task")

    def subject_of(self, task: Task | None) -> Subject:
        """What it is for where the screen is about a task, or one is chosen on it."""
        return self.app.custom.subject(task) if isinstance(self.app, KnowsKeys) else Subject(task)

    async def action_custom(self, name: str) -> None:
        """Run one of them."""
        if isinstance(self.app, KnowsKeys) and self.may(f"custom('{name}')"):
            await self.app.custom.run(name, self.subject())

    def _own_now(self) -> list[Binding]:
        return [each for each in self.own if self._is_free(each) and not self._reason(each.action)]

    def _is_free(self, own: Binding) -> bool:
        """Say whether its key runs it: what has the focus may have a meaning for it."""
        keys = own.key.split(",") if own.key else []
        active = self.active_bindings
        return any(key in active and active[key].binding.action == own.action for key in keys)

    def _left(self, keys: str) -> str:
        return ",".join(key for key in keys.split(",") if key and key not in self._bindings.key_to_bindings)


def _by_name(own: Binding) -> Binding:
    """An own command as the help shows it where its key does not run it."""
    written = own.key_display or ""
    other = "" if written.startswith(":") else f"; {written} means something else here"
    return replace(own, key_display="Ctrl+P", tooltip=f"{own.tooltip}{other}")
