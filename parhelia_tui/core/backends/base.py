"""What a backend must do, and the values that cross that border."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from parhelia_tui.core.backends.plan import ContainerPlan, EgressPlan
from parhelia_tui.core.model.records import Image

NO_ROOM = "no_room"
"""Among the details of an error: nothing was made, because an account holds as much as it may, which may pass."""
UNMADE = "unmade"
"""Among the details of an error: no place was made for a container, as far as anybody was told."""
MAY_PASS = "may_pass"
"""The same, and why it was not made may pass, as when nobody answers."""
UNSURE = "unsure"
"""Among the details of an error: nobody answered, and a container may have begun; the same is asked for again, and nothing
ends it before."""


@dataclass(frozen=True, slots=True)
class ExitRecord:
    """How a container ended, as its shim wrote it (see docs/architecture.md, exit.json)."""

    exit_code: int
    signal: int | None
    reason: str
    detail: str
    at: float
    started_at: float | None
    tail: Sequence[str]
    output_bytes: int
    has_results: bool = True

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> ExitRecord:
        """Read the form of exit.json, which the spool's last record has too.

        Raises:
            ValueError: a field is missing or of another type.
        """
        try:
            signal, started_at = fields["signal"], fields["started_at"]
            return cls(
                exit_code=int(fields["exit_code"]),
                signal=None if signal is None else int(signal),
                reason=str(fields["reason"]),
                detail=str(fields["detail"]),
                at=float(fields["at"]),
                started_at=None if started_at is None else float(started_at),
                tail=tuple(str(line) for line in fields["tail"]),
                output_bytes=int(fields["output_bytes"]),
                has_results=bool(fields.get("has_results", True)),
            )
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"not an exit record: {error}") from error


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a backend sees of one container.

    Args:
        alive: its supervisor lives.
        started: it was started at some time (a container starts at most once).
        exit: the exit record, when there is one.
        terminal: its tmux server answers.
        drift: in words what is not as it was made; empty for nothing.
        heard: what its supervisor says would reach us; False where its silence says nothing of it.
        step: in words how far what it made has come, of one that has ended and is on its way home; empty for none.
    """

    container_id: str
    alive: bool
    started: bool
    exit: ExitRecord | None
    terminal: bool = True
    drift: str = ""
    heard: bool = True
    step: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """All that a backend sees.

    Args:
        complete: only a complete listing is evidence that something is not there.
        error: why it is not complete.
        doubles: places that say that they are a container which is certainly in another one, by container; each by
            the provider's id.
    """

    seen: Mapping[str, Sighting]
    complete: bool
    error: str = ""
    doubles: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpoolRead:
    """Whole records of a spool from one offset on.

    Args:
        records: parsed lines, in order.
        damaged: lines that do not parse, as shortened text.
        offset: where to go on, in bytes.
        again: the spool is shorter than what was read of it, so this is from its beginning.
    """

    records: Sequence[dict[str, Any]]
    damaged: Sequence[str]
    offset: int
    again: bool = False


@dataclass(frozen=True, slots=True)
class TmuxEndpoint:
    """Where a session is attached: the socket of a tmux server on this machine and the session's name."""

    socket: Path
    session: str

    @property
    def door(self) -> Path:
        """By what its tmux server is reached."""
        return self.socket


@dataclass(frozen=True, slots=True)
class SshEndpoint:
    """Where a session is attached over ssh: one host that has one key, and one key that opens it.

    Args:
        key: the file of the client's private key.
        known_hosts: a file with one line: `alias` and the host's public key.
        socket: of the tmux server, over there.
    """

    host: str
    port: int
    user: str
    key: Path
    known_hosts: Path
    alias: str
    socket: str
    session: str

    @property
    def door(self) -> SshEndpoint:
        """By what its tmux server is reached."""
        return self


@dataclass(frozen=True, slots=True)
class Deadline:
    """When the place where a container runs ends it, though its own lifetime is not over.

    Args:
        move_at: when it is time to go on elsewhere, in epoch seconds.
        ends_at: when the place is gone.
    """

    move_at: float
    ends_at: float


Endpoint = TmuxEndpoint | SshEndpoint
Door = Path | SshEndpoint


@dataclass(frozen=True, slots=True)
class Capability:
    """One thing that a backend can or cannot do on this machine, for `parhelia doctor`.

    Args:
        name: short, as in "memory limit".
        works: it can be used.
        how: by which means, or why not.
        remedy: what to type to get it; empty where nothing is to be done.
        required: without it the backend cannot run at all.
        word: what it is where it cannot be used.
    """

    name: str
    works: bool
    how: str
    remedy: str = ""
    required: bool = False
    word: str = "missing"


