"""The process that works on the checkpoint store for the controller: one job after the other, until its input ends.

It reads one line of JSON, the job, and writes lines of JSON: `{"progress": [stage, done, total]}`, then
`{"result": {...}}` or `{"error": {"code", "message", "details"}}`; after an error it ends. A rollback first writes
`{"safety": {...}}` and waits for a line: whoever asked has stored by then where the way back is. A process of its own,
because hashing would hold up the controller's loop, and because it can be killed at any moment.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import json
import sys
import time
from pathlib import Path
from typing import Any

from parhelia_tui.core.checkpoints.jobs import Subject
from parhelia_tui.core.checkpoints.stores import Stores
from parhelia_tui.core.model.errors import ParheliaError

TELL_EVERY_S = 0.25


def main() -> int:
    """Do the jobs on standard input."""
    # A walk makes many objects and no cycles: to look for some costs a thirtieth of a first checkpoint.
    gc.disable()
    stores: Stores | None = None
    while line := sys.stdin.readline():
        job = json.loads(line)
        root = Path(job["root"])
        try:
            if stores is None or not stores.is_of(root):
                stores = Stores(root)
            _say({"result": OPERATIONS[job["op"]](stores, job)})
        except ParheliaError as error:
            _say({"error": {"code": error.code, "message": error.message, "details": error.details}})
            return 1
        stores.tidy()
        gc.collect()
    return 0


def _take(stores: Stores, job: dict[str, Any]) -> dict[str, Any]:
    from parhelia_tui.core.checkpoints.take import take

    return dataclasses.asdict(take(stores, subject_from(job["subject"]), _Teller()))


def _roll_back(stores: Stores, job: dict[str, Any]) -> dict[str, Any]:
    """Bring a workspace to a checkpoint's state, after a safety checkpoint where one is still wanted."""
    from parhelia_tui.core.checkpoints.recover import recover
    from parhelia_tui.core.checkpoints.rollback import rollback
    from parhelia_tui.core.checkpoints.still import Container
    from parhelia_tui.core.checkpoints.take import take

    subject, journal = subject_from(job["subject"]), Path(job["journal"])
    journal.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    recover(subject.workspace, journal)
    with Container(subject.supervisor).held():
        if job["safety"]:
            taken = take(stores, subject, _Teller(), contextlib.nullcontext)
            _say({"safety": dataclasses.asdict(taken)})
            # The rollback itself begins with what was just seen.
            stores.tidy()
            if not sys.stdin.readline():
                raise ParheliaError("E600", "nobody stored where the way back is, so nothing was changed")
        done = rollback(
            stores.workspaces,
            job["tree"],
            subject.workspace,
            journal,
            ignore=subject.ignore,
            progress=_Teller(),
            processes=stores.processes,
        )
    return dataclasses.asdict(done)


def _restore(stores: Stores, job: dict[str, Any]) -> dict[str, Any]:
    from parhelia_tui.core.checkpoints.restore import restore

    done = restore(
        stores.workspaces,
        job["tree"],
        Path(job["target"]),
        progress=_Teller(),
        processes=stores.processes,
    )
    return {"files": done.files, "bytes": done.bytes}


def _recover(stores: Stores, job: dict[str, Any]) -> dict[str, Any]:
    from parhelia_tui.core.checkpoints.recover import recover

    return {"recovery": recover(Path(job["workspace"]), Path(job["journal"])).name}


def _collect(stores: Stores, job: dict[str, Any]) -> dict[str, Any]:
    from parhelia_tui.core.checkpoints.collect import collect

    done = collect(
        stores.workspaces,
        job["live"],
        dead=job["dead"],
        settled_at=job.get("settled_at"),
        progress=_Teller(),
    )
    return dataclasses.asdict(done)


OPERATIONS = {
    "take": _take,
    "rollback": _roll_back,
    "restore": _restore,
    "recover": _recover,
    "collect": _collect,
}


def subject_to(subject: Subject) -> dict[str, Any]:
    """Give a subject as plain values for JSON."""
    return {
        name: str(value) if isinstance(value, Path) else value
        for name, value in dataclasses.asdict(subject).items()
    }


def subject_from(said: dict[str, Any]) -> Subject:
    """Read what `subject_to` gave."""
    paths = {name: Path(said[name]) if said[name] is not None else None for name in ("home", "supervisor")}
    return Subject(
        workspace=Path(said["workspace"]),
        talk=said["talk"],
        previous=said["previous"],
        previous_conversation=said["previous_conversation"],
        ignore=tuple(said["ignore"]),
        **paths,
    )


class _Teller:
    """Tells how far the work is, a few times a second."""

    def __init__(self) -> None:
        self._told_at = time.monotonic()

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._told_at >= TELL_EVERY_S:
            self._told_at = now
            _say({"progress": [stage, done, total]})


def _say(what: dict[str, Any]) -> None:
    # Whoever asked may be gone; then there is nobody to work for, and the broken pipe ends this process.
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()
