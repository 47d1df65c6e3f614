"""The records of the store as the rest of the program sees them. Times are epoch seconds, UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parhelia_tui.core.model.states import (
    ApprovalKind,
    ApprovalState,
    CheckpointState,
    ContainerState,
    Health,
    ReplyState,
    SessionState,
    TaskState,
    Trigger,
)

LOCAL_USER = "local"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a record is: explicit identity, on every row.

    Args:
        user_id: the person; `local` where there is only one.
        session_id: the owner's own session, where one was given.
        environment_id: the container's id, once there is one.
    """

    user_id: str = LOCAL_USER
    session_id: str | None = None
    environment_id: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a container may use; None is no limit of ours.

    Args:
        cpus: processors, may be a fraction.
        memory_mb: main memory in MiB.
        pids: processes and threads.
        lifetime_s: seconds until the shim ends the container.
        gpu: kind and number as the provider names them, as in `A100` or `T4:2`.
        region: where at the provider.
    """

    cpus: float | None = None
    memory_mb: int | None = None
    pids: int | None = None
    lifetime_s: float | None = None
    gpu: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Mount:
    """A path of the host that is visible inside, read-only unless `writable`."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """A program of an image: its path inside, and its version, empty where it is not known."""

    path: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """What a container finds that sees an image in the place of this machine's programs.

    Args:
        python: an interpreter of 3.9 or newer.
        programs: of agents, by their names.
    """

    python: str
    programs: Mapping[str, Program]


@dataclass(frozen=True, slots=True)
class SystemImage:
    """A named system for containers on this machine: what a script made of this machine's, or of another image's.

    Args:
        layer: the id of what is current of it, the container in which it was made.
        base: the image that it was made of; empty for this machine's own system.
        fingerprint: of the script and of what it was made of.
        bytes: of its files, without those of the base.
        made_at: epoch seconds.
    """

    name: str
    layer: str
    base: str
    fingerprint: str
    bytes: int
    made_at: float


@dataclass(frozen=True, slots=True)
class Task:
    """What a person asked for, and how it stands.

    Args:
        agent_state: what the agent does by its own word, `unknown` where it should tell and has not; empty for
            one that tells nothing.
        agent_source: who said so: hook, session, stream, transcript, screen, process.
        agent_tool, agent_detail: the tool that runs or is asked for, and its input, the question or last words.
        agent_at: when it was said.
        agent_outcome: how the agent's own work ended, in one word.
        turns, seen_input_tokens, seen_output_tokens: as its conversation shows them; to be seen, never to be paid.
        parent_id, target: of a part: the group that it is of, and its target.
        trashed_at: when it was put into the trash; None while it is not there.
        parts, parts_done: of a group, which runs nothing itself: how many tasks it has, and how many have ended.
        placed_on, placed_why: of the backend `auto`: what was chosen for the newest attempt, and why.
        mounts: paths of this machine that its containers show beside the workspace, by the user's wish.
        image: whose system its containers begin with; empty for this machine's own.
        gate_of: of the gate of a merge: the task whose files it has to pass; empty for what a person asked for.
    """

    id: str
    slug: str
    title: str
    prompt: str
    agent: str
    agent_options: dict[str, Any]
    workspace: str
    workspace_mode: str
    backend: str
    network: str
    persistent: bool
    unsandboxed: bool
    env: dict[str, str]
    limits: Limits
    slot_wanted: int | None
    priority: int
    batch: str | None
    state: TaskState
    wanted: str
    reason: str
    question: str
    last_line: str
    attempt: int
    container_id: str | None
    exit_code: int | None
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    created_at: float
    started_at: float | None
    finished_at: float | None
    rev: int
    version: int
    resume_from: str | None = None
    resume_workspace: str = "restore"
    recoveries: int = 0
    agent_state: str = ""
    agent_source: str = ""
    agent_tool: str = ""
    agent_detail: str = ""
    agent_at: float | None = None
    agent_outcome: str = ""
    turns: int = 0
    seen_input_tokens: int = 0
    seen_output_tokens: int = 0
    parent_id: str | None = None
    target: str = ""
    parts: int = 0
    parts_done: int = 0
    placed_on: str = ""
    placed_why: str = ""
    trashed_at: float | None = None
    mounts: tuple[Mount, ...] = ()
    image: str = ""
    gate_of: str = ""
    owner: Owner = field(default=Owner())

    @property
    def is_group(self) -> bool:
        """It stands for tasks of its own, and has no container."""
        return self.parts > 0

    @property
    def project(self) -> str:
        """Its workspace as the user named it; empty where it has one of its own alone."""
        return "" if self.workspace_mode == "empty" else self.workspace


@dataclass(frozen=True, slots=True)
class Memory:
    """What sessions of a project leave for the next one.

    Args:
        project: the directory.
        written_by: the task that left it, or the user who changed it.
    """

    project: str
    text: str
    written_by: str
    updated_at: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a task in one container, with the conversation that it leads or goes on with.

    Args:
        backend: where its container is or was; empty where that is not known any more.
    """

    task_id: str
    number: int
    container_id: str
    state: TaskState
    reason: str
    exit_code: int | None
    started_at: float
    finished_at: float | None
    conversation: str = ""
    backend: str = ""


