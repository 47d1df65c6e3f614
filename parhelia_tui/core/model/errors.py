"""Every error a user can meet: its code, its meaning and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    IDENTITY = 3
    BUDGET = 4
    DENIED = 5
    TRANSITION = 6
    GATE = 7
    BACKEND = 8
    TIMEOUT = 9
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Meaning:
    """One code of the catalogue."""

    code: str
    name: str
    meaning: str
    recovery: tuple[str, ...]
    exit: Exit = Exit.FAILURE


_CATALOGUE = (
    Meaning(
        "E100",
        "VALIDATION_ERROR",
        "Something that was given does not have the form that is needed.",
        ("parhelia task create --help", "parhelia help E100"),
        Exit.USAGE,
    ),
    Meaning(
        "E101",
        "INVALID_ARGUMENT",
        "An argument has a value that cannot be used.",
        ("parhelia --help", "parhelia doctor"),
        Exit.USAGE,
    ),
    Meaning(
        "E102",
        "MISSING_REQUIRED",
        "Something that is needed was not given.",
        ("parhelia --help", "parhelia task create --help"),
        Exit.USAGE,
    ),
    Meaning(
        "E103",
        "INVALID_TRANSITION",
        "The thing is in a state from which it cannot go where it was sent.",
        ("parhelia task list", "parhelia task show ID"),
        Exit.TRANSITION,
    ),
    Meaning(
        "E104",
        "CONFLICT",
        "Somebody else changed the same record at the same moment; nothing was written.",
        ("parhelia task show ID", "parhelia events list"),
    ),
    Meaning(
        "E200",
        "SESSION_NOT_FOUND",
        "No session has this id or name.",
        ("parhelia session list", "parhelia task list"),
    ),
    Meaning(
        "E201",
        "TASK_NOT_FOUND",
        "No task has this id.",
        ("parhelia task list", "parhelia task list --all"),
    ),
    Meaning(
        "E202",
        "CHECKPOINT_NOT_FOUND",
        "No checkpoint has this id.",
        ("parhelia checkpoint list", "parhelia task list"),
    ),
    Meaning(
        "E203",
        "CONTAINER_NOT_FOUND",
        "No container has this id.",
        ("parhelia container list", "parhelia container list --all"),
    ),
    Meaning(
        "E204",
        "WORKSPACE_UNUSABLE",
        "The workspace is missing, is not a directory or cannot be read and written.",
        ("ls -ld WORKSPACE", "parhelia task create --workspace DIR PROMPT"),
    ),
    Meaning(
        "E205",
        "SESSION_LIMIT",
        "The container already holds as many sessions as it may.",
        ("parhelia session list", "parhelia session kill NAME"),
    ),
    Meaning(
        "E206",
        "APPROVAL_NOT_FOUND",
        "No approval has this id.",
        ("parhelia approval list", "parhelia approval list --all"),
    ),
    Meaning(
        "E207",
        "MOUNT_UNUSABLE",
        "A path of this machine cannot be shown in a container.",
        ("ls -ld PATH", "parhelia help mounts"),
    ),
    Meaning(
        "E208",
        "IMAGE_NOT_FOUND",
        "No image has this name.",
        ("parhelia image list", "parhelia image build NAME --script FILE"),
    ),
    Meaning(
        "E300",
        "BUDGET_EXCEEDED",
        "The budget is spent; nothing more is started on it.",
        ("parhelia status", "parhelia task list"),
        Exit.BUDGET,
    ),
    Meaning(
        "E301",
        "BUDGET_WARNING",
        "The budget is nearly spent.",
        ("parhelia status", "parhelia task list"),
    ),
    Meaning(
        "E400",
        "UNAUTHORIZED",
        "The identity that was given is not complete or not valid.",
        ("parhelia status", "parhelia doctor"),
        Exit.IDENTITY,
    ),
    Meaning("E401", "FORBIDDEN", "This is not permitted.", ("parhelia status",), Exit.DENIED),
    Meaning(
        "E402",
        "TOKEN_EXPIRED",
        "The token is no longer valid.",
        ("parhelia doctor",),
        Exit.IDENTITY,
    ),
    Meaning(
        "E500",
        "RESOURCE_UNAVAILABLE",
        "Something that is needed on this machine is missing or does not answer.",
        ("parhelia doctor", "parhelia controller status"),
        Exit.BACKEND,
    ),
    Meaning(
        "E501",
        "TIMEOUT",
        "It took longer than it may.",
        ("parhelia task show ID", "parhelia controller status"),
        Exit.TIMEOUT,
    ),
    Meaning(
        "E502",
        "NETWORK_ERROR",
        "The network did not let it through.",
        ("parhelia doctor", "parhelia status"),
        Exit.BACKEND,
    ),
    Meaning(
        "E503",
        "PROVIDER_ERROR",
        "The provider of containers refused or failed.",
        ("parhelia doctor", "parhelia container list"),
        Exit.BACKEND,
    ),
    Meaning(
        "E504",
        "STORE_BUSY",
        "The store was held by another process for longer than we wait.",
        ("parhelia status", "parhelia doctor"),
    ),
    Meaning(
        "E505",
        "STORE_NEWER",
        "The store was written by a newer Parhelia than this one; nothing was changed.",
        ("parhelia --version", "git pull && make run"),
    ),
    Meaning(
        "E506",
        "STORE_DAMAGED",
        "The store cannot be read as a database of Parhelia.",
        ("parhelia doctor", "ls -l $PARHELIA_HOME"),
    ),
    Meaning(
        "E507",
        "DISK_FULL",
        "The disk is full; what could not be written was not recorded as done.",
        ("df -h", "parhelia doctor"),
    ),
    Meaning(
        "E600",
        "CHECKPOINT_FAILED",
        "The checkpoint could not be made or used.",
        ("parhelia checkpoint list", "parhelia checkpoint verify", "df -h"),
    ),
    Meaning(
        "E601",
        "ATTACH_FAILED",
        "The terminal of the session cannot be reached.",
        ("parhelia session list", "parhelia container list", "parhelia task logs ID"),
    ),
    Meaning(
        "E602",
        "DISPATCH_FAILED",
        "The container could not be started.",
        ("parhelia doctor", "parhelia task show ID", "parhelia task retry ID"),
        Exit.BACKEND,
    ),
    Meaning(
        "E603",
        "DISPATCH_REJECTED",
        "The task asks for something that no backend here can give.",
        ("parhelia doctor", "parhelia task create --help"),
        Exit.BACKEND,
    ),
    Meaning(
        "E604",
        "MERGE_CONFLICT",
        "Both sides of a merge changed the same places; no branch was moved.",
        ("parhelia task results ID --branch", "git merge parhelia/ID"),
        Exit.GATE,
    ),
    Meaning(
        "E605",
        "GATE_FAILED",
        "The merged files did not pass the gate; no branch was moved.",
        ("parhelia task logs GATE", "parhelia task merge ID --gate CMD"),
        Exit.GATE,
    ),
    Meaning(
        "E606",
        "IMAGE_FAILED",
        "The script of an image did not succeed; the image is as it was.",
        ("parhelia image build NAME --script FILE", "parhelia task logs ID"),
    ),
    Meaning(
        "E700",
        "CONFIG_ERROR",
        "A configuration file cannot be used.",
        ("parhelia doctor", "parhelia help config"),
        Exit.USAGE,
    ),
    Meaning(
        "E900",
        "INTERNAL_ERROR",
        "Parhelia itself failed; this is a defect.",
        ("parhelia doctor", "parhelia events list --level error"),
    ),
)

CATALOGUE: Mapping[str, Meaning] = {entry.code: entry for entry in _CATALOGUE}


class ParheliaError(Exception):
    """An error with a code of the catalogue, a sentence, details and ways out.

    Args:
        code: a key of `CATALOGUE`.
        message: one sentence: what happened to what.
        details: what was tried and seen; plain values that JSON can hold.
        recovery: commands that may help here; the catalogue's own when not given.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        details: Mapping[str, object] | None = None,
        recovery: Sequence[str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = dict(details or {})
        self.recovery = tuple(recovery) if recovery is not None else CATALOGUE[code].recovery

    @property
    def exit(self) -> Exit:
        """The exit code of a command that ends with this error."""
        return CATALOGUE[self.code].exit

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
