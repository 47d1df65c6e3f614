"""A small fleet in sandboxes of the emulated provider: the whole path, without an account.

`python -m scripts.demo_modal [WORDS...]` runs `parhelia demo --backend modal WORDS`; all of it is gone afterwards.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import CONTAINER_LIVE, TASK_SETTLED
from parhelia_tui.core.settings.paths import Paths
from tests.support.modal_provider import Provider
from tests.support.waiting import wait_until

PARHELIA = str(Path(sys.executable).with_name("parhelia"))

SETTINGS = {"PARHELIA_MODAL__CLAUDE_VERSION": '""'}
"""The emulated image is built without npm, so there is no Claude Code that could be asked for."""


def main() -> int:
    """Run the demo to its end."""
    with tempfile.TemporaryDirectory(prefix="parhelia-modal-") as place:
        home = Path(place) / "state"
        # The dashboard is on this terminal, and the provider would write over it.
        with (
            (Path(place) / "provider.err").open("wb") as errors,
            Provider(Path(place) / "provider", errors=errors) as provider,
        ):
            env = {**os.environ, **provider.environment(), **SETTINGS, "PARHELIA_HOME": str(home)}
            os.environ.update(env)
            try:
                done = subprocess.run(
                    [PARHELIA, "demo", "--backend", "modal", *sys.argv[1:]], env=env, check=False
                )
            finally:
                _end(home)
    return done.returncode


def _end(home: Path) -> None:
    """Cancel what still runs, so that its results come down before the provider goes."""
    if not Paths(home).database.exists():
        return
    client = Client.open(Paths(home))
    running = [task for task in client.tasks() if task.state not in TASK_SETTLED]
    if running:
        print(f"ending {len(running)} sandboxes of the demo, whose results come down first", flush=True)
    for task in running:
        client.cancel_task(task.id, "the demo is over")
    wait_until(lambda: not client.containers(tuple(CONTAINER_LIVE)), 120)
    client.close()
    subprocess.run([PARHELIA, "controller", "stop"], capture_output=True, check=False)


if __name__ == "__main__":
    sys.exit(main())
