"""A fleet that stands still: fixed ids, fixed times, and a process that holds the controller's lock.

It is for what must look the same each time. Nothing in it moves, so a test of what keys do to work wants the
real one (the fixture `product`).
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from parhelia_tui.core.checkpoints.capture import capture
from parhelia_tui.core.checkpoints.repository import Repository
from parhelia_tui.core.client import Client
from parhelia_tui.core.model.records import Task
from parhelia_tui.core.model.states import (
    ApprovalKind,
    CheckpointState,
    ContainerState,
    Health,
    TaskState,
    Trigger,
)
from parhelia_tui.core.settings.paths import Paths, private_directory
from parhelia_tui.core.store import approvals, checkpoints, containers, events, ledger, sessions, tasks
from parhelia_tui.core.store.connection import writing
from parhelia_tui.core.store.migrations import open_migrated
from tests.support.store import make_task, start

NOW = 1_772_719_331.0
"""The one moment of this fleet: 2026-03-05 14:02:11 UTC."""
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
_QUESTION = {
    "question": "Which form shall the new interface have?",
    "header": "Interface",
    "options": [
        {"label": "Functions", "description": "small and flat"},
        {"label": "A class", "description": "holds the state of the parser"},
    ],
}
HOLD = """
import sys
from pathlib import Path
from parhelia_tui.core.settings.process_lock import ProcessLock
assert ProcessLock(Path(sys.argv[1])).take()
print("ready", flush=True)
sys.stdin.read()
"""
WAITS, PORTS, WATCHES, QUEUED, DONE, FAILED, CANCELLED = (f"t-0000000{number}" for number in range(1, 8))
"""The tasks, in the order in which the screen shows them."""
_LATER = (
    "attempt",
    "container_id",
    "question",
    "cost_usd",
    "exit_code",
    "reason",
    "started_at",
    "finished_at",
)
LIVE = {WAITS: "c-00000001", PORTS: "c-00000002", WATCHES: "c-00000003"}


class StillFleet:
    """Writes the fleet into a state directory, and holds its controller's lock until it is closed."""

    def __init__(self, home: Path) -> None:
        self.paths = Paths(home)
        private_directory(home)
        self._db = open_migrated(self.paths.database)
        self._holder: subprocess.Popen[str] | None = None

    def client(self) -> Client:
        """A client for which it is always `NOW`."""
        return Client(self.paths, clock=lambda: NOW)

    def hold_controller(self) -> None:
        """Let a process stand where the controller does."""
        self._holder = start(HOLD, self.paths.controller_lock)
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == "ready\n"
        about = {
            "pid": self._holder.pid,
            "since": NOW - 2 * HOUR,
            "backend": "local",
            "isolation": "bubblewrap",
        }
        with writing(self._db) as tx:
            tx.execute("INSERT OR REPLACE INTO meta VALUES ('controller', ?)", (json.dumps(about),))

    def add(self, *fresh: Task) -> None:
        """Store tasks, with what only a controller writes."""
        with writing(self._db) as tx:
            for task in fresh:
                stored = tasks.add(tx, task)
                tasks.update(tx, stored, **{name: getattr(task, name) for name in _LATER})

    def fill(self) -> None:
        """Store a small fleet of every kind."""
        self.add(*_tasks())
        with writing(self._db) as tx:
            for number, (task_id, container_id) in enumerate(LIVE.items()):
                task = tasks.get(tx, task_id)
                made = containers.add(
                    tx,
                    container_id,
                    task,
                    attempt=1,
                    workspace=task.workspace,
                    slot=1 + number,
                    at=task.created_at,
                )
                cpu, memory = ((8.0, 212 << 20), (96.0, 1900 << 20), (1.0, 18 << 20))[number]
                containers.move(
                    tx,
                    made,
                    ContainerState.RUNNING,
                    health=Health.DEGRADED if task_id == WATCHES else Health.HEALTHY,
                    started_at=task.created_at,
                    last_heartbeat_at=NOW - (24 if task_id == WATCHES else 2 + number),
                    cpu_percent=cpu,
                    memory_bytes=memory,
                    pids=4,
                )
                sessions.add(
                    tx,
                    f"s-0000000{number + 1}",
                    f"ph-{task.slug}-1",
                    made,
                    "main",
                    task.agent,
                    task.created_at,
                )
                containers.add_heartbeats(
                    tx, container_id, _beats(number, NOW - (24 if number == 2 else 2 + number))
                )
                ledger.add(
                    tx,
                    task,
                    container_id=container_id,
                    spool_seq=1,
                    at=NOW - (number + 0.5) * HOUR,
                    model="a-model",
                    input_tokens=100_000,
                    output_tokens=4_000,
                    cost_usd=None if task_id == WATCHES else (0.41, 1.02)[number],
                )
            for at, type, level, task_id, message in _events():
                events.append(tx, type, message, level=level, task_id=task_id, at=NOW - at)

    def ask(self) -> None:
        """Let agents ask: a command, a question, a plan with hidden characters; and let one need a review."""
        asked: tuple[tuple[str, str, str, dict[str, object], bool, float], ...] = (
            (WAITS, "permission", "Bash", {"command": "rm -r build/ && make", "description": "Build anew"}, False, 300),
            (PORTS, "question", "AskUserQuestion", {"questions": [_QUESTION]}, False, 200),
            (PORTS, "plan", "ExitPlanMode", {"plan": "1. read\n2. write 漢字\n3. test"}, True, 60),
        )  # fmt: skip
        with writing(self._db) as tx:
            for number, (task_id, kind, tool, given, cut, age) in enumerate(asked, 1):
                approvals.add(
                    tx,
                    f"a-0000000{number}",
                    containers.get(tx, LIVE[task_id]),
                    ask=number,
                    kind=ApprovalKind(kind),
                    tool=tool,
                    given=given,
                    cut=cut,
                    message="",
                    at=NOW - age,
                )
            task = tasks.get(tx, PORTS)
            tasks.move(tx, task, TaskState.WAITING, question="Which form?")
        self.add(
            make_task(
                "t-00000008",
                title="Rewrite the release notes",
                slug="rewrite-the-release",
                state=TaskState.NEEDS_REVIEW,
                created_at=NOW - HOUR,
                attempt=1,
                agent="demo",
                reason="exit code 0; to be reviewed: it changed .github/workflows/release.yml",
                cost_usd=0.31,
                started_at=NOW - HOUR,
                finished_at=NOW - 10 * MINUTE,
            )
        )

    def take_checkpoints(self, workspace: Path, called: str = "") -> None:
        """Give the failed task three checkpoints, with what they hold, and a workspace that has changed since.

        Args:
            workspace: an empty directory.
            called: another path for it, by which it is not found.
        """
        trees: list[str] = []
        with Repository(self.paths.checkpoints) as repository:
            for number in range(3):
                _change(workspace, number)
                trees.append(capture(repository, workspace, trees[-1] if trees else None).tree)
        _change(workspace, 3)
        with writing(self._db) as tx:
            task = tasks.get(tx, FAILED)
            parent = None
            for number, (trigger, tree) in enumerate(
                zip((Trigger.MANUAL, Trigger.PERIODIC, Trigger.ERROR), trees, strict=True)
            ):
                at = NOW - (40 - 15 * number) * MINUTE
                made = checkpoints.add(
                    tx, f"cp-0000000{number + 1}", task, None, trigger, at, workspace=called or str(workspace)
                )
                made = checkpoints.move(tx, made, CheckpointState.CREATING)
                taken = {
                    "tree": tree,
                    "conversation": tree if number else "",
                    "files": 60_000 + number,
                    "bytes": 512_000_000 + number,
                    "changed_files": (60_000, 12, 3)[number],
                    "added_bytes": (301_000_000, 48_000, 9_400)[number],
                    "skipped": ["run/agent.sock: socket"],
                    "pause_s": 0.004,
                    "took_s": (2.1, 0.25, 0.24)[number],
                    "git": {"head": "5f" * 20, "branch": "main", "staged": 1, "unstaged": 2, "stashes": 1},
                    "environment": {"agent": "shell", "python3": "3.11.7", "git": "2.39.5"},
                }
                made = checkpoints.finish(tx, made, taken, parent, at)
                parent = made.id
                if number == 0:
                    checkpoints.describe(tx, made, note="before the rewrite", tags=["good"], protected=True)

    def write_log(self, task_id: str, text: bytes) -> None:
        """Write what a task printed, as its container's log."""
        place = self.paths.container(LIVE[task_id])
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        # At once, as it only grows where it is a real one: who reads just now sees no empty one in between.
        (place / "output.new").write_bytes(text)
        (place / "output.new").replace(place / "output.log")

    def close(self) -> None:
        """Let the store and the lock go."""
        self._db.close()
        if self._holder is not None:
            self._holder.kill()
            self._holder.communicate()


