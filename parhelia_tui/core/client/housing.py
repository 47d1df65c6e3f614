"""The wishes about containers and the sessions in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from parhelia_tui.core.client.keyless import refuse_keys
from parhelia_tui.core.client.looking import Looking
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import (
    Container,
    Session,
)
from parhelia_tui.core.model.spares import Spare, SpareState
from parhelia_tui.core.model.states import (
    CONTAINER_ENDED,
    SESSION_ENDED,
    TaskState,
)
from parhelia_tui.core.store import containers, meta, reached, sessions, spares, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.reached import Reached


class Housing(Looking):
    """Asks for sessions, and for the end of sessions and containers."""

    def terminate_container(self, container_id: str, reason: str = "terminated by the user") -> Container:
        """Ask for the end of a container; its workspace stays as it is.

        Of one that has ended and left a question behind, the task is cancelled and the question withdrawn.

        Raises:
            ParheliaError: E203 for no such container, E103 when it has ended already.
        """
        with writing(self._db) as tx:
            container = containers.get(tx, container_id)
            left = container.state in CONTAINER_ENDED and self._let_wait_no_more(tx, container, reason)
            if container.state in CONTAINER_ENDED and not left:
                raise ParheliaError(
                    "E103",
                    f"container {container.id} is {container.state} already",
                    recovery=(f"parhelia container show {container.id}", "parhelia container list"),
                )
            if not left:
                container = containers.update(tx, container, wanted="terminate", reason=reason)
                self._tell(
                    tx,
                    "container.terminate_requested",
                    reason,
                    task_id=container.task_id,
                    container_id=container.id,
                )
        self.wake()
        return container

    def terminate_spare(self, spare_id: str, reason: str = "terminated by the user") -> Spare:
        """Ask for the end of a sandbox that is kept ready. Another is made only once a further task has begun there.

        Raises:
            ParheliaError: E103 when a task has taken it, or it has ended.
        """
        with writing(self._db) as tx:
            spare = spares.find(tx, spare_id)
            if spare is None or spare.state is SpareState.ENDED:
                what = "has ended already" if containers.find(tx, spare_id) is None else "was taken by a task"
                raise ParheliaError(
                    "E103",
                    f"the spare sandbox {spare_id} {what}",
                    recovery=("parhelia container list", "parhelia events list --type spare.*"),
                )
            meta.put(tx, meta.SPARES_DECLINED, str(self._clock()))
            if spare.state is not SpareState.ENDING:
                spares.update(tx, spare.id, state=SpareState.ENDING, reason=reason)
                self._tell(tx, "spare.terminate_requested", reason, container_id=spare.id)
                spare = replace(spare, state=SpareState.ENDING, reason=reason)
        self.wake()
        return spare

    def _let_wait_no_more(self, tx: sqlite3.Connection, container: Container, reason: str) -> bool:
        """Cancel the task that waits for an answer to a question of an ended container; say whether there is one."""
        task = tasks.find(tx, container.task_id)
        if task is None or task.state is not TaskState.WAITING or task.container_id != container.id:
            return False
        if task.wanted == "run":
            tasks.update(tx, task, wanted="cancel", reason=reason)
            self._tell(tx, "task.cancel_requested", reason, task_id=task.id, container_id=container.id)
        return True

    def allow_hosts(self, container_id: str, hosts: Sequence[str]) -> None:
        """Let a running container of the network `allowlist` reach further hosts, until it ends.

        Raises:
            ParheliaError: E100 for what is no host, E203, E103 where there is no list, E501.
        """
        # Imported here: pydantic takes 50 ms.
        from parhelia_tui.core.settings.config_spending import checked_hosts

        try:
            wanted = checked_hosts(tuple(each.rstrip(".").lower() for each in hosts))
        except ValueError as error:
            raise ParheliaError("E100", str(error)) from error
        container = containers.get(self._db, container_id)
        self._intent("container.allow", container.id, {"hosts": list(wanted)})

    def hosts_of(self, container_id: str) -> list[Reached]:
        """Read which hosts a container called and which it was denied, the last one first."""
        return reached.of_container(self._db, container_id)

    def create_session(self, container_id: str, command: Sequence[str] = ()) -> Session:
        """Start a further session in a running container and wait until it is there.

        Args:
            command: program and arguments; a shell when empty.

        Raises:
            ParheliaError: E100 for a command with a key in it, E203, E205 when the container holds as many as it
                may, E602, E501.
        """
        container = containers.get(self._db, container_id)
        refuse_keys({"the command": " ".join(command)})
        result = self._intent("session.create", container.id, {"command": list(command)})
        return sessions.get(self._db, str(result["session_id"]))

    def kill_session(self, text: str) -> Session:
        """End a session and wait until it has; the main session ends with its container.

        Raises:
            ParheliaError: E200 for no such session, E103 when it has ended.
        """
        session = self.session(text)
        if session.state in SESSION_ENDED:
            raise ParheliaError(
                "E103",
                f"session {session.name} is {session.state} already",
                recovery=(f"parhelia task show {session.task_id}", "parhelia session list"),
            )
        if session.kind == "main":
            self.terminate_container(session.container_id, "its main session was ended by the user")
        else:
            self._intent("session.kill", session.id, {})
        return sessions.get(self._db, session.id)
