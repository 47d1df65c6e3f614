"""The questions of a front."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parhelia_tui.core.client import fleet
from parhelia_tui.core.client.opening import Opened
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import (
    Attempt,
    Container,
    Event,
    Heartbeat,
    LedgerEntry,
    Session,
    Task,
)
from parhelia_tui.core.model.spares import Spare
from parhelia_tui.core.model.states import (
    ContainerState,
    SessionState,
    TaskState,
)
from parhelia_tui.core.store import containers, events, ledger, sessions, spares, tasks
from parhelia_tui.core.store import past as past_rows
from parhelia_tui.core.store.changes import current_rev
from parhelia_tui.core.store.connection import reading
from parhelia_tui.core.store.naming import several

if TYPE_CHECKING:
    from parhelia_tui.core.agents.base import Probe
    from parhelia_tui.core.backends.base import Capability
    from parhelia_tui.core.client.past import Past
    from parhelia_tui.core.client.talks import Talk
    from parhelia_tui.core.client.watching import Watcher


class Looking(Opened):
    """Reads tasks, containers, sessions, events and money; changes nothing."""

    def snapshot(self) -> fleet.FleetSnapshot:
        """Read the fleet at one moment; of many tasks those that a screen shows first."""
        db = self._db
        with reading(db):
            return fleet.snapshot(db, self.paths, self._clock())

    def past(self, at: float) -> Past:
        """Put the fleet of a moment that is over together (epoch seconds)."""
        from parhelia_tui.core.client.past import past

        with reading(self._db) as db:
            return past(db, at)

    def moment_beside(self, at: float, *, later: bool) -> float | None:
        """Give the time of the next event after a moment, or of the last one before it."""
        return past_rows.neighbour(self._db, at, later=later)

    def event_density(self, begin: float, end: float, parts: int) -> list[int]:
        """Count the events in equal parts of a span of time."""
        return past_rows.density(self._db, begin, end, parts)

    def watch(self, since: fleet.FleetSnapshot | None = None) -> Watcher:
        """Watch for what changes after a snapshot, or from now on."""
        # Imported here: asyncio costs 12 ms that a command without a screen need not pay.
        from parhelia_tui.core.client.watching import Watcher

        start = since or self.snapshot()
        return Watcher(self.paths, start.rev, start.events[-1].seq if start.events else 0, self._clock)

    def totals(self) -> fleet.Totals:
        """Sum tasks and money."""
        with reading(self._db) as db:
            return fleet.totals(db, fleet.money(db, self._clock()))

    def task(self, text: str) -> Task:
        """Find a task by id, beginning of an id, or slug. Raises E201, E101."""
        return tasks.resolve(self._db, text)

    def tasks(
        self,
        states: Sequence[TaskState] = (),
        *,
        batch: str | None = None,
        workspace: str | None = None,
        limit: int | None = None,
        trashed: bool = False,
        gates: bool = True,
    ) -> list[Task]:
        """Read tasks as `store.tasks.listed`: newest first, with prompts cut to 400 characters."""
        return tasks.listed(
            self._db,
            states=states,
            batch=batch,
            workspace=_real(workspace),
            limit=limit,
            trashed=trashed,
            gates=gates,
        )

    def older_tasks(self, than: tuple[float, str] | None, limit: int) -> list[Task]:
        """Read all tasks piece by piece, newest first; see `store.tasks.older`."""
        return tasks.older(self._db, than, limit)

    def parts(self, group_id: str) -> list[Task]:
        """Read the parts of a group in the order of their targets, with prompts cut to 400 characters."""
        return tasks.of_group(self._db, group_id)

    def tasks_since(self, rev: int) -> tuple[int, list[Task]]:
        """Give the present revision of the store, and the tasks that changed after an earlier one."""
        with reading(self._db) as db:
            return current_rev(db), tasks.changed_since(db, rev)

    def attempts(self, task_id: str) -> list[Attempt]:
        """Read the attempts of a task, in order."""
        return tasks.attempts(self._db, task_id)

    def container(self, text: str) -> Container:
        """Find a container by id or beginning of an id. Raises E203, E101."""
        return containers.resolve(self._db, text)

    def container_or_spare(self, text: str) -> Container | Spare:
        """Find a container, or a spare sandbox that none is in yet, by id or beginning of an id. Raises E203, E101."""
        with reading(self._db) as db:
            found = spares.meant(db, text)
            if not found:
                return containers.resolve(db, text)
            try:
                ids = [containers.resolve(db, text).id]
            except ParheliaError as error:
                if error.code != "E203":
                    raise
                ids = []
        ids += [each.id for each in found]
        if len(ids) > 1:
            raise several(text, "container", ids)
        return found[0]

    def containers(
        self,
        states: Sequence[ContainerState] = (),
        *,
        workspace: str | None = None,
        limit: int | None = None,
    ) -> list[Container]:
        """Read containers, newest first."""
        return containers.listed(self._db, states=states, workspace=_real(workspace), limit=limit)

    def provider_id(self, container: Container | Spare) -> str:
        """Give the id that a provider has for a container or a spare; empty where it has none, or is not known here."""
        if container.backend == "local":
            return ""
        from parhelia_tui.core.backends.modal import records

        record = records.read(self.paths.container(container.id))
        return record.object_id if record else ""

    def step_of(self, task: Task) -> str:
        """Say what the making of a task's container is at, or the way home of what it made, in words; empty for neither."""
        container = containers.find(self._db, task.container_id) if task.container_id else None
        return container.step if container else ""

    def containers_of(self, task_id: str) -> list[Container]:
        """Read the containers of a task, oldest first."""
        return containers.of_task(self._db, task_id)

    def heartbeats(self, container_id: str, limit: int = 60) -> tuple[Heartbeat, ...]:
        """Read the newest heartbeats of a container, oldest of them first."""
        return tuple(containers.heartbeats(self._db, container_id, limit))

    def session(self, text: str) -> Session:
        """Find a session by id or name, or the main one of a task or container. Raises E200, E101, E103."""
        try:
            return sessions.resolve(self._db, text)
        except ParheliaError as unknown:
            if unknown.code != "E200":
                raise
            from parhelia_tui.core.model.groups import single

            for find in (lambda name: single(self.task(name)), self.container):
                try:
                    return sessions.resolve(self._db, find(text).id)
                except ParheliaError as error:
                    # A beginning of several ids is no unknown word.
                    if error.code not in ("E200", "E201", "E203"):
                        raise
            raise

    def sessions(
        self,
        states: Sequence[SessionState] = (),
        *,
        container_id: str | None = None,
        ended_too: bool = False,
        limit: int | None = None,
    ) -> list[Session]:
        """Read sessions, newest first; those that have ended only where asked for, or where `states` name one."""
        return sessions.listed(
            self._db, states=states, container_id=container_id, ended_too=ended_too, limit=limit
        )

    def events(self, **filters: Any) -> list[Event]:
        """Find events; the arguments are those of `store.events.find`."""
        return events.find(self._db, **filters)

    def spent(self, *, from_at: float = 0.0, task_id: str | None = None) -> ledger.Spent:
        """Sum the ledger."""
        return ledger.spent(self._db, from_at=from_at, task_id=task_id)

    def spendings(self, task_id: str) -> list[LedgerEntry]:
        """Read what each response of a task cost, in order."""
        return ledger.of_task(self._db, task_id)

    def agents(self) -> list[tuple[str, str]]:
        """Name the agents there are, each with a line about it."""
        from parhelia_tui.core.agents.registry import agents

        return [(name, agent.summary) for name, agent in agents().items()]

    def probed_agents(self) -> list[tuple[str, str, Probe]]:
        """Name the agents there are, and look for the program of each on this machine."""
        from parhelia_tui.core.agents.registry import agents

        return [(name, each.summary, each.probe()) for name, each in agents().items()]

    def can_ask(self, name: str) -> bool:
        """Say whether this machine has what an agent of this name needs."""
        from parhelia_tui.core.agents.registry import agent

        try:
            agent(name).need()
        except ParheliaError:
            return False
        return True

    def usual_agent(self, configured: Mapping[str, Any]) -> str:
        """Say who is proposed where nobody is named: the built-in agent, which nobody chose, only where it is here.

        Args:
            configured: what `configuration` says of `defaults.agent`.
        """
        name = str(configured["value"])
        # Else what is typed is a command line.
        return name if configured["source"] != "built-in" or self.can_ask(name) else "shell"

    async def probe(self) -> Sequence[Capability]:
        """Try what the backends can do on this machine."""
        found: list[Capability] = list(await self._backend("local").probe())
        try:
            modal = self._modal()
        except ParheliaError:
            # A faulty configuration is told of by itself.
            modal = self._backend("modal")
        found += await modal.probe()
        return found

    async def probe_authorities(self) -> str:
        """Say whose certificates count beside this machine's, and whether the API's does; empty where nobody's.

        Raises:
            ParheliaError: E700, E502: the file cannot be used, or the API is not accepted.
        """
        from parhelia_tui.core.egress.authorities import check
        from parhelia_tui.core.settings.config_files import load

        config = load(cwd=Path.cwd()).config
        return await check(config.api.url, config.network.ca_file) if config.network.ca_file else ""

    async def set_up_modal(self) -> dict[str, str]:
        """Check the account at Modal, and make app, volume, secret and image; give what was done. Raises E503."""
        from parhelia_tui.core.egress.key import NoKey, key_here
        from parhelia_tui.core.settings.config_files import load

        config = load(cwd=Path.cwd()).config
        key, why = "", "modal.secret is empty"
        if config.modal.secret:
            try:
                key = await key_here(config.api.key_env, config.api.key_file, config.api.key_command)
            except NoKey as error:
                why = str(error)
        done: dict[str, str] = await self._modal().set_up(key)
        return {"secret": f"none was made: {why}", **done}

    async def check_modal(self) -> dict[str, Any]:
        """Look into a sandbox at Modal that is made for that, and ended. Raises E503."""
        seen: dict[str, Any] = await self._modal().check()
        return seen

    def _modal(self) -> Any:
        from parhelia_tui.core.backends.registry import backend
        from parhelia_tui.core.settings.config_files import load

        return backend("modal", self.paths, modal=load(cwd=Path.cwd()).config.modal)

    def container_at(self, text: str) -> Container:
        """Find a container by its own id, or by a task or session that is in it. Raises E203, E101."""
        try:
            return self.container(text)
        except ParheliaError as unknown:
            if unknown.code != "E203":
                raise
            try:
                return containers.get(self._db, self.session(text).container_id)
            except ParheliaError as error:
                if error.code != "E200":
                    raise
                raise unknown from None

    def task_of(self, text: str) -> Task:
        """Find a task by its own id or slug, or by a session or container of it. Raises E201, E101."""
        try:
            return self.task(text)
        except ParheliaError as unknown:
            if unknown.code != "E201":
                raise
            try:
                return tasks.get(self._db, self.session(text).task_id)
            except ParheliaError as error:
                if error.code not in ("E200", "E201"):
                    raise
                raise unknown from None

    def talk(self, task: Task) -> Talk:
        """Read what was said between a person and a task's agent. Raises E600."""
        from parhelia_tui.core.client.talks import talk

        return talk(self._db, self.paths, task)

    def log_path(self, task: Task) -> Path | None:
        """Say where the output of a task's newest attempt is kept, None when there is none."""
        known = containers.of_task(self._db, task.id)
        return self._backend(known[-1].backend).log_path(known[-1].id) if known else None

    def log_tail(self, task_id: str, lines: int = 200) -> list[str]:
        """Read the last lines that a task printed, made safe to show."""
        from parhelia_tui.core.client.logs import tail

        path = self.log_path(tasks.get(self._db, task_id))
        return tail(path, lines) if path else []

    def demo_requests(self, count: int, seed: int) -> list[dict[str, Any]]:
        """Give the fields of the requests of a small live fleet."""
        from parhelia_tui.core.agents.demo.fleet import demo_requests

        return demo_requests(count, seed)


def _real(workspace: str | None) -> str | None:
    """A directory by the name under which records have it, whether it is there any more or not."""
    return None if workspace is None else os.path.realpath(os.path.expanduser(workspace))
