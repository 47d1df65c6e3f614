"""The client: every question and every wish of a front goes through here.

A client belongs to one thread. It opens the store when it is first needed, and it never acts on a container
by itself: it writes what is wanted and wakes the controller.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parhelia_tui.core.client import fleet, launch
from parhelia_tui.core.client.workspaces import usable_workspace
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.ids import new_id, slug
from parhelia_tui.core.model.records import (
    Attempt,
    Container,
    Event,
    Heartbeat,
    Intent,
    Limits,
    Owner,
    Session,
    Task,
)
from parhelia_tui.core.model.states import (
    CONTAINER_ENDED,
    SESSION_ENDED,
    TASK_ENDED,
    TASK_SETTLED,
    ContainerState,
    SessionState,
    TaskState,
)
from parhelia_tui.core.settings.paths import Paths, private_directory
from parhelia_tui.core.settings.wire import ask
from parhelia_tui.core.store import containers, events, intents, ledger, sessions, tasks
from parhelia_tui.core.store.changes import current_rev
from parhelia_tui.core.store.connection import reading, writing
from parhelia_tui.core.store.migrations import open_migrated, version

if TYPE_CHECKING:
    import subprocess
    from contextlib import AbstractAsyncContextManager

    from parhelia_tui.core.backends.base import Capability, TmuxEndpoint
    from parhelia_tui.core.client.checkpoints import Checkpoints
    from parhelia_tui.core.client.watching import Watcher
    from parhelia_tui.core.model.request import TaskRequest
    from parhelia_tui.core.sessions.attach import AttachResult
    from parhelia_tui.core.sessions.live import LiveTerminal
    from parhelia_tui.core.store.maintenance import Statistics

LOOK_EVERY_S = 0.01


class Client:
    """The one door to a state directory.

    Args:
        paths: the state directory.
        owner: whose name stands on what is made through this client.
        clock: gives epoch seconds.
    """

    def __init__(
        self, paths: Paths, owner: Owner | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.paths = paths
        self.owner = owner or Owner()
        self._clock = clock
        self._opened: sqlite3.Connection | None = None

    @classmethod
    def open(cls, paths: Paths | None = None) -> Client:
        """Give a client for a state directory, the one that the environment names if none is given."""
        return cls(paths or Paths.current())

    def close(self) -> None:
        """Let the store go; the client opens it again when it is asked something."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    @property
    def _db(self) -> sqlite3.Connection:
        if self._opened is None:
            private_directory(self.paths.home)
            self._opened = open_migrated(self.paths.database)
        return self._opened

    # Looking

    def snapshot(self) -> fleet.FleetSnapshot:
        """Read the whole fleet at one moment."""
        db = self._db
        with reading(db):
            return fleet.snapshot(db, self.paths, self._clock())

    def watch(self, since: fleet.FleetSnapshot | None = None) -> Watcher:
        """Watch for what changes after a snapshot, or from now on."""
        # Imported here: asyncio costs 12 ms that a command without a screen need not pay.
        from parhelia_tui.core.client.watching import Watcher

        start = since or self.snapshot()
        return Watcher(self.paths, start.rev, start.events[-1].seq if start.events else 0, self._clock)

    def controller_status(self) -> fleet.ControllerStatus:
        """See whether a controller runs."""
        return fleet.controller_status(self._db, self.paths)

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
    ) -> list[Task]:
        """Read tasks, newest first, with prompts cut to 400 characters."""
        return tasks.listed(self._db, states=states, batch=batch, workspace=_real(workspace), limit=limit)

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

    def containers(
        self,
        states: Sequence[ContainerState] = (),
        *,
        workspace: str | None = None,
        limit: int | None = None,
    ) -> list[Container]:
        """Read containers, newest first."""
        return containers.listed(self._db, states=states, workspace=_real(workspace), limit=limit)

    def containers_of(self, task_id: str) -> list[Container]:
        """Read the containers of a task, oldest first."""
        return containers.of_task(self._db, task_id)

    def heartbeats(self, container_id: str, limit: int = 60) -> tuple[Heartbeat, ...]:
        """Read the newest heartbeats of a container, oldest of them first."""
        return tuple(containers.heartbeats(self._db, container_id, limit))

    def session(self, text: str) -> Session:
        """Find a session by id or name, or the main one of a task or container. Raises E200, E101."""
        try:
            return sessions.resolve(self._db, text)
        except ParheliaError as unknown:
            if unknown.code != "E200":
                raise
            for find in (self.task, self.container):
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

    def agents(self) -> list[tuple[str, str]]:
        """Name the agents there are, each with a line about it."""
        from parhelia_tui.core.agents.registry import agents

        return [(name, agent.summary) for name, agent in agents().items()]

    async def probe(self) -> Sequence[Capability]:
        """Try what the local backend can do on this machine."""
        found: Sequence[Capability] = await self._backend("local").probe()
        return found

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

    def theme(self) -> str:
        """Give the colours of the dashboard, without what reading all of the configuration costs. Raises E700."""
        from parhelia_tui.core.settings.theme import theme

        return theme()

    def configuration(self) -> dict[str, dict[str, Any]]:
        """Give every configured value with where it comes from. Raises E700."""
        from parhelia_tui.core.settings.config_files import load

        loaded = load(cwd=Path.cwd())
        values: dict[str, dict[str, Any]] = {}
        waiting = list(loaded.config.model_dump().items())
        while waiting:
            key, value = waiting.pop(0)
            if isinstance(value, dict) and value:
                waiting[:0] = [(f"{key}.{name}", each) for name, each in value.items()]
            else:
                values[key] = {"value": value, "source": str(loaded.sources.get(key, "built-in"))}
        return values

    def configuration_files(self) -> list[Path]:
        """Name the configuration files that are read here, the weakest first. Raises E700."""
        from parhelia_tui.core.settings.config_files import load

        return load(cwd=Path.cwd()).files

    def possible_configuration_files(self) -> list[Path]:
        """Name the places where configuration is looked for, the weakest first, whether it is there or not."""
        from parhelia_tui.core.settings import config_files

        here = Path.cwd()
        project = config_files.project_file(here, os.environ) or here / config_files.PROJECT_NAME
        return [config_files.SYSTEM_FILE, config_files.user_file(os.environ), project]

    def example_configuration(self) -> str:
        """Write a configuration file that has every key with its meaning and its default."""
        from parhelia_tui.core.settings.reference import example

        return example()

    def begin_configuration(self, *, force: bool) -> Path:
        """Write a configuration file of the user in which every key is explained and none is set.

        Args:
            force: replace one that is there.

        Raises:
            ParheliaError: E101 when there is one, E500 when it cannot be written.
        """
        from parhelia_tui.core.settings.config_files import user_file
        from parhelia_tui.core.settings.reference import beginning

        target = user_file(os.environ)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("w" if force else "x", encoding="utf-8") as file:
                file.write(beginning())
        except FileExistsError:
            raise ParheliaError(
                "E101",
                f"{target} is there already",
                recovery=("parhelia config check", "parhelia config init --force"),
            ) from None
        except OSError as error:
            raise ParheliaError("E500", f"{target} cannot be written: {error.strerror}") from error
        return target

    def demo_requests(self, count: int, seed: int) -> list[dict[str, Any]]:
        """Give the fields of the requests of a small live fleet."""
        from parhelia_tui.core.agents.demo.fleet import demo_requests

        return demo_requests(count, seed)

    @cached_property
    def checkpoints(self) -> Checkpoints:
        """What there is to ask and to wish of checkpoints."""
        from parhelia_tui.core.client.checkpoints import Checkpoints

        return Checkpoints(self.paths, self.owner, lambda: self._db, self._clock, self.wake, self._intent)

    # The store's file

    def store_version(self) -> int:
        """Bring the store to the present form and say at which step it is. Raises E505, E506."""
        return version(self._db)

    def check_store(self) -> list[str]:
        """Say what is wrong with the store's file; nothing when it is sound."""
        from parhelia_tui.core.store.maintenance import check

        return check(self.paths.database)

    def store_statistics(self) -> Statistics:
        """Count the rows and bytes of the store's file. Raises E500, E505, E506."""
        from parhelia_tui.core.store.maintenance import statistics

        return statistics(self.paths.database)

    def backup_store(self, target: str, progress: Callable[[int, int], None] | None = None) -> None:
        """Copy the store to a file while it is in use.

        Args:
            progress: called with pages copied and pages in all.

        Raises:
            ParheliaError: E101 when the target exists, E507 when the disk is full, E500, E505, E506.
        """
        from parhelia_tui.core.store.maintenance import backup

        backup(self.paths.database, Path(target), progress)

    # Wishing

    def request(self, given: Mapping[str, Any], *, flags: Mapping[str, Any] | None = None) -> TaskRequest:
        """Make a request of what somebody typed and the configured defaults. Raises E100, E700."""
        return self.request_maker(flags=flags)(given)

    def request_maker(
        self, *, flags: Mapping[str, Any] | None = None
    ) -> Callable[[Mapping[str, Any]], TaskRequest]:
        """Give what makes requests, with the configuration read once. Raises E700; what it gives, E100."""
        from parhelia_tui.core.client.requests import request_maker

        return request_maker(flags=flags)

    def create_task(self, request: TaskRequest, *, batch: str | None = None) -> Task:
        """Store a task and wake the controller.

        Raises:
            ParheliaError: E100 for what its agent cannot be asked, E204 for the workspace, E603 for a
                backend that does not exist.
        """
        return self.create_tasks([request], batch=batch)[0]

    def create_tasks(self, requests: Sequence[TaskRequest], *, batch: str | None = None) -> list[Task]:
        """Store several tasks, all or none, and wake the controller. Raises as `create_task`."""
        fresh = [self._new_task(request, batch) for request in requests]
        stored: list[Task] = []
        with writing(self._db) as tx:
            for task in fresh:
                stored.append(tasks.add(tx, task))
                events.append(
                    tx,
                    "task.created",
                    f"{task.title} ({task.agent})",
                    source="client",
                    task_id=task.id,
                    at=task.created_at,
                    owner=self.owner,
                )
        self.wake()
        return stored

    def check(self, request: TaskRequest) -> None:
        """Check a request as `create_task` does, and store nothing. Raises as `create_task`."""
        self._new_task(request, None)

    def cancel_task(self, task_id: str, reason: str = "cancelled by the user") -> Task:
        """Ask for the end of a task; its workspace stays as it is.

        Raises:
            ParheliaError: E201 for no such task, E103 when it has ended already.
        """
        with writing(self._db) as tx:
            task = tasks.get(tx, task_id)
            if task.state in TASK_ENDED:
                raise ParheliaError(
                    "E103",
                    f"task {task.id} is {task.state} already",
                    recovery=(f"parhelia task show {task.id}", f"parhelia task retry {task.id}"),
                )
            if task.wanted == "run":
                task = tasks.update(tx, task, wanted="cancel", reason=reason)
                events.append(
                    tx,
                    "task.cancel_requested",
                    reason,
                    source="client",
                    task_id=task.id,
                    at=self._clock(),
                    owner=self.owner,
                )
        self.wake()
        return task

    def retry_task(self, task_id: str) -> Task:
        """Send an ended task back to the queue as a new attempt.

        Raises:
            ParheliaError: E201 for no such task, E103 when it has not ended.
        """
        with writing(self._db) as tx:
            task = tasks.get(tx, task_id)
            if task.state not in TASK_SETTLED:
                raise ParheliaError(
                    "E103",
                    f"task {task.id} is {task.state}; only an ended task is tried again",
                    recovery=(f"parhelia task watch {task.id}", f"parhelia task cancel {task.id}"),
                )
            task = tasks.move(
                tx,
                task,
                TaskState.PENDING,
                wanted="run",
                reason="",
                question="",
                exit_code=None,
                container_id=None,
                started_at=None,
                finished_at=None,
                resume_from=None,
                recoveries=0,
            )
            events.append(
                tx,
                "task.retried",
                f"attempt {task.attempt + 1} is asked for",
                source="client",
                task_id=task.id,
                at=self._clock(),
                owner=self.owner,
            )
        self.wake()
        return task

    def terminate_container(self, container_id: str, reason: str = "terminated by the user") -> Container:
        """Ask for the end of a container; its workspace stays as it is.

        Raises:
            ParheliaError: E203 for no such container, E103 when it has ended already.
        """
        with writing(self._db) as tx:
            container = containers.get(tx, container_id)
            if container.state in CONTAINER_ENDED:
                raise ParheliaError(
                    "E103",
                    f"container {container.id} is {container.state} already",
                    recovery=(f"parhelia container show {container.id}", "parhelia container list"),
                )
            container = containers.update(tx, container, wanted="terminate", reason=reason)
            events.append(
                tx,
                "container.terminate_requested",
                reason,
                source="client",
                task_id=container.task_id,
                container_id=container.id,
                at=self._clock(),
                owner=self.owner,
            )
        self.wake()
        return container

    def create_session(self, container_id: str, command: Sequence[str] = ()) -> Session:
        """Start a further session in a running container and wait until it is there.

        Args:
            command: program and arguments; a shell when empty.

        Raises:
            ParheliaError: E203, E205 when the container holds as many as it may, E602, E501.
        """
        container = containers.get(self._db, container_id)
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

    def reconcile(self) -> dict[str, Any]:
        """Run one round of the reconciler now and give what it found and did."""
        return self._intent("reconcile", "", {})

    def cleanup(
        self, *, dry_run: bool, persistent: bool = False, older_than_s: float = 0.0
    ) -> dict[str, Any]:
        """Remove the run directories of ended containers, or only say which; workspaces always stay.

        Args:
            persistent: also what persistent ones keep for the next container in their place.
            older_than_s: seconds since their end; what ended later stays.

        Returns:
            `removed`, a list of ids, and `kept`, ids with the reason.
        """
        asked: dict[str, object] = {
            "dry_run": dry_run,
            "persistent": persistent,
            "older_than_s": older_than_s,
        }
        return self._intent("cleanup", "", asked)

    def wake(self) -> None:
        """Tell the controller to look, starting it if there is none."""
        launch.wake_controller(self.paths)

    def ensure_controller(self) -> None:
        """Return when a controller answers. Raises E500."""
        launch.ensure_controller(self.paths)

    def controller_details(self) -> dict[str, Any]:
        """Ask the controller for its own view. Raises E500 when there is none, else what it fails with."""
        said = ask(self.paths.controller_socket, {"op": "status"}, timeout_s=5.0)
        if not said.get("ok"):
            raise ParheliaError(str(said.get("code", "E500")), str(said.get("error", "it gave no reason")))
        return said

    def stop_controller(self, deadline_s: float = 10.0) -> bool:
        """Ask the controller to leave; the work goes on without it. False when there was none."""
        status = self.controller_status()
        if status.pid is None:
            return False
        ask(self.paths.controller_socket, {"op": "stop"}, timeout_s=5.0)
        end = time.monotonic() + deadline_s
        while self.controller_status().pid == status.pid:
            if time.monotonic() > end:
                raise ParheliaError("E501", f"the controller did not leave within {deadline_s:g} s")
            time.sleep(LOOK_EVERY_S)
        return True

    def run_controller(self) -> subprocess.Popen[bytes]:
        """Start a controller as a child of this process and its terminal, for somebody who watches it."""
        return launch.run_controller(self.paths)

    # Terminals

    def endpoint(self, text: str) -> TmuxEndpoint:
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
        endpoint: TmuxEndpoint = self._backend(container.backend).endpoint(container.id, session.name)
        return endpoint

    def live_terminal(self, endpoint: TmuxEndpoint) -> AbstractAsyncContextManager[LiveTerminal]:
        """Watch the screen of a session."""
        from parhelia_tui.core.sessions.live import LiveTerminal

        return LiveTerminal(endpoint)

    def attach(self, endpoint: TmuxEndpoint) -> AttachResult:
        """Hand the present terminal to a session until it is left. Raises E601."""
        from parhelia_tui.core.sessions.attach import attach

        return attach(endpoint)

    async def send_text(self, text: str, message: str, *, enter: bool) -> None:
        """Type a message into a session as one paste, and press Enter if asked to. Raises E200, E601, E100."""
        from parhelia_tui.core.sessions import server

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

    def log_path(self, task: Task) -> Path | None:
        """Say where the output of a task's newest attempt is kept, None when there is none."""
        known = containers.of_task(self._db, task.id)
        return self._backend(known[-1].backend).log_path(known[-1].id) if known else None

    def log_tail(self, task_id: str, lines: int = 200) -> list[str]:
        """Read the last lines that a task printed, made safe to show."""
        from parhelia_tui.core.client.logs import tail

        path = self.log_path(tasks.get(self._db, task_id))
        return tail(path, lines) if path else []

    def _backend(self, name: str) -> Any:
        from parhelia_tui.core.backends.registry import backend

        return backend(name, self.paths)

    def _new_task(self, request: TaskRequest, batch: str | None) -> Task:
        from parhelia_tui.core.agents.registry import agent
        from parhelia_tui.core.backends.registry import BACKENDS

        agent(request.agent).check(request.prompt, request.agent_options)
        if request.backend not in BACKENDS:
            raise ParheliaError(
                "E603",
                f"there is no backend {request.backend!r}; there is {', '.join(sorted(BACKENDS))}",
                details={"known": sorted(BACKENDS)},
            )
        task_id = new_id("t")
        if request.workspace_mode == "empty":
            workspace = str(self.paths.workspaces / task_id)
        else:
            workspace = usable_workspace(request.workspace or os.getcwd(), self.paths)
        return Task(
            id=task_id,
            slug=slug(request.title or request.prompt),
            title=request.shown_title,
            prompt=request.prompt,
            agent=request.agent,
            agent_options=request.agent_options,
            workspace=workspace,
            workspace_mode=request.workspace_mode,
            backend=request.backend,
            network=request.network,
            persistent=request.persistent,
            unsandboxed=request.unsandboxed,
            env=request.env,
            limits=Limits(**request.limits.model_dump()),
            slot_wanted=request.slot,
            priority=request.priority,
            batch=batch,
            state=TaskState.PENDING,
            wanted="run",
            reason="",
            question="",
            last_line="",
            attempt=0,
            container_id=None,
            exit_code=None,
            input_tokens=0,
            output_tokens=0,
            cost_usd=None,
            created_at=self._clock(),
            started_at=None,
            finished_at=None,
            rev=0,
            version=1,
            owner=self.owner,
        )

    def _intent(
        self, kind: str, target: str, payload: dict[str, object], patience_s: float = intents.PATIENCE_S
    ) -> dict[str, Any]:
        """Store an intent, wake the controller and wait for what becomes of it, so many seconds at most."""
        with writing(self._db) as tx:
            intent = intents.add(tx, kind, target, payload, self._clock(), self.owner)
        self.wake()
        return self._wait_for(intent, patience_s)

    def _wait_for(self, intent: Intent, patience_s: float) -> dict[str, Any]:
        end = time.monotonic() + patience_s
        while True:
            seen = intents.get(self._db, intent.id)
            if seen.state == "done":
                return seen.result
            if seen.state == "refused":
                raise ParheliaError(
                    str(seen.result["code"]),
                    str(seen.result["message"]),
                    details=dict(seen.result.get("details", {})),
                )
            if time.monotonic() > end:
                raise ParheliaError(
                    "E501",
                    f"the controller did not answer within {patience_s:g} s",
                    recovery=("parhelia controller status", "parhelia doctor"),
                )
            time.sleep(LOOK_EVERY_S)


def _real(workspace: str | None) -> str | None:
    """A directory by the name under which records have it, whether it is there any more or not."""
    return None if workspace is None else os.path.realpath(os.path.expanduser(workspace))
