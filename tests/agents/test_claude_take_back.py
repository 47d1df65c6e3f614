"""What a container changed in the configuration that went along is shown, and taken back only when it is named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from parhelia_tui.core.agents.claude import take_back
from parhelia_tui.core.agents.claude.take_back import Change, changes, take
from parhelia_tui.core.client import Client
from parhelia_tui.core.model.errors import ParheliaError
from tests.support.fleet import container_of, create, end_of
from tests.support.product import Product

DIG = "import os\nfor _ in range(1500): os.mkdir('d'); os.chdir('d')"
SECRET = "sk-ant-api03-0123456789abcdef0123456789"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A user's home."""
    home = tmp_path / "user"
    write(home / ".claude" / "CLAUDE.md", f"Read {home}/.claude/rules/style.md.\n")
    write(home / ".claude" / "rules" / "style.md", "Short lines.\n")
    write(home / ".claude" / "rules" / "secret.md", f"The key is {SECRET}.\n")
    write(home / ".claude" / "settings.json", json.dumps({"model": "sonnet", "hooks": {"Stop": []}}))
    return home


def fill(inside: Path, outside: Path) -> None:
    """What went along, changed as an agent may change it, and as a hostile one would."""
    own = inside / ".claude"
    write(own / "CLAUDE.md", "Read /home/agent/.claude/rules/style.md.\nTests run with make.\n")
    write(own / "rules" / "style.md", "Short lines.\n")
    write(own / "rules" / "secret.md", "The key is [hidden].\nAnd more.\n")
    write(own / "rules" / "hidden.md", "Be kind.\u200b\u202eevil\n")
    write(own / "skills" / "ship" / "SKILL.md", "---\nname: ship\nhooks: x\n---\nShip it.\n")
    settings = {"model": "opus", "hooks": {"Stop": ["evil"]}, "mcpServers": {"x": {}}, "env": {"A": "b"}}
    write(own / "settings.json", json.dumps({**settings, "permissions": {"allow": ["Bash"]}}))
    write(outside / "secret.txt", "of this machine\n")
    (own / "rules" / "link.md").symlink_to(outside / "secret.txt")
    (own / "agents").symlink_to(outside)
    os.mkfifo(own / "rules" / "pipe.md")


def found(home: Path, inside: Path) -> dict[str, Change]:
    return {each.name: each for each in changes(home, Path("/srv/project"), inside)}


def test_only_what_can_be_seen_whole_and_runs_nothing_can_be_taken(home: Path, tmp_path: Path) -> None:
    fill(tmp_path / "inside", tmp_path / "outside")
    seen = found(home, tmp_path / "inside")
    assert {name for name, each in seen.items() if not each.why_not} == {
        "CLAUDE.md", "skills/ship/SKILL.md", "settings.json: model",
    }  # fmt: skip
    assert seen["CLAUDE.md"].diff[-1] == "+Tests run with make."
    assert "run something" in seen["skills/ship/SKILL.md"].warning
    for name in ("hooks", "mcpServers", "env", "permissions"):
        assert "what may run" in seen[f"settings.json: {name}"].why_not
    assert "key" in seen["rules/secret.md"].why_not
    assert "cannot be seen" in seen["rules/hidden.md"].why_not
    assert "of this machine" not in str(seen)
    assert not {"rules/link.md", "rules/pipe.md", "agents", "agents/secret.txt"} & set(seen)