def _change(workspace: Path, number: int) -> None:
    """Bring a workspace to the next of its states."""
    (workspace / "src").mkdir(exist_ok=True)
    (workspace / "src" / "parser.py").write_text(
        "def parse(text):\n" + f"    step({number})\n" * (number + 1)
    )
    (workspace / "src" / f"step_{number}.py").write_text(f"STEP = {number}\n")
    (workspace / "src" / f"step_{number - 2}.py").unlink(missing_ok=True)
    (workspace / "notes 漢字.md").write_text("- a note\n" * number)


def _tasks() -> Sequence[Task]:
    def task(number: int, title: str, state: TaskState, age: float, **columns: object) -> Task:
        words = title.lower().replace("--", "").split()[:3]
        return make_task(
            f"t-0000000{number}",
            title=title,
            slug="-".join(words),
            state=state,
            created_at=NOW - age,
            **columns,
        )

    began = {"attempt": 1, "agent": "demo"}
    return (
        task(
            1,
            "Fix the failing cache tests",
            TaskState.WAITING,
            12 * MINUTE,
            **began,
            container_id=LIVE[WAITS],
            question="May I remove build/?",
            cost_usd=0.41,
            started_at=NOW - 12 * MINUTE,
        ),
        task(
            2,
            "Port the parser to the new interface",
            TaskState.RUNNING,
            41 * MINUTE,
            **began,
            container_id=LIVE[PORTS],
            cost_usd=1.02,
            started_at=NOW - 41 * MINUTE,
        ),
        task(
            3,
            "npm test -- --watch",
            TaskState.RUNNING,
            3 * HOUR,
            attempt=1,
            container_id=LIVE[WATCHES],
            started_at=NOW - 3 * HOUR,
        ),
        task(4, "Write the migration guide", TaskState.PENDING, 8),
        task(
            5,
            "Bump dependencies",
            TaskState.COMPLETED,
            5 * HOUR,
            **began,
            cost_usd=0.12,
            exit_code=0,
            reason="exit code 0",
            started_at=NOW - 5 * HOUR,
            finished_at=NOW - 4 * HOUR,
        ),
        task(
            6,
            "make release",
            TaskState.FAILED,
            7 * HOUR,
            attempt=1,
            exit_code=2,
            reason="exit code 2",
            started_at=NOW - 7 * HOUR,
            finished_at=NOW - 7 * HOUR + 95,
        ),
        task(
            7,
            "Rename every test",
            TaskState.CANCELLED,
            2 * DAY,
            reason="cancelled by the user",
            finished_at=NOW - 2 * DAY + 30,
        ),
    )


def _beats(number: int, last: float) -> list[dict[str, object]]:
    return [
        {
            "seq": seq,
            # One of them has missed two beats in the middle.
            "at": last - (20 - seq) * 10.0 - (20.0 if number == 0 and seq < 8 else 0.0),
            "cpu_percent": float((seq * (7 + 5 * number)) % 97),
            "memory_bytes": 200 << 20,
            "pids": 4,
            "uptime_s": seq * 10.0,
        }
        for seq in range(1, 21)
    ]


def _events() -> Sequence[tuple[float, str, str, str, str]]:
    return (
        (3 * HOUR, "task.created", "info", WATCHES, "npm test -- --watch (shell)"),
        (41 * MINUTE, "task.running", "info", PORTS, "it runs"),
        (12 * MINUTE, "task.running", "info", WAITS, "it runs"),
        (30, "container.degraded", "warning", WATCHES, "2 heartbeats missed"),
        (13, "task.waiting", "info", WAITS, "asks: May I remove build/?"),
        (8, "task.created", "info", QUEUED, "Write the migration guide (shell)"),
    )
