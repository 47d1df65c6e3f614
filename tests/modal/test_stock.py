"""The user's configuration and plugins on the volume: sent once, seen by who needs them, and never believed."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from parhelia_tui.core.backends.modal import stock
from parhelia_tui.core.backends.modal.cargo import FRESH_S, WHOLE, Cargo
from parhelia_tui.core.backends.plan import ContainerPlan
from parhelia_tui.core.model.records import Mount
from tests.support.modal_provider import Provider
from tests.support.product import Product
from tests.support.waiting import wait_until

WAIT_S = 90.0
LARGE = 2 * stock.WORTH_IT
PART = 600_000
"""Bytes of a file that goes along; two of them are worth the volume."""
INSIDE = "/opt/parhelia/claude-code/bin/claude"
SAYS = (
    "exec > /workspace/seen; sha256sum < $HOME/.claude/skills/one/large | cut -d' ' -f1; ls /vol/parhelia;"
    " touch /vol/parhelia/x 2>/dev/null || echo closed; cat /run/parhelia-claude/plugins/0/plugin.json"
)
"""What the agent writes down: its skill, what it sees of the volume, and whether it may write there."""


def planned(tmp_path: Path, **fields: object) -> tuple[ContainerPlan, Path]:
    """A plan over an empty workspace, and the home of its agent."""
    workspace, home = tmp_path / "w", tmp_path / "home"
    workspace.mkdir(exist_ok=True)
    (home / ".claude/skills/one").mkdir(parents=True, exist_ok=True)
    wanted: dict[str, object] = {"carried": (".claude/skills", ".claude/rules"), **fields}
    return ContainerPlan("c-1", "s", ["true"], workspace, **wanted), home  # type: ignore[arg-type]


def packed(plan: ContainerPlan, home: Path, tmp_path: Path, most: int = 1 << 30) -> Cargo | None:
    """What goes by the volume."""
    return stock.cargo_of(plan, tmp_path, home, most)


def test_the_same_configuration_has_one_name_and_a_changed_one_another(tmp_path: Path) -> None:
    plan, home = planned(tmp_path)
    large = home / ".claude/skills/one/large"
    large.write_bytes(os.urandom(LARGE))
    first = packed(plan, home, tmp_path)
    assert first is not None
    assert (first.kind, first.folder) == ("config/claude", f"config/claude/{first.digest}")
    assert first.carried == [".claude/skills"]
    # Written anew for each start, so its time says nothing.
    os.utime(large, (1, 1))
    again = packed(plan, home, tmp_path)
    assert again == first
    with large.open("ab") as file:
        file.write(b"more")
    changed = packed(plan, home, tmp_path)
    assert changed is not None
    assert changed.digest != first.digest


def test_the_largest_part_goes_by_the_volume_and_little_goes_straight(tmp_path: Path) -> None:
    plugin = tmp_path / "plugin"
    plugin.mkdir()
    (plugin / "large").write_bytes(os.urandom(LARGE))
    plan, home = planned(tmp_path, mounts=(Mount(plugin, "/opt/plugin"),))
    (home / ".claude/skills/one/small").write_bytes(b"small")
    found = packed(plan, home, tmp_path)
    assert found is not None
    assert (found.kind, found.carried, found.is_kept) == ("plugins", (), True)
    (plan.workspace / "large").write_bytes(os.urandom(LARGE))
    found = packed(plan, home, tmp_path, most=LARGE - 1)
    assert found is not None
    assert (found.kind, found.folder, found.is_kept) == ("workspaces", "workspaces/c-1", False)
    (plugin / "large").unlink()
    assert packed(plan, home, tmp_path) is None


def test_a_link_that_an_agent_made_in_its_home_leads_nowhere(tmp_path: Path) -> None:
    plan, home = planned(tmp_path)
    secret = tmp_path / "secret"
    (secret / "skills").mkdir(parents=True)
    (secret / "skills/large").write_bytes(os.urandom(LARGE))
    (home / ".claude/skills/one").rmdir()
    (home / ".claude/skills").rmdir()
    (home / ".claude/skills").symlink_to(secret / "skills")
    assert packed(plan, home, tmp_path) is None
    (home / ".claude/skills").unlink()
    (home / ".claude").rmdir()
    (home / ".claude").symlink_to(secret)
    assert packed(plan, home, tmp_path) is None


@pytest.fixture
def skill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A large file in a skill of a user of the test's own, who has a small plugin too."""
    own = tmp_path / "user" / ".claude"
    place = own / "skills/one/large"
    place.parent.mkdir(parents=True)
    place.write_bytes(os.urandom(PART))
    (own / "skills/one/more").write_bytes(os.urandom(PART))
    plugin = tmp_path / "plugin"
    plugin.mkdir()
    (plugin / "plugin.json").write_text("{}")
    (own / "plugins").mkdir()
    (own / "plugins/installed_plugins.json").write_text(
        json.dumps({"plugins": {"p@m": [{"installPath": str(plugin)}]}})
    )
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    return place


@pytest.fixture
def with_agent(tmp_path: Path, skill: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """A provider whose image has a Claude Code that writes down what it sees."""
    program = tmp_path / "claude"
    program.write_text(f"#!/bin/sh\n{SAYS}\n")
    program.chmod(0o755)
    with Provider(tmp_path / "provider", {INSIDE: program}) as made:
        for name, value in made.environment().items():
            monkeypatch.setenv(name, value)
        yield made


def seen(product: Product) -> dict[str, str]:
    """Run the agent to its end; give what it saw, or why there was none."""
    where = ("--backend", "modal", "--mode", "empty", "--network", "none", "--agent", "claude")
    task_id = product.json("task", "create", *where, "--headless", "look")["id"]
    wait_until(lambda: product.json("task", "show", task_id)["finished_at"] is not None, WAIT_S)
    place = product.paths.workspaces / task_id / "seen"
    return {
        "seen": place.read_text() if place.exists() else "",
        "why": product.json("task", "show", task_id)["reason"],
    }


@pytest.mark.real
@pytest.mark.long
def test_configuration_is_sent_once_and_refused_where_somebody_changed_it(
    with_agent: Provider, product: Product, skill: Path
) -> None:
    first = seen(product)
    digest = hashlib.sha256(skill.read_bytes()).hexdigest()
    assert first["seen"] == f"{digest}\n00000000\nclosed\n{{}}"
    (sandbox,) = with_agent.sandboxes(running=False)
    ((place, folder, read_only),) = sandbox["volumes"]
    assert (place, read_only) == ("/vol/parhelia", True)
    assert folder.startswith("config/claude/")
    sent = with_agent.order("calls")["VolumePutFiles"]
    assert seen(product) == first
    assert with_agent.order("calls")["VolumePutFiles"] == sent
    # Whatever writes to the volume is not believed, and what was there comes back with the next.
    (piece,) = (with_agent.root / "volumes").rglob(f"{folder}/00000000")
    good = piece.read_bytes()
    piece.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    refused = seen(product)
    assert refused["seen"] == ""
    assert "what the volume holds is not what was brought there" in refused["why"]
    assert seen(product) == first
    assert piece.read_bytes() == good
    # What no sandbox was made for in a long time goes when something new comes.
    marker = piece.parent.with_name(piece.parent.name + WHOLE)
    os.utime(marker, (0, time.time() - 2 * FRESH_S - 10))
    skill.write_bytes(os.urandom(PART))
    assert seen(product)["seen"] != first["seen"]
    assert not marker.exists()
    assert not piece.parent.exists()
