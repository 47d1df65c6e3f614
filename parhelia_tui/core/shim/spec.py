"""What a shim is to run: spec.json of a run directory, written by the backend."""

from __future__ import annotations

from parhelia_tui.core.shim import system
from parhelia_tui.core.shim.lean import dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME = "spec.json"

# A `dataclass` would import `inspect`, which is more than all that the shim imports.


class Limit:
    """One limit and the means to keep it.

    Args:
        name: `memory`, `pids` or `cpus`.
        how: by which means, in words.
        group: control group to make and join; empty for none.
        files: what to write in it.
        rlimits: arguments for prlimit(1) in front of the command.
        processors: numbers of the processors to keep to.
    """

    __slots__ = ("files", "group", "how", "name", "processors", "rlimits")

    def __init__(
        self,
        name: str,
        how: str,
        group: str = "",
        files: dict[str, str] | None = None,
        rlimits: list[str] | None = None,
        processors: list[int] | None = None,
    ) -> None:
        self.name = name
        self.how = how
        self.group = group
        self.files = files or {}
        self.rlimits = rlimits or []
        self.processors = processors or []

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


class Spec:
    """One container.

    Args:
        container_id: its id.
        session_name: name of its main session.
        command: what runs in it.
        launcher: arguments in front of the options, as `["/usr/bin/bwrap"]`; empty to run without isolation.
        options: bubblewrap's options, given to it by a descriptor so that other users do not see them.
        env: the environment of the command and of further sessions; bubblewrap's options set it too.
        directory: where an unisolated command runs.
        user: whose an unisolated command is, and each further session; None for the supervisor's own.
        rows, columns: size of the terminal before anybody attaches.
        heartbeat_s: seconds between two heartbeats.
        lifetime_s: seconds until the shim ends the container; None for never.
        shim_socket, wake_socket: paths of the shim's own and of the controller's socket.
        limits: each limit with the means to keep it; of several for one limit the first that works is used.
        egress: the process through which the container reaches others: its `command` and `env`, the `ports` of
            its listening sockets on loopback, whether they are `inside` the container's own network, and whether
            its last words have to be `told` before the end is; None for a container without one.
    """

    __slots__ = (
        "columns",
        "command",
        "container_id",
        "directory",
        "egress",
        "env",
        "heartbeat_s",
        "launcher",
        "lifetime_s",
        "limits",
        "options",
        "rows",
        "session_name",
        "shim_socket",
        "user",
        "wake_socket",
    )

    def __init__(
        self,
        *,
        container_id: str,
        session_name: str,
        command: list[str],
        launcher: list[str],
        options: list[str],
        env: dict[str, str],
        directory: str,
        shim_socket: str,
        wake_socket: str,
        limits: list[Limit],
        rows: int = 40,
        columns: int = 120,
        heartbeat_s: float = 10.0,
        lifetime_s: float | None = None,
        egress: dict[str, Any] | None = None,
        user: int | None = None,
    ) -> None:
        self.container_id = container_id
        self.session_name = session_name
        self.command = command
        self.launcher = launcher
        self.options = options
        self.env = env
        self.directory = directory
        self.shim_socket = shim_socket
        self.wake_socket = wake_socket
        self.limits = limits
        self.rows = rows
        self.columns = columns
        self.heartbeat_s = heartbeat_s
        self.lifetime_s = lifetime_s
        self.egress = egress
        self.user = user

    def as_text(self) -> str:
        """Give the form of spec.json. Names that are not UTF-8 stand in it as lone surrogates, escaped."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        fields["limits"] = [limit.as_json() for limit in self.limits]
        return dumps(fields) + "\n"

    @classmethod
    def from_text(cls, text: str) -> Spec:
        """Read the form of spec.json.

        Raises:
            ValueError: it has another form.
        """
        try:
            fields = loads(text)
            fields["limits"] = [Limit(**limit) for limit in fields["limits"]]
            return cls(**fields)
        except (TypeError, KeyError) as error:
            raise ValueError(f"not a spec: {error}") from error


def load(directory: str) -> Spec:
    """Read the spec of a run directory.

    Raises:
        OSError, ValueError: there is none that can be read.
    """
    # As bytes: a file opened as text has `encodings.ascii` imported, which a supervisor needs for nothing else.
    with open(system.join(directory, NAME), "rb") as file:
        return Spec.from_text(file.read().decode("ascii"))
