"""The sessions of a container on this machine: each is a pane of its tmux server in which the shim runs."""

from __future__ import annotations

import errno
import re
from collections.abc import Sequence

from parhelia_tui.core.backends.base import TmuxEndpoint
from parhelia_tui.core.backends.local import plans, run_directory, shim_code, tmux
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.paths import Paths, private_directory

FULL = (errno.ENOSPC, errno.EDQUOT)
_SESSION = re.compile(r"[A-Za-z0-9_-]{1,80}")


class Panes:
    """Starts and ends sessions.

    Args:
        paths: the state directory, below which every container has its run directory.
        history_lines: what a session keeps for scrolling back.
    """

    def __init__(self, paths: Paths, history_lines: int) -> None:
        self._paths = paths
        self._history_lines = history_lines

    async def start(
        self, container_id: str, name: str, shim: Sequence[str], rows: int, columns: int
    ) -> int | None:
        """Start the shim in a new session.

        Args:
            shim: what it is to do, as the words of its command line.

        Returns:
            The process of the pane; None where the session was there.

        Raises:
            ParheliaError: E507, E602, E603.
        """
        return await tmux.new_session(
            self._paths.tmux_socket(container_id),
            name,
            shim_code.command(private_directory(self._paths.home), *shim),
            home=self._paths.home,
            rows=rows,
            columns=columns,
            history_lines=self._history_lines,
        )

    def words(self, container_id: str, name: str, rows: int, columns: int) -> list[str]:
        """Give the command that starts a new session, but for the process in it.

        Raises:
            ParheliaError: E603.
        """
        return tmux.session_words(
            self._paths.tmux_socket(container_id),
            name,
            home=self._paths.home,
            rows=rows,
            columns=columns,
            history_lines=self._history_lines,
        )

    async def restore(self, container_id: str) -> bool:
        """Start a new tmux server for a live container whose server is gone; False where it need not be.

        Raises:
            ParheliaError: E602, E603.
        """
        run = self._paths.container(container_id)
        spec = run_directory.spec_of(run)
        if spec is None or not run_directory.is_alive(run):
            return False
        if tmux.answers(self._paths.tmux_socket(container_id)):
            return False
        await self.start(container_id, spec.session_name, ["join", str(run)], spec.rows, spec.columns)
        return True

    async def add(self, container_id: str, session_name: str, command: Sequence[str]) -> None:
        """Start a further session in a running container.

        Raises:
            ParheliaError: E100, E203, E507, E602, E603.
        """
        run = self._paths.container(container_id)
        spec = run_directory.spec_of(run)
        if spec is None or not run_directory.is_alive(run):
            raise ParheliaError("E203", f"container {container_id} does not run")
        if not _SESSION.fullmatch(session_name):
            raise ParheliaError("E100", f"{session_name!r} cannot be the name of a session")
        plans.check_words(command)
        try:
            run_directory.write_session(run, session_name, command)
        except OSError as error:
            code = "E507" if error.errno in FULL else "E602"
            raise ParheliaError(code, f"the session cannot be written down: {error.strerror}") from error
        await self.start(
            container_id, session_name, ["enter", str(run), session_name], spec.rows, spec.columns
        )

    async def kill(self, container_id: str, session_name: str) -> None:
        """End a further session and the processes in it."""
        if _SESSION.fullmatch(session_name):
            await tmux.kill_session(self._paths.tmux_socket(container_id), session_name)

    def endpoint(self, container_id: str, session_name: str) -> TmuxEndpoint:
        """Say where a session is attached."""
        return TmuxEndpoint(self._paths.tmux_socket(container_id), session_name)
