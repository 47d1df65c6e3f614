"""The one door between the fronts and everything else."""

from parhelia_tui.core.client.door import Client
from parhelia_tui.core.client.fleet import ControllerStatus, FleetChange, FleetSnapshot, Totals

__all__ = ["Client", "ControllerStatus", "FleetChange", "FleetSnapshot", "Totals"]
