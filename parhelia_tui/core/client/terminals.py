"""The terminals of sessions."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from parhelia_tui.core.client.looking import Looking
from parhelia_tui.core.client.waiting import looks
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.states import CONTAINER_LIVE, SESSION_ENDED
from parhelia_tui.core.settings.read_only import refuse_if_read_only
from parhelia_tui.core.store import containers

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from parhelia_tui.core.backends.base import Endpoint
    from parhelia_tui.core.sessions.attach import AttachResult
    from parhelia_tui.core.sessions.live import LiveTerminal

ON_THE_WAY_S = 2.0
"""Seconds after which a terminal that is lost was in use, and its user is told."""
COMES_BACK_S = 10.0
"""Seconds for which the new server is waited for; the controller has it within one, where it is not busy."""


class Terminals(Looking):
    """Finds the terminal of a session, watches it, types into it, hands it over."""

    def endpoint(self, text: str) -> Endpoint:
        """Say where the session of a task, a container or of this name is attached.

        Raises:
            ParheliaError: E200 for no such session, E601 when it has ended or not begun.
        """
        session = self.session(text)
        if session.state in SESSION_ENDED:
            raise ParheliaError(
                "E601",
                f"session {session.name} has ended",
                recovery=(f"parhelia task logs {session.task_id}", f"parhelia task show {session.task_id}"),
            )
        container = containers.get(self._db, session.container_id)
        endpoint: Endpoint = self._backend(container.backend).endpoint(container.id, session.name)
        return endpoint

    def ssh_config(self, text: str) -> str:
        """Say how OpenSSH's client reaches a session elsewhere, by its name and by what it was asked for with.

        Raises:
            ParheliaError: E200, E601, E603.
        """
        from parhelia_tui.core.sessions.ssh_config import ssh_config

        session = self.session(text)
        # Of several sessions the task's id means the main one, as it does everywhere.
        others = [*([session.task_id] if session.kind == "main" else []), text]
        return ssh_config(self.endpoint(text), others)

    def live_terminal(self, endpoint: Endpoint) -> AbstractAsyncContextManager[LiveTerminal]:
        """Watch the screen of a session."""
        from parhelia_tui.core.sessions.live import LiveTerminal

        return LiveTerminal(endpoint)

    def attach(self, endpoint: Endpoint) -> AttachResult:
        """Hand the present terminal to a session until it is left.

        A server of tmux 3.3a may end while somebody attaches: where another one leaves just as a client in control mode
        says who it is, it writes to what that one does not have yet. The controller makes it anew; nobody has to ask
        for the terminal a second time.

        Raises:
            ParheliaError: E601, E401 where nothing may be changed.
        """
        refuse_if_read_only()
        from parhelia_tui.core.sessions.attach import AttachEnd, attach

        began = time.monotonic()
        try:
            result = attach(endpoint)
        except ParheliaError:
            # Whatever it is, where the server answers it was not its end.
            if _answers(endpoint) or not self._comes_back(endpoint, began):
                raise
        else:
            if result.end is not AttachEnd.SERVER_LOST or not self._comes_back(endpoint, began):
                return result
        return attach(endpoint)

    def _comes_back(self, endpoint: Endpoint, began: float) -> bool:
        """Wait for the new server of a terminal that was lost on the way into it; False where there will be none."""
        if time.monotonic() - began > ON_THE_WAY_S:
            return False
        for _ in looks(COMES_BACK_S):
            if _answers(endpoint):
                return True
            container = containers.get(self._db, self.session(endpoint.session).container_id)
            if container.backend != "local" or container.state not in CONTAINER_LIVE:
                return False
        return False

    async def paste(self, endpoint: Endpoint, text: str) -> None:
        """Paste a text into a terminal, in brackets where its program asked for them. Raises E100, E601, E200."""
        from parhelia_tui.core.sessions import server

        await server.send_text(endpoint, text)

    async def send_text(self, text: str, message: str, *, enter: bool) -> None:
        """Type a message into a session as one paste, and press Enter if asked to. Raises E200, E601, E100."""
        from parhelia_tui.core.sessions import server

        refuse_if_read_only()
        endpoint = self.endpoint(text)
        await server.send_text(endpoint, message)
        if enter:
            await server.send_keys(endpoint, ["Enter"])

    async def send_keys(self, text: str, keys: Sequence[str]) -> None:
        """Press keys in a session, by tmux's names such as `C-c`. Raises E101, E200, E601."""
        from parhelia_tui.core.sessions import server

        await server.send_keys(self.endpoint(text), keys)

    async def capture(self, text: str, history: int) -> list[str]:
        """Read what a session's screen shows, with so many lines of history before it. Raises E200, E601."""
        from parhelia_tui.core.sessions import server

        return await server.capture_text(self.endpoint(text), history)


def _answers(endpoint: Endpoint) -> bool:
    """Say whether the server of a terminal on this machine listens; of others nobody knows so quickly."""
    from parhelia_tui.core.backends.base import TmuxEndpoint
    from parhelia_tui.core.backends.local import tmux

    return isinstance(endpoint, TmuxEndpoint) and tmux.answers(endpoint.socket)
