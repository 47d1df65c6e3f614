"""What every screen that lies over home has: the line that says where one is, its keys as the user has them, and a
reason for each key that does nothing now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import ClassVar, Protocol, runtime_checkable

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, Screen, ScreenResultType
from textual.widget import Widget

from parhelia_tui.screens.home_lines import key
from parhelia_tui.screens.key_map import HIDDEN, bindings_of, mapped_on, rebound
from parhelia_tui.widgets.bar import Part
from parhelia_tui.widgets.crumbs import Crumbs

FLEET = "Fleet"


@runtime_checkable
class KnowsKeys(Protocol):
    """An app that knows which keys its user has for its screens."""

    screen_keys: Mapping[str, Mapping[str, str]]
    """By the names of screens, actions with keys as they were written."""


class OverHome(Screen[ScreenResultType]):
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

    @property
    def crumb(self) -> str:
        """What the screen shows, as the end of the way to it; its name where it shows one thing alone."""
        return self.TABLE

    async def mount_composed_widgets(self, widgets: list[Widget]) -> None:
        """Put the line above all others, and take the user's keys, before anything is drawn."""
        if isinstance(self.app, KnowsKeys) and (own := self.app.screen_keys.get(self.TABLE)):
            before, self.keys = self.keys, mapped_on(self.keys, own)
            self._bindings = rebound(self._bindings, before, self.keys)
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
        """Say why a key can do nothing now; empty where it can."""
        return ""

    def may(self, action: str) -> bool:
        """Say whether a key can do something now, and why not where it cannot."""
        reason = self.why_not(action)
        if reason:
            self.say(f"{reason[0].upper()}{reason[1:].rstrip('.')}.")
        return not reason

    def say(self, text: str) -> None:
        """Say something for some seconds."""
        self.crumbs.say(text)

    def shown_keys(self) -> list[Part]:
        """The keys for the last line that do something now."""
        colours = self.app.theme_variables
        return [key(each, colours) for each in self.keys if each.show and not self.why_not(each.action)]

    def commands(self) -> Iterator[SystemCommand]:
        """The keys that do something now, for the palette."""
        for each in self.keys:
            if each.show and not self.why_not(each.action):
                act = partial(self.run_action, each.action)
                yield SystemCommand(each.description.capitalize(), each.tooltip or each.description, act)

    def action_help(self) -> None:
        """Show every key of this screen, with a reason for each that does nothing now."""
        from parhelia_tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen([each for each in self.keys if each.action != HIDDEN], self.why_not))
