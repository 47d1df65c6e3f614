"""What is configured, from where, and what it means; changed for this run or in the user's own file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from rich.style import Style
from rich.text import Text
from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.settings.dashboard import Dashboard
from parhelia_tui.core.settings.read_only import is_read_only
from parhelia_tui.screens.ask import AskScreen
from parhelia_tui.screens.confirm import ConfirmScreen
from parhelia_tui.screens.over_home import OverHome
from parhelia_tui.screens.settings_reading import Setting, every, plain, typed, user_file, written
from parhelia_tui.screens.wishing import in_words, to_its_end
from parhelia_tui.widgets.keys_in_turn import OPENS, forget_keys
from parhelia_tui.widgets.line_view import LineView
from parhelia_tui.widgets.pane import Pane
from parhelia_tui.widgets.row_table import Column, RowTable
from parhelia_tui.widgets.typed_line import TypedLine

COLUMNS = (Column("KEY", 34), Column("VALUE", 20, flexible=True), Column("FROM", 30, rank=1))
THIS_RUN = "this run"
NOW = ("dashboard.theme", "dashboard.columns", "dashboard.container_columns", "dashboard.reduced_motion")
"""Keys that a running dashboard can follow."""


class SettingsScreen(OverHome[None]):
    """Every key of the configuration in a table, what the chosen one means below.

    Args:
        client: names the state directory; files are read and written in threads.
        look: how the dashboard looks now.
        take_look: has it look otherwise until it is left.
    """

    TABLE = "settings"
    crumb = "Settings"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "show the keys that have these words"),
        Binding("t", "this_run", "change it for this run"),
        Binding("w", "write", "write it to your file, after a question"),
        Binding("escape", "calm", "clear the filter, then back"),
        Binding("q,S", "app.pop_screen", "back"),
    ]
    DEFAULT_CSS = """
    SettingsScreen #settings-pane { height: 1fr; }
    SettingsScreen #meaning-pane { height: 6; padding: 0 1; }
    """

    def __init__(self, client: Client, look: Dashboard, take_look: Callable[[Dashboard], None]) -> None:
        super().__init__()
        self._paths = client.paths
        self._look = look
        self._take_look = take_look
        self._settings: dict[str, Setting] = {}
        self._said = ""
        self.table = RowTable(COLUMNS, self._cells, id="settings")
        self.meaning = LineView(id="meaning")
        self.filter_line = TypedLine("/", "words of key, value or meaning", id="filter")
        self.pane = Pane("Settings", self.table, "settings-pane")

    def compose(self) -> ComposeResult:
        """The keys, and what the chosen one means."""
        yield self.pane
        yield Pane("Meaning", self.meaning, "meaning-pane")
        yield self.filter_line

    def on_mount(self) -> None:
        """Read them."""
        self.pane.border_subtitle = "t for this run   w to your file   / filter   Esc back"
        self.table.focus()
        self._read()

    @work(exclusive=True, group="settings")
    async def _read(self) -> None:
        try:
            found = await asyncio.to_thread(every, self._paths)
        except ParheliaError as error:
            self._tell(in_words(error))
            return
        chosen = {f"dashboard.{name}": getattr(self._look, name) for name in _FIELDS}
        for each in found:
            mine = chosen.get(each.key)
            if mine is not None and each.key in NOW and plain(mine) != plain(each.value):
                each = replace(each, value=mine, source=THIS_RUN)
            self._settings[each.key] = each
        self._draw()

    def _draw(self) -> None:
        wanted = self.filter_line.text.lower().split()
        keys = [
            each.key
            for each in self._settings.values()
            if all(word in f"{each.key} {each.value} {each.about} {each.source}".lower() for word in wanted)
        ]
        self.table.set_keys(keys, "No key has this." if wanted else "")
        self.pane.head(f"Settings ▪ {len(keys)}")
        self._show_meaning()

    def _cells(self, key: str) -> Sequence[Text]:
        each = self._settings[key]
        calm = Style(color=self.app.theme_variables.get("secondary"))
        changed = each.source != "built-in"
        source = Text(one_line(each.source, 200), calm)
        file, _, line = each.source.rpartition(":")
        if line.isdigit() and Path(file).is_absolute():
            source = Text(one_line(each.source, 200), calm + Style(link=Path(file).as_uri()))
        return (
            Text(f"{'●' if changed else ' '} {one_line(key, 100)}", Style(bold=changed)),
            Text(one_line(plain(each.value), 200)),
            source,
        )

    def _show_meaning(self) -> None:
        each = self._settings.get(self.table.key or "")
        calm = Style(color=self.app.theme_variables.get("secondary"))
        lines = (
            [Text(self._said, Style(bold=True, color=self.app.theme_variables.get("accent")))]
            if self._said
            else []
        )
        if each is not None:
            width = max(20, self.meaning.size.width - 2)
            lines += Text(each.about).wrap(self.app.console, width)
            lines.append(Text(f"from {one_line(each.source, 300)}", calm))
        self.meaning.show_lines(lines)

    def say(self, text: str) -> None:
        """Say something where the meaning stands, until another key is chosen."""
        self._tell(text)

    def _tell(self, text: str) -> None:
        self._said = one_line(text, 400)
        self._show_meaning()

    def on_row_table_highlighted(self) -> None:
        """Another key means something else."""
        self._tell("")

    def on_row_table_opened(self) -> None:
        """Enter changes it for this run, where that can be."""
        self.action_this_run()

    def why_not(self, action: str) -> str:
        """Say why a key can do nothing now; empty where it can."""
        key = self.table.key
        if action not in ("this_run", "write"):
            return ""
        if key is None:
            return "no key is chosen"
        if action == "this_run" and key not in NOW:
            return "a running dashboard does not read it again; w writes it to your file"
        if action == "write" and is_read_only():
            return "the dashboard is read-only"
        if action == "write" and isinstance(self._settings[key].value, dict):
            return "it is a table; write it into the file by hand"
        return ""

    def action_this_run(self) -> None:
        """Change it until the dashboard is left."""
        if self.may("this_run"):
            self._ask(
                self.table.key or "",
                "It counts until you leave the dashboard; no file is changed.",
                self._for_this_run,
            )

    def action_write(self) -> None:
        """Set it in the user's own file, after a question."""
        if self.may("write"):
            self._ask(
                self.table.key or "", "You are asked once more before your file is written.", self._confirm
            )

    def _ask(self, key: str, about: str, then: Callable[[str, str], object]) -> None:
        def answered(text: str | None) -> None:
            if text is not None:
                then(key, text)

        now = one_line(plain(self._settings[key].value), 200)
        self.app.push_screen(AskScreen(f"What shall {key} be?", f"It is {now}. {about}"), answered)

    @work(exclusive=True, group="settings")
    async def _for_this_run(self, key: str, text: str) -> None:
        try:
            value = await asyncio.to_thread(typed, self._paths, key, text)
        except ParheliaError as error:
            self._tell(in_words(error))
            return
        given: dict[str, Any] = {
            key.removeprefix("dashboard."): tuple(value) if isinstance(value, list) else value
        }
        self._look = replace(self._look, **given)
        self._take_look(self._look)
        self._read()
        self._tell(f"{key} is {plain(value)} until you leave.")

    @work(name=OPENS, exclusive=True, group="settings")
    async def _confirm(self, key: str, text: str) -> None:
        try:
            value = await asyncio.to_thread(typed, self._paths, key, text)
            file = await asyncio.to_thread(user_file, self._paths)
        except ParheliaError as error:
            forget_keys(self.app)
            self._tell(in_words(error))
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._write(key, text)

        now = self._settings[key]
        self.app.push_screen(
            ConfirmScreen(
                f"Write {key} = {one_line(plain(value), 120)}?",
                f"It is {one_line(plain(now.value), 120)} now, from {one_line(now.source, 200)}.\n"
                f"The one line is set in {one_line(str(file), 200)}; all others stay. What runs reads it at its next start.",
                "Write it",
                "Let it be",
            ),
            answered,
        )

    @work(exclusive=True, group="settings")
    async def _write(self, key: str, text: str) -> None:
        try:
            file = await to_its_end(written, self._paths, key, text)
        except ParheliaError as error:
            self._tell(in_words(error))
            return
        self._read()
        self._tell(f"{key} is written to {file}.")

    def action_filter(self) -> None:
        """Type words that a key must have."""
        self.filter_line.begin()

    def take_key(self, event: events.Key) -> bool:
        """Take a letter while there is typing; otherwise it is a key of this screen."""
        taken = self.filter_line.typing and self.filter_line.take(event)
        if taken:
            self._draw()
        return taken

    def on_paste(self, event: events.Paste) -> None:
        """Pasted words to filter by."""
        if self.filter_line.typing:
            self.filter_line.paste(event.text)
            self._draw()

    def action_calm(self) -> None:
        """Clear the filter; where there is none, go back."""
        if self.filter_line.typing or self.filter_line.text:
            self.filter_line.clear()
            self._draw()
        else:
            self.app.pop_screen()


_FIELDS = tuple(key.removeprefix("dashboard.") for key in NOW)
