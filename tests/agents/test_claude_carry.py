"""The user's own configuration goes along; secrets and what belongs to this machine stay behind and are listed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from parhelia_tui.core.agents.claude.carry import Manifest, manifest
from parhelia_tui.core.client import Client
from parhelia_tui.core.model.states import TaskState
from tests.agents.claude_fleet import PATIENCE_S, ask, until_it_says, use
from tests.support.fleet import container_of, end_of
from tests.support.product import Product
from tests.support.real_claude import NEW, claude
from tests.support.scripted_api import ScriptedApi

SECRET = "sk-ant-api03-0123456789abcdef0123456789"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A user's home as people have it."""
    home = tmp_path / "user"
    own = home / ".claude"
    write(own / "CLAUDE.md", f"Read {own}/rules/style.md and @/etc/company.md.\nMy key is {SECRET}.\n")
    write(own / "rules" / "style.md", "Short lines.\n")
    write(
        tmp_path / "dotfiles" / "greet" / "SKILL.md",
        "---\nname: greet\ndescription: Greets.\n---\nSay hello.\n",
    )
    (own / "skills").mkdir()
    (own / "skills" / "greet").symlink_to(tmp_path / "dotfiles" / "greet")
    write(own / "commands" / "ship.md", "Ship it.\n")
    write(own / ".credentials.json", json.dumps({"token": SECRET}))
    settings: dict[str, Any] = {
        "model": "sonnet",
        "env": {
            "EDITOR": "vi",
            "GITHUB_TOKEN": "x",
            "NOTE": SECRET,
            "ANTHROPIC_BASE_URL": "http://elsewhere",
        },
        "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "/srv/me/bin/beep"}]}]},
        "apiKeyHelper": "/srv/me/bin/key",
        "permissions": {
            "allow": ["Bash(make test)"],
            "deny": [f"Read({own}/private/**)"],
            "defaultMode": "plan",
        },
        "somethingNew": 1,
    }
    write(own / "settings.json", json.dumps(settings))
    write(
        own / "plugins" / "cache" / "p" / ".claude-plugin" / "plugin.json",
        '{"name": "p", "version": "1.0.0"}',
    )
    installed = {"version": 2, "plugins": {"p@m": [{"installPath": str(own / "plugins" / "cache" / "p")}]}}
    write(own / "plugins" / "installed_plugins.json", json.dumps(installed))
    servers = {
        "files": {"command": "/usr/bin/env", "args": ["cat"], "env": {"API_KEY": "x", "LEVEL": "1"}},
        "mine": {"command": "/srv/me/bin/server", "args": []},
        "web": {"type": "http", "url": "https://example.org/mcp", "headers": {"Authorization": "Bearer x"}},
        "leaky": {"command": "npx", "args": ["server", f"--key={SECRET}"]},
    }
    write(
        home / ".claude.json",
        json.dumps({"mcpServers": servers, "oauthAccount": {"email": "me@example.org"}}),
    )
    return home


def carried(home: Path) -> Manifest:
    return manifest(home, Path("/srv/project"), "/home/agent")


def test_texts_go_along_with_their_paths_rewritten_and_without_secrets(home: Path) -> None:
    found = carried(home)
    assert set(found.files) == {
        "CLAUDE.md", "rules/style.md", "skills/greet/SKILL.md", "commands/ship.md", "settings.json",
    }  # fmt: skip
    text = found.files["CLAUDE.md"].decode()
    assert "Read /home/agent/.claude/rules/style.md" in text
    assert SECRET not in b"".join(found.files.values()).decode()
    assert ("CLAUDE.md: @/etc/company.md", "a path of this machine") in [(e.name, e.why) for e in found.left]


def test_settings_are_sorted(home: Path) -> None:
    found = carried(home)
    assert json.loads(found.files["settings.json"]) == {
        "model": "sonnet",
        "env": {"EDITOR": "vi"},
        "permissions": {"allow": ["Bash(make test)"], "deny": ["Read(/home/agent/.claude/private/**)"]},
    }
    left = {each.name for each in found.left}
    assert left >= {
        *(f"settings.json: env.{name}" for name in ("GITHUB_TOKEN", "NOTE", "ANTHROPIC_BASE_URL")),
        *("settings.json: hooks", "settings.json: apiKeyHelper", "settings.json: somethingNew"),
        *("settings.json: permissions.defaultMode", ".claude.json", ".claude/.credentials.json"),
    }


def test_servers_go_along_without_what_may_be_a_secret(home: Path) -> None:
    found = carried(home)
    assert found.servers == {
        "files": {"type": "stdio", "command": "/usr/bin/env", "args": ["cat"], "env": {"LEVEL": "1"}},
        "web": {"type": "http", "url": "https://example.org/mcp"},
    }
    left = {each.name for each in found.left}
    assert left >= {
        "MCP server mine", "MCP server leaky", "MCP server files: variable API_KEY", "MCP server web: header Authorization",
    }  # fmt: skip


