"""Processor time that the controller takes to prepare one container: `python prepare_start.py [COUNT]`.

From the check of its workspace to the words that start its terminal server; nothing is started. Run it in turns with
another state of the tree, under `chrt -r 1` where the machine does other things too.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from parhelia_tui.core.backends.local import plans, run_directory, tmux, workspaces  # noqa: E402 (found by the path above)
from parhelia_tui.core.backends.plan import ContainerPlan  # noqa: E402
from parhelia_tui.core.model.ids import new_id  # noqa: E402
from parhelia_tui.core.settings.config_backends import LocalConfig  # noqa: E402
from parhelia_tui.core.settings.paths import Paths, private_directory  # noqa: E402

WARM = 20


def once(paths: Paths, workspace: Path) -> float:
    """Prepare one container; gives ms of processor time."""
    system_paths = LocalConfig().system_paths
    plan = ContainerPlan(
        container_id=new_id("c"), session_name="ph-one", command=["/bin/true"], workspace=workspace
    )
    began = time.process_time()
    run = private_directory(paths.container(plan.container_id))
    real = workspaces.checked(plan.workspace, paths)
    run_directory.prepare(run, plan.container_id, own_system=False, layer=None, network=False)
    spec = plans.spec_for(plan, real, paths, heartbeat_s=10.0, system_paths=system_paths)
    run_directory.write_spec(run, spec)
    tmux.session_words(paths.tmux_socket(plan.container_id), "ph-one", home=paths.home, rows=40, columns=120)
    return (time.process_time() - began) * 1000


def main() -> None:
    """Print median and least."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    with tempfile.TemporaryDirectory() as place:
        paths = Paths(private_directory(Path(place) / "home"))
        private_directory(paths.containers)
        workspace = private_directory(Path(place) / "workspace")
        took = [once(paths, workspace) for _ in range(WARM + count)][WARM:]
    print(f"median {statistics.median(took):.2f} ms, least {min(took):.2f} ms")


if __name__ == "__main__":
    main()