def test_no_tree_is_so_deep_or_so_wide_that_looking_at_it_does_not_end(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(take_back, "MOST_NAMES", 100)
    rules = tmp_path / "inside" / ".claude" / "rules"
    write(rules / "a" / "seen.md", "Be brief.\n")
    for number in range(100):
        (rules / "wide" / f"{number:03d}").mkdir(parents=True)
    write(rules / "wide" / "000" / "beyond.md", "Never looked at.\n")
    deep = rules / "deep"
    deep.mkdir()
    subprocess.run([sys.executable, "-c", DIG], cwd=deep, check=True)
    try:
        seen = found(home, tmp_path / "inside")
    finally:
        # Deeper than the end of a test can remove.
        subprocess.run(["rm", "-rf", deep], check=True)
    assert "rules/a/seen.md" in seen
    assert "rules/wide/000/beyond.md" not in seen


def test_a_text_that_would_be_compared_for_minutes_is_left_alone(home: Path, tmp_path: Path) -> None:
    # Each line is there as often as may be without being passed over, and none stands where it stood.
    own = "".join(f"{number % 150}\n" for number in range(3000))
    write(home / ".claude" / "rules" / "long.md", own)
    changed = "".join(f"{(number * 7 + number // 150) % 150}\n" for number in range(3000))
    write(tmp_path / "inside" / ".claude" / "rules" / "long.md", changed)
    write(tmp_path / "inside" / ".claude" / "rules" / "style.md", "Long lines.\n" * 3000)
    seen = found(home, tmp_path / "inside")
    assert "too different" in seen["rules/long.md"].why_not
    assert len(seen["rules/style.md"].diff) > 3000


def test_what_is_taken_is_what_was_shown_and_nothing_else(home: Path, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    fill(inside, tmp_path / "outside")
    seen = found(home, inside)
    write(inside / ".claude" / "CLAUDE.md", "Evil.\n")
    take(home, seen["CLAUDE.md"])
    take(home, seen["settings.json: model"])
    assert (home / ".claude" / "CLAUDE.md").read_text() == (
        f"Read {home}/.claude/rules/style.md.\nTests run with make.\n"
    )
    kept = json.loads((home / ".claude" / "settings.json").read_text())
    assert kept == {"model": "opus", "hooks": {"Stop": []}}
    with pytest.raises(ParheliaError):
        take(home, seen["settings.json: hooks"])


def test_what_the_user_keeps_behind_a_link_is_left_alone(home: Path, tmp_path: Path) -> None:
    fill(tmp_path / "inside", tmp_path / "outside")
    seen = found(home, tmp_path / "inside")
    (home / ".claude" / "CLAUDE.md").rename(tmp_path / "dotfile.md")
    (home / ".claude" / "CLAUDE.md").symlink_to(tmp_path / "dotfile.md")
    assert "is a link" in found(home, tmp_path / "inside")["CLAUDE.md"].why_not
    with pytest.raises(ParheliaError):
        take(home, seen["CLAUDE.md"])
    assert "make" not in (tmp_path / "dotfile.md").read_text()


@pytest.mark.real
def test_the_command_shows_a_diff_and_writes_only_what_is_named(
    product: Product, client: Client, home: Path, tmp_path: Path, place: Path
) -> None:
    task = create(client, "true", place)
    end_of(client, task.id)
    fill(product.paths.container(container_of(client, task.id).id) / "home", tmp_path / "outside")
    env = {"HOME": str(home)}
    before = (home / ".claude" / "CLAUDE.md").read_text()
    page = product.run(
        "config", "sync", "--from", task.id, "--dry-run", "--take", "CLAUDE.md", env=env
    ).stdout
    assert "+Tests run with make." in page
    assert "not taken" in page
    code, error = product.error("config", "sync", "--from", task.id, "--take", "CLAUDE.md", env=env)
    assert (code, "nobody can be asked" in error["message"]) == (2, True)
    assert (home / ".claude" / "CLAUDE.md").read_text() == before
    done = product.json("config", "sync", "--from", task.id, "--take", "CLAUDE.md", "--yes", env=env)
    assert done["taken"] == ["CLAUDE.md"]
    assert "Tests run with make." in (home / ".claude" / "CLAUDE.md").read_text()
    code, error = product.error(
        "config", "sync", "--from", task.id, "--take", "settings.json: hooks", "--yes", env=env
    )
    assert "is not taken" in error["message"]
    assert json.loads((home / ".claude" / "settings.json").read_text())["hooks"] == {"Stop": []}
