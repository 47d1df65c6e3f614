"""Calling somebody who does not look: the bell, and the desktop behind the terminal."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from textual.app import App

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.notices import Finder, Notice, is_wanted, sequence
from parhelia_tui.core.model.records import Event
from parhelia_tui.screens.fleet_view import FleetView

if TYPE_CHECKING:
    from parhelia_tui.core.settings.config_notify import NotifyConfig

SEND_S = 5.0
"""Seconds that notify-send has."""


class Calls:
    """Finds what is to be told in the events that the dashboard follows, and calls once for each change.

    Args:
        app: whose terminal it is.
        client: knows what is configured.
    """

    def __init__(self, app: App[None], client: Client) -> None:
        self._app = app
        self._client = client
        self._finder = Finder()
        self._rules: NotifyConfig | None = None

    def take(self, events: Iterable[Event], fleet: FleetView) -> None:
        """Call for what these events tell; what is configured is read when it is first needed, and beside the loop."""
        found = [
            notice
            for event in events
            if (notice := self._finder.find(event, fleet.tasks.get(event.task_id or ""), fleet.at))
        ]
        if found:
            self._app.run_worker(
                lambda: self._call(found), thread=True, group="call", exit_on_error=False, name="call"
            )

    def _call(self, found: Sequence[Notice]) -> None:
        try:
            rules = self._rules = self._rules or self._client.notify_rules()
        except ParheliaError:
            # Said by whatever needs the configuration to do something.
            self._app.call_from_thread(self._app.bell)
            return
        wanted = [notice for notice in found if is_wanted(notice, rules)]
        if wanted and rules.bell:
            self._app.call_from_thread(self._app.bell)
        for notice in wanted:
            if rules.desktop == "notify-send":
                notify_send(notice.headline, notice.about)
            elif rules.desktop != "off":
                said = sequence(
                    rules.desktop, notice.headline, notice.about, in_tmux=bool(os.environ.get("TMUX"))
                )
                self._app.call_from_thread(self._write, said)

    def _write(self, said: str) -> None:
        driver = self._app._driver
        if driver is not None and not self._app.is_headless:
            driver.write(said)
            driver.flush()


def notify_send(headline: str, about: str) -> None:
    """Tell the desktop by its own program; one that is missing or hangs tells nothing."""
    try:
        subprocess.run(
            ["notify-send", "--app-name=parhelia", "--", headline, about],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SEND_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return