def test_strange_files_stop_nothing(home: Path) -> None:
    own = home / ".claude"
    (own / "settings.json").write_text("{")
    (own / "skills" / "loop").symlink_to(own / "skills")
    (own / "skills" / "binary").write_bytes(b"\xff\xfe\x00")
    (own / "agents").mkdir()
    (own / "agents" / "large.md").write_bytes(b"x" * 1_000_001)
    found = carried(home)
    assert found.files["skills/binary"] == b"\xff\xfe\x00"
    assert "agents/large.md" in {each.name for each in found.left}
    assert "settings.json" not in found.files


def test_the_command_lists_and_changes_nothing(home: Path, product: Product, place: Path) -> None:
    listed = product.json("config", "sync", "--dry-run", env={"HOME": str(home)}, cwd=place)
    assert {each["name"] for each in listed["carried"]} >= {"CLAUDE.md", "p@m", "files", "model"}
    assert "settings.json: hooks" in {each["name"] for each in listed["left"]}
    assert SECRET not in json.dumps(listed)
    assert not product.paths.containers.exists() or not list(product.paths.containers.iterdir())


@pytest.mark.long
@pytest.mark.real
def test_inside_it_has_them_and_the_repositorys_own_parts_run_nowhere_else(
    home: Path, product: Product, client: Client, api: ScriptedApi, tmp_path: Path, place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    use(tmp_path, carry="true")
    monkeypatch.setenv("PARHELIA_TEST_AGENTS", str(claude().parents[2]))
    monkeypatch.setenv("HOME", str(home))
    # A hook and a server of the repository, which say on which machine they ran.
    said = f"sh -c 'echo ran > {tmp_path}/on-the-host; echo ran > /workspace/inside'"
    hooks = {"SessionStart": [{"hooks": [{"type": "command", "command": said}]}]}
    write(place / ".claude" / "settings.json", json.dumps({"hooks": hooks}))
    server = {"command": "sh", "args": ["-c", f"echo ran > {tmp_path}/on-the-host"]}
    write(place / ".mcp.json", json.dumps({"mcpServers": {"theirs": server}}))
    task = ask(client, place, "text")
    until_it_says(client, task, "Hello from the script.")
    assert (place / "inside").read_text() == "ran\n"
    assert not (tmp_path / "on-the-host").exists()
    asked = api.messages("text")[0].said
    assert "Short lines." in asked or "Read /home/agent/.claude/rules/style.md" in asked
    assert "greet" in asked
    inside = product.paths.container(container_of(client, task.id).id) / "home" / ".claude"
    (inside / "CLAUDE.md").write_text("changed inside")
    write(home / ".claude" / "rules" / "more.md", "More.\n")
    brought = product.json("config", "sync")["containers"]
    assert list(brought) == [container_of(client, task.id).id]
    assert (inside / "rules" / "more.md").read_text() == "More.\n"
    assert SECRET in (home / ".claude" / "CLAUDE.md").read_text()
    # What it has is on its checkpoints, and what was changed is told.
    before = product.json("checkpoint", "create", task.id)
    about = before["environment"]
    assert about["agent"] == "claude"
    assert about["version"] == NEW
    assert (about["plugins"], about["MCP servers"]) == ("p@m", "files, web")
    assert SECRET not in json.dumps(before)
    state = json.loads((home / ".claude.json").read_text())
    state["mcpServers"].pop("web")
    write(home / ".claude.json", json.dumps(state))
    write(home / ".claude" / "plugins" / "installed_plugins.json", "{}")
    after = product.json("checkpoint", "create", task.id)
    assert product.json("checkpoint", "env-diff", before["id"], after["id"]) == {
        "MCP servers": {"before": "files, web", "after": "files"},
        "plugins": {"before": "p@m", "after": None},
    }


@pytest.mark.long
@pytest.mark.real
def test_a_link_that_the_agent_left_leads_nowhere_out(
    home: Path, product: Product, client: Client, api: ScriptedApi, tmp_path: Path, place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    use(tmp_path, carry="true")
    monkeypatch.setenv("PARHELIA_TEST_AGENTS", str(claude().parents[2]))
    monkeypatch.setenv("HOME", str(home))
    task = ask(client, place, "text")
    until_it_says(client, task, "Hello from the script.")
    inside = product.paths.container(container_of(client, task.id).id) / "home" / ".claude"
    outside = tmp_path / "outside"
    outside.mkdir()
    (inside / "rules").rename(inside / "gone")
    (inside / "rules").symlink_to(outside)
    product.json("config", "sync")
    assert list(outside.iterdir()) == []
    assert (inside / "rules" / "style.md").read_text() == "Short lines.\n"
    product.json("task", "cancel", task.id)
    assert end_of(client, task.id, PATIENCE_S).state is TaskState.CANCELLED
