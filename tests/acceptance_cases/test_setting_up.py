"""The first minutes: the store, a configuration to begin with, completion, and the examples of the pages."""

from __future__ import annotations

import re
import shlex
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.acceptance_cases.shells import PROMPT, Shell
from tests.support.fleet import RELEASE, configure
from tests.support.outer_terminal import OuterTerminal
from tests.support.product import PARHELIA, Product
from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]


def test_migrating_makes_every_table(product: Product) -> None:
    assert product.run("db", "migrate").returncode == 0
    db = sqlite3.connect(product.paths.database)
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    db.close()
    assert {
        "tasks",
        "attempts",
        "containers",
        "sessions",
        "events",
        "heartbeats",
        "ledger",
        "intents",
    } <= tables
    assert product.json("task", "list") == []


def test_completion_is_installed_and_completes(product: Product, tmp_path: Path) -> None:
    home = tmp_path / "home"
    env = {"HOME": str(home), "SHELL": "/bin/bash", "XDG_DATA_HOME": ""}
    script = Path(product.json("completion", "install", env=env)["file"])
    assert script.is_relative_to(home)
    ask = (
        f"PATH={Path(PARHELIA).parent}:$PATH; source {shlex.quote(str(script))};"
        " COMP_WORDS=(parhelia {0}); COMP_CWORD={1}; _parhelia_completion parhelia; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    for words, at, offered in (("ta", 1, ["task"]), ("session att", 2, ["attach"])):
        done = subprocess.run(
            ["bash", "-c", ask.replace("{0}", words).replace("{1}", str(at)).replace("{{", "{").replace("}}", "}")],
            env=product.environment(env), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stdout.split() == offered, done.stderr


@pytest.mark.long
def test_a_configuration_to_begin_with_is_written_once_and_changes_nothing(
    product: Product, tmp_path: Path
) -> None:
    before = {key: each["value"] for key, each in product.json("config", "show").items()}
    target = tmp_path / "config" / "parhelia" / "config.toml"
    assert product.json("config", "init") == {"path": str(target)}
    assert product.json("config", "check")["files"] == [str(target)]
    assert {key: each["value"] for key, each in product.json("config", "show").items()} == before
    assert '# network = "none"' in target.read_text()
    target.write_text("[defaults]\nnetwork = 'open'\n")
    code, error = product.error("config", "init")
    assert (code, error["code"]) == (2, "E101")
    assert product.json("config", "show", "defaults.network")["defaults.network"]["value"] == "open"
    assert product.json("config", "init", "--force") == {"path": str(target)}
    assert product.json("config", "show", "defaults.network")["defaults.network"]["value"] == "none"


def block(page: str, heading: str) -> list[str]:
    """The lines of the first code block below a heading of a page."""
    text = (ROOT / page).read_text().split(f"\n## {heading}\n")[1]
    return text.split("```")[1].strip().splitlines()


@pytest.mark.long
@pytest.mark.real
def test_the_two_minutes_of_the_readme_work_as_they_stand(product: Product, place: Path) -> None:
    """Each line in its order; what stands for a task is the one that was created by the line before."""
    task = ""
    seen = []
    for line in block("README.md", "Two minutes"):
        command = line.partition("#")[0].strip().replace("<task>", task)
        words = shlex.split(command)
        assert words[0] == "parhelia"
        seen.append(words[1] if len(words) > 1 else "")
        if len(words) == 1 or words[1] == "attach":
            with OuterTerminal(
                ["env", "-C", str(place), PARHELIA, *words[1:]], columns=120, rows=40
            ) as terminal:
                terminal.wait_for(rb"quit" if len(words) == 1 else rb"Ctrl\+Q leaves", 60)
                terminal.write(b"q" if len(words) == 1 else b"\x11")
                assert terminal.wait_end(60) == 0
            continue
        done = subprocess.run(
            ["bash", "-c", f'parhelia() {{ {PARHELIA} "$@"; }}; {command}'],
            env=product.environment(), cwd=place, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        if words[1:3] == ["task", "create"]:
            (task,) = re.findall(r"\bt-[0-9a-f]{8}\b", done.stdout.splitlines()[0])
            has_begun(product, task)
        if words[1] == "session":
            # So that the next line, which follows the task to its end, comes to one.
            is_answered(product, task)
    assert {"", "run", "task", "attach", "session", "events", "status"} <= set(seen)


def has_begun(product: Product, task: str) -> None:
    """Wait until a task has a terminal."""
    wait_until(lambda: product.json("task", "show", task)["state"] in ("running", "waiting"), 60)


def is_answered(product: Product, task: str) -> None:
    """Answer an agent that asks, until its task has ended."""

    def ended() -> bool:
        state = product.json("task", "show", task)["state"]
        if state == "waiting":
            product.run("session", "send", task, "y")
        return state in ("completed", "failed")

    wait_until(ended, 120)


@pytest.mark.long
@pytest.mark.real
def test_the_examples_of_the_shell_work_as_they_stand(
    shell: Shell, product: Product, place: Path, tmp_path: Path
) -> None:
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = somebody\n")
    lines = [line.partition("#")[0].strip() for line in product.run("examples", "run").stdout.splitlines()]
    shells = [
        line.removeprefix("parhelia shell").replace(" ~", f" {tmp_path}").split()
        for line in lines
        if line.startswith("parhelia shell")
    ]
    (mounts,) = (words for words in shells if "--mount" in words)
    others = [words for words in shells if words is not mounts]
    assert others == [[], ["--slot", "2"], ["--persistent"]]
    opened = [shell(*words, "-w", str(place)) for words in others]
    for number, terminal in enumerate(opened, 1):
        terminal.write(f'echo "<{number} $PARHELIA_SLOT>"\r'.encode())
        terminal.wait_for(rb"<%d %d>" % (number, number))
    opened[2].write(b"echo kept > /usr/local/file; exit\r")
    opened[2].wait_end(30)
    again = shell("--persistent", "-w", str(place))
    again.write(b'echo "<$(cat /usr/local/file)>"\r')
    again.wait_for(rb"<kept>")
    mounted = shell(*mounts, "-w", str(place))
    mounted.write(b'echo "<$(git config user.name)>"\r')
    mounted.wait_for(rb"<somebody>")


@pytest.mark.long
@pytest.mark.real
def test_the_profiles_of_the_page_on_configuration_work_as_they_stand(
    product: Product, place: Path, tmp_path: Path
) -> None:
    configure(tmp_path, "\n".join(block("docs/configuration.md", "Profiles")[1:]))
    for profile, mode, network in (("careful", "clone", "none"), ("online", "clone", "open")):
        done = product.run("run", "--profile", profile, "echo in-a-copy > file", cwd=place)
        assert done.returncode == 0
        assert list(place.iterdir()) == []
        (newest, *_) = product.json("container", "list", "--all")
        assert newest["network"] == network
        assert product.json("task", "list")[0]["workspace_mode"] == mode


@pytest.mark.real
def test_the_settings_of_the_readme_count_as_they_stand(
    product: Product, place: Path, tmp_path: Path
) -> None:
    configure(tmp_path, "\n".join(block("README.md", "Your own settings")[1:]))
    done = product.run("run", 'echo "$GREETING" | tee file', cwd=place)
    assert (done.returncode, done.stdout) == (0, "hello\n")
    assert list(place.iterdir()) == []
    (container,) = product.json("container", "list", "--all")
    assert (container["limits"]["memory_mb"], container["limits"]["lifetime_s"]) == (1024, 3600.0)
    assert product.json("controller", "status")["max_containers"] == 4


@pytest.mark.long
@pytest.mark.real
def test_who_waits_for_a_container_sees_that_something_goes_on(
    product: Product, place: Path, tmp_path: Path
) -> None:
    configure(tmp_path, "[controller]\nmax_containers = 1\n")
    product.start("run", "-w", str(place), f"touch begun; {RELEASE}")
    wait_until((place / "begun").exists, 30)
    with OuterTerminal([PARHELIA, "shell", "-w", str(place)], {"SHELL": "/bin/bash"}) as terminal:
        terminal.wait_for("[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] starting a container".encode(), 30)
        (place / "go").touch()
        terminal.wait_for(PROMPT, 30)