class Backend(Protocol):
    """A place where containers run. Every method may be repeated safely."""

    name: str

    @property
    def image(self) -> Image | None:
        """What its containers find in the place of this machine's programs; None where they see those."""

    async def create(self, plan: ContainerPlan) -> None:
        """Start a container; a second call with the same id changes nothing.

        Raises:
            ParheliaError: E602 when it could not be started, E603 when it cannot give what is asked,
                E204 for an unusable workspace, E507 for a full disk; E503 when a provider refuses, with the detail
                `NO_ROOM` where it may have room later, `UNMADE` where it made nothing, `MAY_PASS` where it may answer
                later and `UNSURE` where it may have begun; E203 where it was not wanted any more when its place was
                there.
        """

    async def make_spare(self, container_id: str, like: str, network: str, way: EgressPlan | None) -> None:
        """Make the place of a container that is not known yet; whoever is created under this id finds it there.

        Args:
            container_id: the id that it is going to have.
            like: the container whose place it is to be like, but for what the configuration says otherwise by now.
            network, way: what a container like that one would have now.

        Raises:
            ParheliaError: E203 where it is not known how that was made, E503, E507; E603 where containers begin so
                soon that nothing is made before.
        """

    def serves(self, container_id: str, network: str, way: EgressPlan | None) -> bool:
        """Say whether a container would be brought to the place that `make_spare` made; else another is made for it.

        Args:
            network, way: what the container would have now.
        """

    async def end_spare(self, container_id: str) -> bool:
        """End the place that `make_spare` made, to which nothing was brought; False where it was not there any more.

        Raises:
            ParheliaError: E503 when it could not be ended.
        """

    async def take_over(self, container_id: str, earlier: Sequence[str]) -> str | None:
        """Give a container that has not been created yet what a persistent one before it kept.

        Args:
            earlier: ids of ended persistent containers, the preferred first.

        Returns:
            The id of the first that kept something, which now keeps nothing; None where none did.
        """

    def keeps_system(self, container_id: str) -> bool:
        """Say whether an ended container keeps a home and a system that another can take over."""

    async def list(self) -> Listing:
        """Look at every container that this state directory owns."""

    async def end_double(self, container_id: str, double: str) -> bool:
        """End a place that a listing named as a double of a container; False where it is not one, and is left alone.

        Raises:
            ParheliaError: E503 when it could not be ended.
        """

    async def look(self, container_id: str) -> Sighting | None:
        """Look at one container; None when the backend knows nothing of it."""

    async def read_spool(self, container_id: str, offset: int) -> SpoolRead:
        """Read what the shim wrote since `offset` (bytes)."""

    async def terminate(self, container_id: str, *, reason: str, grace_s: float) -> None:
        """End a container and its whole process tree; what its workspace holds stays.

        Returns when no process of it is left.
        """

    async def restore_terminal(self, container_id: str) -> bool:
        """Start a new tmux server for a live container whose server is gone; False where it need not be."""

    async def add_session(self, container_id: str, session_name: str, command: Sequence[str]) -> None:
        """Start a further session in a running container.

        Raises:
            ParheliaError: E203 when the container is not running, E602 when it could not be started.
        """

    async def kill_session(self, container_id: str, session_name: str) -> None:
        """End a further session and the processes in it."""

    def endpoint(self, container_id: str, session_name: str) -> Endpoint:
        """Say where a session is attached. Raises E601 where that is not known yet."""

    async def tell_kept(self, container_id: str) -> None:
        """Tell an agent that waits before a risky step that its work so far is kept; nothing where none waits."""

    async def answer(self, container_id: str, ask: int, said: Mapping[str, object]) -> str | None:
        """Answer a question with which an agent waits; an answer that is there already stays.

        Args:
            ask: the number of the question in its container.
            said: decision (allow or deny), always, message and answers.

        Returns:
            The decision that the agent was told; empty where it waits for none any more, None where its
            container could not be asked.
        """

    async def give_key(self, container_id: str, value: str) -> bool:
        """Hand over the API's key, which is kept in memory alone; False where nobody takes it now."""

    async def tell_allowance(self, container_id: str, said: Mapping[str, object]) -> bool:
        """Tell the meter of a container elsewhere what it may spend; False where it could not be told.

        Args:
            said: number, limit_nano, answer and ceilings of a grant (docs/architecture.md, Containers elsewhere).
        """

    async def allow(self, container_id: str, hosts: Sequence[str]) -> bool:
        """Let a running container reach these hosts too; False where it reaches none by a list.

        Raises:
            ParheliaError: E500 when it could not be written down.
        """

    def spender_is_gone(self, container_id: str) -> bool:
        """Say whether nobody can spend for this container any more: its egress process is dead for certain."""

    def supervisor(self, container_id: str) -> Path | None:
        """Say where the supervisor listens that can hold a container still; None where nobody here can."""

    def deadline(self, container_id: str) -> Deadline | None:
        """Say when the place of a container ends; None where it lasts as long as the container may."""

    def left_behind(self, container_id: str) -> str:
        """Say in words what a person has to do so that what an ended container made comes here; empty for nothing."""

    async def bring_home(self, container_id: str) -> None:
        """Bring workspace and home of a running container to this machine, where they are not here anyway.

        Raises:
            ParheliaError: E203 when it does not run, E503, E507.
        """

    def log_path(self, container_id: str) -> Path:
        """Say where the output of the main terminal is kept."""

    async def remove(self, container_id: str) -> None:
        """Forget an ended container: its run directory goes, its workspace stays."""

    async def close(self) -> None:
        """Let go of connections and helpers of this process; the containers go on."""

    async def probe(self) -> Sequence[Capability]:
        """Say what works on this machine, by trying it."""