@dataclass(frozen=True, slots=True)
class Container:
    """One isolated environment on a backend.

    Args:
        mounts: paths of this machine that it shows beside the workspace, by the user's wish.
        image: whose system it began with; empty for this machine's own.
        drift: in words what the last round of reconciling found otherwise than it was made.
        step: in words what its making is at, or the way home of what it made; empty while it works or is over.
    """

    id: str
    task_id: str
    attempt: int
    backend: str
    state: ContainerState
    wanted: str
    health: Health
    slot: int
    workspace: str
    network: str
    persistent: bool
    unsandboxed: bool
    limits: Limits
    reason: str
    exit_code: int | None
    spool_offset: int
    created_at: float
    started_at: float | None
    finished_at: float | None
    last_heartbeat_at: float | None
    cpu_percent: float | None
    memory_bytes: int | None
    pids: int | None
    rev: int
    version: int
    mounts: tuple[Mount, ...] = ()
    image: str = ""
    drift: str = ""
    step: str = ""
    owner: Owner = field(default=Owner())


@dataclass(frozen=True, slots=True)
class Session:
    """One tmux session of a container."""

    id: str
    name: str
    container_id: str
    task_id: str
    kind: str
    command: str
    state: SessionState
    wanted: str
    reason: str
    exit_code: int | None
    created_at: float
    finished_at: float | None
    rev: int
    version: int
    owner: Owner = field(default=Owner())


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A workspace, its agent's conversation, its git state and its environment at one moment.

    Args:
        parent: the checkpoint of the same task before this one.
        tree: the name of the workspace's files in the checkpoint store.
        conversation: the name of the agent's conversation there; empty where there is none.
        files, bytes: of the whole workspace.
        changed_files, added_bytes: what was new against the parent, and what it added to the store on disk.
        skipped: paths that could not be taken, with the reason.
        pause_s: how long the container stood still.
        took_s: how long all of it took.
        git: branch, head, counts of staged, unstaged and untracked files, stashes; empty without a repository.
        environment: agent, model, versions.
    """

    id: str
    task_id: str
    container_id: str | None
    attempt: int
    workspace: str
    parent: str | None
    trigger: Trigger
    state: CheckpointState
    reason: str
    tree: str
    conversation: str
    files: int
    bytes: int
    changed_files: int
    added_bytes: int
    skipped: tuple[str, ...]
    pause_s: float
    took_s: float
    note: str
    tags: tuple[str, ...]
    protected: bool
    git: dict[str, Any]
    environment: dict[str, Any]
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    created_at: float
    finished_at: float | None
    rev: int
    version: int
    owner: Owner = field(default=Owner())


@dataclass(frozen=True, slots=True)
class Approval:
    """A question with which an agent waits for a person, and how it was answered.

    Args:
        ask: its number in the container.
        tool, input: what the agent wants to do; secrets of known shapes are taken out.
        cut: the input is not all of it.
        message: the question or the plan in words.
        decision: `allow` or `deny` once somebody has answered; the state follows when the agent was told.
        always: the answer counts for all that is alike, in this task.
        answers: to the questions of the kind `question`, by question.
        reason: why, in the words of whoever answered.
        answered_by: a person's name, or the rule.
        source: `person`, `policy`, `timeout`, `agent` or `container`: who brought it to its end.
    """

    id: str
    task_id: str
    container_id: str
    attempt: int
    ask: int
    kind: ApprovalKind
    tool: str
    input: dict[str, Any]
    cut: bool
    message: str
    state: ApprovalState
    decision: str
    always: bool
    answers: dict[str, str]
    reason: str
    answered_by: str
    source: str
    created_at: float
    answered_at: float | None
    finished_at: float | None
    rev: int
    version: int
    owner: Owner = field(default=Owner())


@dataclass(frozen=True, slots=True)
class Reply:
    """What a person told an agent without going to its terminal.

    Args:
        text: what is to be typed; empty from then on.
        shown: a line of it, without secrets of known shapes.
        digest: tells the agent's report of this text from others.
        evidence: `agent`, its own report that it took the text; `screen`, which shows it; or `end`: its program
            ended once it was entered.
        reason: why it was not delivered.
    """

    id: str
    task_id: str
    container_id: str
    text: str
    shown: str
    digest: str
    state: ReplyState
    evidence: str
    reason: str
    created_at: float
    typed_at: float | None
    finished_at: float | None
    rev: int
    version: int
    owner: Owner = field(default=Owner())


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the history; `seq` grows and is never used twice."""

    seq: int
    at: float
    type: str
    level: str
    source: str
    message: str
    task_id: str | None
    container_id: str | None
    session_id: str | None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """One sample of a container's life."""

    container_id: str
    seq: int
    at: float
    cpu_percent: float | None
    memory_bytes: int | None
    pids: int | None
    uptime_s: float


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One spending: tokens of one response.

    Args:
        cost_usd: None is an unknown cost, never zero.
        worth_usd: what it would have cost, where an account's subscription paid for it.
    """

    id: int
    at: float
    task_id: str
    container_id: str
    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    worth_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """Something that a front asked of the controller and that is no task of its own."""

    id: int
    at: float
    kind: str
    target: str
    payload: dict[str, Any]
    state: str
    result: dict[str, Any]
    handled_at: float | None
