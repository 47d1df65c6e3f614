"""What answers for a container and measures it: nothing that it needs before bubblewrap has been started."""

from __future__ import annotations

from parhelia_tui.core.shim.control_server import ControlServer
from parhelia_tui.core.shim.report_server import ReportServer
from parhelia_tui.core.shim.requests import Requests
from parhelia_tui.core.shim.usage import Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from parhelia_tui.core.shim.supervisor import Supervisor

AGENT_SOCKET = "agent/agent.sock"


class Services:
    """Listens to the controller and to the agent, and measures.

    Args:
        supervisor: whose container it is.
        overhead: processes of the container that are not its own.
        report: called with what the agent reports.

    Raises:
        OSError: a socket cannot be made.
    """

    def __init__(
        self, supervisor: Supervisor, overhead: int, report: Callable[[dict[str, Any]], None]
    ) -> None:
        loop, spec = supervisor.loop, supervisor.spec
        self.reports = ReportServer(loop, AGENT_SOCKET, report, supervisor.spool.write)
        self.requests = Requests(supervisor)
        self.usage = Usage(supervisor.kept.groups, overhead)
        self._control = ControlServer(loop, spec.shim_socket, self.requests.answer, self.requests.caller_left)

    def close(self) -> None:
        """Listen to nobody any more."""
        self.reports.close()
        self._control.close()
