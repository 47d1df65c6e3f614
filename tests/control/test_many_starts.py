"""Many containers that begin together, looked at while they do."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from parhelia_tui.core.backends.local import run_directory
from parhelia_tui.core.client import Client
from tests.support.fleet import configure, kill_controller, types_of
from tests.support.product import Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

COUNT = 8
LATE = """\
#!/bin/sh
case "$*" in *"trap 'again"*) until [ -e "{go}" ]; do sleep 0.02; done ;; esac
exec "{tmux}" "$@"
"""
"""A tmux that comes late where a supervisor starts its pane itself, as it does where many begin."""


def test_a_supervisor_that_is_there_before_its_terminal_has_not_lost_it(
    product: Product, client: Client, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path, "[controller]\nhealth_s = 0.1\n")
    go, late = tmp_path / "go", tmp_path / "bin" / "tmux"
    late.parent.mkdir()
    late.write_text(LATE.format(go=go, tmux=shutil.which("tmux")))
    late.chmod(0o755)
    monkeypatch.setenv("PATH", f"{late.parent}:{os.environ['PATH']}")
    line = json.dumps({"prompt": "true", "workspace": str(place)})
    (tmp_path / "tasks.jsonl").write_text(f"{line}\n" * COUNT)
    batch = product.start("--batch", str(tmp_path / "tasks.jsonl"))

    def begins() -> list[str]:
        runs = [product.paths.container(each.id) for each in client.containers()]
        return [
            each.name for each in runs if run_directory.is_alive(each) and not (each / "tmux.sock").exists()
        ]

    try:
        wait_until(begins, 30)
        # The next controller knows of none that it is just being created.
        kill_controller(product)
        client.ensure_controller()
        assert product.run("reconciler", "run").returncode == 0
        assert begins()
    finally:
        # Else what waits for it would wait for ever.
        go.touch()
    said, _ = batch.communicate(timeout=180)
    assert batch.returncode == 0, said
    assert types_of(client, types=("session.terminal_restored",)) == []
