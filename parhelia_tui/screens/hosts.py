"""Whom a container called, whom it was denied, and one key that allows a host."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.display import age
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line
from parhelia_tui.screens.reading import hosts_of
from parhelia_tui.widgets.painted_modal import PaintedModal

if TYPE_CHECKING:
    from parhelia_tui.core.store.reached import Reached

LOOK_EVERY_S = 1.0
NOBODY = "It has called nobody yet."


class HostsScreen(PaintedModal[None]):
    """A list of hosts, the last one first.

    Args:
        client: names the state directory; it is read in threads with clients of their own.
        container_id: whose.
        title: what stands above.
        allow: called with a host that the person allows.
        clock: gives epoch seconds.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "allow", "allow"),
        Binding("escape,q,h", "leave", "back"),
    ]
    DEFAULT_CSS = """
    HostsScreen { align: center middle; }
    HostsScreen > Vertical {
        width: 90; max-width: 96%; height: auto; max-height: 80%; padding: 1 2; background: $panel;
        border: round $accent;
    }
    HostsScreen OptionList { height: auto; max-height: 20; margin: 1 0; background: $panel; border: none; }
    """

    def __init__(
        self,
        client: Client,
        container_id: str,
        title: str,
        allow: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:
        super().__init__()
        self._client = client
        self._container_id = container_id
        self._title = title
        self._allow = allow
        self._clock = clock
        self._shown: list[str] = []
        self._hosts: list[str] = []

    def compose(self) -> ComposeResult:
        """Title, hosts, keys."""
        with Vertical():
            yield Static(Text(self._title, "bold"))
            yield OptionList(id="hosts")
            yield Static(Text("y allows the chosen host for this container, Esc goes back"), id="keys")

    def on_mount(self) -> None:
        """Read, and read again every second."""
        self.run_worker(self._follow())

    async def _follow(self) -> None:
        while True:
            # The home screen meets the same trouble and says it.
            with suppress(ParheliaError):
                self._show(await asyncio.to_thread(hosts_of, self._client.paths, self._container_id))
            await asyncio.sleep(LOOK_EVERY_S)

    def _show(self, found: Sequence[Reached]) -> None:
        now = self._clock()
        lines = [
            f"{f'{each.denied}x denied' if each.denied else '':<12} {f'{each.called}x called' if each.called else '':<12}"
            f" {one_line(each.host, 100)}  {age(each.last_at, now)} ago"
            for each in found
        ] or [NOBODY]
        if lines == self._shown:
            return
        self._shown, self._hosts = lines, [each.host for each in found]
        options = self.query_one(OptionList)
        chosen = options.highlighted or 0
        options.clear_options()
        options.add_options([Option(Text(line)) for line in lines])
        options.highlighted = min(chosen, len(lines) - 1)

    def on_option_list_option_selected(self) -> None:
        """Enter does as `y`."""
        self.action_allow()

    def action_allow(self) -> None:
        """Allow the chosen host."""
        place = self.query_one(OptionList).highlighted
        if place is not None and place < len(self._hosts):
            self._allow(self._hosts[place])
        else:
            self.query_one("#keys", Static).update(
                Text("It has called nobody, so there is nobody to allow. Esc goes back")
            )

    def action_leave(self) -> None:
        """Go back."""
        self.dismiss(None)
