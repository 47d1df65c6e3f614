"""An agent in a sandbox is an ordinary user there, whatever it puts where its programs are looked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.modal_provider import Provider
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

WAIT_S = 60.0
TRAP = """\
mkdir -p ~/.local/bin
for name in setpriv prlimit env sh bash id; do
  printf '#!/bin/sh\\n/usr/bin/id -u >>/tmp/caught\\nexec "/usr/bin/%s" "$@"\\n' "$name" >~/.local/bin/$name
  chmod +x ~/.local/bin/$name
done
echo laid
sleep 600
"""


def test_a_further_session_executes_nothing_of_the_agent_s_as_root(cloud: Product, provider: Provider) -> None:
    task_id = cloud.json(
        *("task", "create", "--backend", "modal", "--mode", "empty", "--agent", "shell", "--pids", "200", TRAP)
    )["id"]
    wait_until(lambda: "laid" in cloud.run("task", "logs", task_id).stdout, WAIT_S)
    (sandbox,) = provider.sandboxes()
    told = Path(sandbox["root"]) / "workspace/told"
    script = "id -u >told.new; id -G >>told.new; grep NoNewPrivs /proc/self/status >>told.new; mv told.new told"
    assert cloud.run("session", "new", task_id, script).returncode == 0
    wait_until(told.exists, WAIT_S)
    # As whoever is root for the emulator: an ordinary user has nobody else to become there.
    agent = "1000" if os.geteuid() == 0 else "0"
    assert told.read_text().split() == [agent, agent, "NoNewPrivs:", "1"]
    caught = (Path(sandbox["root"]) / "tmp/caught").read_text().split()
    assert caught
    assert set(caught) == {agent}
