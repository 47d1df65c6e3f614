"""The controller, as a front sees and asks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parhelia_tui.core.client import fleet, launch
from parhelia_tui.core.client.opening import Opened
from parhelia_tui.core.client.waiting import looks
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.read_only import refuse_if_read_only
from parhelia_tui.core.settings.wire import ask

if TYPE_CHECKING:
    import subprocess

TEST_S = 60.0
"""Seconds that a test of notices may take: a program has 30."""
SWEEP_S = 600.0
"""Seconds that a clean-up may take: a container with a system of its own takes one, and there may be hundreds."""


class Controlling(Opened):
    """Starts, asks and stops the controller, and has it tidy up."""

    def controller_status(self) -> fleet.ControllerStatus:
        """See whether a controller runs."""
        return fleet.controller_status(self._db, self.paths)

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
        refuse_if_read_only()
        status = self.controller_status()
        if status.pid is None:
            return False
        ask(self.paths.controller_socket, {"op": "stop"}, timeout_s=5.0)
        for _ in looks(deadline_s):
            if self.controller_status().pid != status.pid:
                return True
        raise ParheliaError("E501", f"the controller did not leave within {deadline_s:g} s")

    def run_controller(self) -> subprocess.Popen[bytes]:
        """Start a controller as a child of this process and its terminal, for somebody who watches it."""
        return launch.run_controller(self.paths)

    def carry_configuration(self) -> dict[str, Any]:
        """Bring the user's own configuration of agents into the containers that run; gives files by container."""
        return self._intent("agent.carry", "", {})

    def reconcile(self) -> dict[str, Any]:
        """Run one round of the reconciler now and give what it found and did."""
        return self._intent("reconcile", "", {})

    def test_notices(self) -> dict[str, Any]:
        """Have the controller tell by every way that it goes, and give what became of each."""
        return self._intent("notify.test", "", {}, TEST_S)

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
        return self._intent("cleanup", "", asked, SWEEP_S)
