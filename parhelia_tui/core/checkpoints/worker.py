"""The process that works on the checkpoint store for the controller: one job, then it ends.

It reads one line of JSON, the job, and writes lines of JSON: `{"progress": [stage, done, total]}`, then
`{"result": {...}}` or `{"error": {"code", "message", "details"}}`. A rollback first writes `{"safety": {...}}`
and waits for a line: whoever asked has stored by then where the way back is. A process of its own, because
hashing would hold up the controller's loop, and because it can be killed at any moment.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import Any

from parhelia_tui.core.checkpoints.jobs import Subject
from parhelia_tui.core.model.errors import ParheliaError

TELL_EVERY_S = 0.25


def main() -> int:
    """Do the job on standard input."""
    job = json.loads(sys.stdin.readline())
    try:
        _say({"result": OPERATIONS[job["op"]](Path(job["root"]), job)})
    except ParheliaError as error:
        _say({"error": {"code": error.code, "message": error.message, "details": error.details}})
        return 1
    return 0


def _take(root: Path, job: dict[str, Any]) -> dict[str, Any]:
    from parhelia_tui.core.checkpoints.take import take

    return dataclasses.asdict(take(root, subject_from(job["subject"]), _Teller()))


def _roll_back(root: Path, job: dict[str, Any]) -> dict[str, Any]:
    """Bring a workspace to a checkpoint's state, after a safety checkpoint where one is still wanted."""
    from parhelia_tui.core.checkpoints.recover import recover
    from parhelia_tui.core.checkpoints.repository import Repository
    from parhelia_tui.core.checkpoints.rollback import rollback
    from parhelia_tui.core.checkpoints.still import Container
    from parhelia_tui.core.checkpoints.take import taken_and_held

    subject, journal = subject_from(job["subject"]), Path(job["journal"])
    journal.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    recover(subject.workspace, journal)

    def roll() -> dict[str, Any]:
        with Repository(root) as repository:
            done = rollback(
                repository,
                job["tree"],
                subject.workspace,
                journal,
                ignore=subject.ignore,
                progress=_Teller(),
            )
        return dataclasses.asdict(done)

    if not job["safety"]:
        with Container(subject.supervisor).held():
            return roll()
    with taken_and_held(root, subject, _Teller()) as taken:
        _say({"safety": dataclasses.asdict(taken)})
        if not sys.stdin.readline():
            raise ParheliaError("E600", "nobody stored where the way back is, so nothing was changed")
        return roll()


def _restore(root: Path, job: dict[str, Any]) -> dict[str, Any]:
    from parhelia_tui.core.checkpoints.repository import Repository
    from parhelia_tui.core.checkpoints.restore import restore

    with Repository(root) as repository:
        done = restore(repository, job["tree"], Path(job["target"]), progress=_Teller())
    return {"files": done.files, "bytes": done.bytes}


def _recover(root: Path, job: dict[str, Any]) -> dict[str, Any]:
    from parhelia_tui.core.checkpoints.recover import recover

    return {"recovery": recover(Path(job["workspace"]), Path(job["journal"])).name}


def _collect(root: Path, job: dict[str, Any]) -> dict[str, Any]:
    from parhelia_tui.core.checkpoints.collect import collect
    from parhelia_tui.core.checkpoints.repository import Repository

    with Repository(root) as repository:
        return dataclasses.asdict(collect(repository, job["live"], dead=job["dead"], progress=_Teller()))


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
