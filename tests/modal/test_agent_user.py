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


def test_a_further_session_executes_nothing_of_the_agent_s_as_root(
    cloud: Product, provider: Provider
) -> None:
    task_id = cloud.json(
        *(
            "task",
            "create",
            "--backend",
            "modal",
            "--mode",
            "empty",
            "--agent",
            "shell",
            "--pids",
            "200",
            TRAP,
        )
    )["id"]
    wait_until(lambda: "laid" in cloud.run("task", "logs", task_id).stdout, WAIT_S)
    (sandbox,) = provider.sandboxes()
    told = Path(sandbox["root"]) / "workspace/told"
    script = (
        "id -u >told.new; id -G >>told.new; grep NoNewPrivs /proc/self/status >>told.new; mv told.new told"
    )
    assert cloud.run("session", "new", task_id, script).returncode == 0
    wait_until(told.exists, WAIT_S)
    # As whoever is root for the emulator: an ordinary user has nobody else to become there.
    agent = "1000" if os.geteuid() == 0 else "0"
    assert told.read_text().split() == [agent, agent, "NoNewPrivs:", "1"]
    caught = (Path(sandbox["root"]) / "tmp/caught").read_text().split()
    assert caught
    assert set(caught) == {agent}


def test_what_the_agent_cannot_read_is_not_fetched(cloud: Product, provider: Provider) -> None:
    """Else a name of its own that it swaps for another's at the right moment would bring that into its results."""
    words = ("--backend", "modal", "--mode", "empty", "--agent", "shell")
    task_id = cloud.json("task", "create", *words, "echo mine >mine; until [ -e go ]; do sleep 0.1; done")[
        "id"
    ]
    wait_until(lambda: [*workspaces_of(provider, "mine")], WAIT_S)
    (workspace,) = workspaces_of(provider, "mine")
    (workspace / "others").write_text("another's")
    (workspace / "others").chmod(0o600)
    (workspace / "go").touch()
    wait_until(lambda: cloud.json("task", "show", task_id)["state"] == "completed", WAIT_S)
    home = cloud.paths.workspaces / task_id
    assert (home / "mine").read_text() == "mine\n"
    # Of an ordinary user's sandbox all is his own.
    assert (home / "others").exists() == (os.geteuid() != 0)


def workspaces_of(provider: Provider, name: str) -> list[Path]:
    """The workspaces of running sandboxes that hold a name."""
    found = [Path(each["root"]) / "workspace" for each in provider.sandboxes()]
    return [each for each in found if (each / name).exists()]
