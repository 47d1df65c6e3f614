"""Between rows of SQLite and records."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from parhelia_tui.core.model.mounting import from_text
from parhelia_tui.core.model.records import (
    Approval,
    Attempt,
    Checkpoint,
    Container,
    Event,
    Heartbeat,
    Intent,
    LedgerEntry,
    Limits,
    Owner,
    Reply,
    Session,
    Task,
)
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

TASK_COLUMNS = (
    "id, slug, title, prompt, agent, agent_options, workspace, workspace_mode, backend, network, persistent,"
    " unsandboxed, env, cpus, memory_mb, pids, lifetime_s, gpu, region, slot_wanted, priority, batch, state, wanted,"
    " reason, question, last_line, attempt, container_id, exit_code, input_tokens, output_tokens, cost_usd,"
    " created_at, started_at, finished_at, rev, version, resume_from, resume_workspace, recoveries,"
    " agent_state, agent_source, agent_tool, agent_detail, agent_at, agent_outcome, turns, seen_input_tokens,"
    " seen_output_tokens, parent_id, target, parts, parts_done, placed_on, placed_why, trashed_at, mounts, image, gate_of,"
    " owner_user, owner_session, owner_environment"
)
# Screens show one line of a prompt; 100 KB prompts of a thousand tasks stay where they are.
TASK_COLUMNS_SHORT = TASK_COLUMNS.replace("prompt,", "substr(prompt, 1, 400) AS prompt,", 1)


def _owner(row: sqlite3.Row) -> Owner:
    return Owner(row["owner_user"], row["owner_session"], row["owner_environment"])


def _limits(row: sqlite3.Row) -> Limits:
    return Limits(row["cpus"], row["memory_mb"], row["pids"], row["lifetime_s"], row["gpu"], row["region"])


def _object(text: str) -> dict[str, Any]:
    # Most rows hold the empty object; not parsing it halves the time of a long list.
    return {} if text == "{}" else dict(json.loads(text))


_PLACE = {name: place for place, name in enumerate(TASK_COLUMNS.split(", "))}
_OPTIONS, _ENV, _MOUNTS = _PLACE["agent_options"], _PLACE["env"], _PLACE["mounts"]
_PERSISTENT, _UNSANDBOXED, _STATE = _PLACE["persistent"], _PLACE["unsandboxed"], _PLACE["state"]
_LIMITS = slice(_PLACE["cpus"], _PLACE["region"] + 1)
_OWNER = slice(_PLACE["owner_user"], _PLACE["owner_environment"] + 1)
_TASK_STATES = {each.value: each for each in TaskState}


def task(row: sqlite3.Row) -> Task:
    """Make the record of a task.

    The columns stand in the order of its fields: cell by cell by name takes four times as long, and the dashboard
    reads tens of thousands.
    """
    cells = list(row)
    cells[_OPTIONS], cells[_ENV] = _object(cells[_OPTIONS]), _object(cells[_ENV])
    cells[_PERSISTENT], cells[_UNSANDBOXED] = bool(cells[_PERSISTENT]), bool(cells[_UNSANDBOXED])
    cells[_STATE] = _TASK_STATES[cells[_STATE]]
    cells[_MOUNTS] = from_text(cells[_MOUNTS])
    # From the end, as each of these makes the list shorter.
    cells[_OWNER] = (Owner(*cells[_OWNER]),)
    cells[_LIMITS] = (Limits(*cells[_LIMITS]),)
    return Task(*cells)


def attempt(row: sqlite3.Row) -> Attempt:
    return Attempt(
        task_id=row["task_id"],
        number=row["number"],
        container_id=row["container_id"],
        state=TaskState(row["present"]),
        reason=row["reason"],
        exit_code=row["exit_code"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        conversation=row["conversation"],
        backend=row["ran_at"] or "",
    )


CONTAINER_COLUMNS = (
    "id, task_id, attempt, backend, state, wanted, health, slot, workspace, network, persistent, unsandboxed,"
    " cpus, memory_mb, pids, lifetime_s, gpu, region, reason, exit_code, spool_offset, created_at, started_at,"
    " finished_at, last_heartbeat_at, cpu_percent, memory_bytes, process_count, rev, version, mounts, image,"
    " drift, step, owner_user, owner_session, owner_environment"
)
_CONTAINER_STATES = {each.value: each for each in ContainerState}
_HEALTHS = {each.value: each for each in Health}


def container(row: sqlite3.Row) -> Container:
    """Make the record of a container; as with tasks, the columns stand in the order of its fields."""
    cells = list(row)
    cells[4], cells[6] = _CONTAINER_STATES[cells[4]], _HEALTHS[cells[6]]
    cells[10], cells[11] = bool(cells[10]), bool(cells[11])
    cells[-3:] = (Owner(*cells[-3:]),)
    cells[-5] = from_text(cells[-5])
    cells[12:18] = (Limits(*cells[12:18]),)
    return Container(*cells)


def session(row: sqlite3.Row) -> Session:
    return Session(
        id=row["id"],
        name=row["name"],
        container_id=row["container_id"],
        task_id=row["task_id"],
        kind=row["kind"],
        command=row["command"],
        state=SessionState(row["state"]),
        wanted=row["wanted"],
        reason=row["reason"],
        exit_code=row["exit_code"],
        created_at=row["created_at"],
        finished_at=row["finished_at"],
        rev=row["rev"],
        version=row["version"],
        owner=_owner(row),
    )


def event(row: sqlite3.Row) -> Event:
    return Event(
        seq=row["seq"],
        at=row["at"],
        type=row["type"],
        level=row["level"],
        source=row["source"],
        message=row["message"],
        task_id=row["task_id"],
        container_id=row["container_id"],
        session_id=row["session_id"],
        data=_object(row["data"]),
    )


def heartbeat(row: sqlite3.Row) -> Heartbeat:
    return Heartbeat(
        container_id=row["container_id"],
        seq=row["seq"],
        at=row["at"],
        cpu_percent=row["cpu_percent"],
        memory_bytes=row["memory_bytes"],
        pids=row["pids"],
        uptime_s=row["uptime_s"],
    )


def ledger_entry(row: sqlite3.Row) -> LedgerEntry:
    return LedgerEntry(
        id=row["id"],
        at=row["at"],
        task_id=row["task_id"],
        container_id=row["container_id"],
        model=row["model"],
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        cost_usd=row["cost_usd"],
        worth_usd=row["worth_usd"],
    )


def intent(row: sqlite3.Row) -> Intent:
    return Intent(
        id=row["id"],
        at=row["at"],
        kind=row["kind"],
        target=row["target"],
        payload=_object(row["payload"]),
        state=row["state"],
        result=_object(row["result"]),
        handled_at=row["handled_at"],
    )


def checkpoint(row: sqlite3.Row) -> Checkpoint:
    return Checkpoint(
        id=row["id"],
        task_id=row["task_id"],
        container_id=row["container_id"],
        attempt=row["attempt"],
        workspace=row["workspace"],
        parent=row["parent"],
        trigger=Trigger(row["trigger"]),
        state=CheckpointState(row["state"]),
        reason=row["reason"],
        tree=row["tree"],
        conversation=row["conversation"],
        files=row["files"],
        bytes=row["bytes"],
        changed_files=row["changed_files"],
        added_bytes=row["added_bytes"],
        skipped=tuple(json.loads(row["skipped"])),
        pause_s=row["pause_s"],
        took_s=row["took_s"],
        note=row["note"],
        tags=tuple(json.loads(row["tags"])),
        protected=bool(row["protected"]),
        git=_object(row["git"]),
        environment=_object(row["environment"]),
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        cost_usd=row["cost_usd"],
        created_at=row["created_at"],
        finished_at=row["finished_at"],
        rev=row["rev"],
        version=row["version"],
        owner=_owner(row),
    )


def approval(row: sqlite3.Row) -> Approval:
    return Approval(
        id=row["id"],
        task_id=row["task_id"],
        container_id=row["container_id"],
        attempt=row["attempt"],
        ask=row["ask"],
        kind=ApprovalKind(row["kind"]),
        tool=row["tool"],
        input=_object(row["input"]),
        cut=bool(row["cut"]),
        message=row["message"],
        state=ApprovalState(row["state"]),
        decision=row["decision"],
        always=bool(row["always"]),
        answers=_object(row["answers"]),
        reason=row["reason"],
        answered_by=row["answered_by"],
        source=row["source"],
        created_at=row["created_at"],
        answered_at=row["answered_at"],
        finished_at=row["finished_at"],
        rev=row["rev"],
        version=row["version"],
        owner=_owner(row),
    )


def reply(row: sqlite3.Row) -> Reply:
    return Reply(
        id=row["id"],
        task_id=row["task_id"],
        container_id=row["container_id"],
        text=row["text"],
        shown=row["shown"],
        digest=row["digest"],
        state=ReplyState(row["state"]),
        evidence=row["evidence"],
        reason=row["reason"],
        created_at=row["created_at"],
        typed_at=row["typed_at"],
        finished_at=row["finished_at"],
        rev=row["rev"],
        version=row["version"],
        owner=_owner(row),
    )
