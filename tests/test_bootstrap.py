"""scripts/bootstrap on machines that lack things: each is a PATH of links to what is there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.outer_terminal import OuterTerminal

ROOT = Path(__file__).resolve().parent.parent

# What every Debian has (Essential), as far as the script uses it.
BASE = ("sh", "dirname", "cat", "cksum", "grep", "mv", "rm", "env", "flock", "sleep", "ln")


@dataclass
class Machine:
    """A clone beside a directory with the only programs that PATH names."""

    clone: Path
    bin: Path
    uid: int = 0

    def link(self, *names: str) -> None:
        """Let the machine have these programs of the real one."""
        for name in names:
            found = shutil.which(name)
            assert found, f"the tests need {name}"
            (self.bin / name).symlink_to(found)

    def script(self, name: str, text: str) -> None:
        """Let the machine have a program that is this shell script."""
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def bootstrap(self, what: str = "run") -> subprocess.CompletedProcess[str]:
        """Run the script; HOME is as fresh as the machine."""
        self.script("id", f"echo {self.uid}")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYENV")}
        return subprocess.run(
            [self.clone / "scripts" / "bootstrap", what],
            env=kept | {"PATH": str(self.bin)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with the base system alone, and a clone whose path has a space in it."""
    clone = tmp_path / "a clone"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in os.fsdecode(listed).split("\0"):
        if name and (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clone / name)
    (tmp_path / "bin").mkdir()
    machine = Machine(clone, tmp_path / "bin")
    machine.link(*BASE)
    return machine


def with_python(machine: Machine, *, venv: bool = True) -> None:
    """Let the machine have the Python of these tests, or one whose venv module is a package of its own."""
    real = Path(sys.executable).resolve()
    if venv:
        # Not a link: Python finds its own place by the name it was started as.
        machine.script("python3", f'exec "{real}" "$@"')
    else:
        machine.script("python3", f'case "$*" in *ensurepip*) exit 1 ;; esac; exec "{real}" "$@"')


def ready_environment(machine: Machine, lock: str = "run") -> None:
    """Give the clone an environment that the script takes for a finished one."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", machine.clone / ".venv"], check=True)
    (machine.clone / ".venv/bin/parhelia").symlink_to(shutil.which("true") or "/bin/true")
    digest = subprocess.run(
        f"{{ pwd -P && cat requirements/{lock}.txt pyproject.toml scripts/bootstrap; }} | cksum",
        shell=True,
        cwd=machine.clone,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (machine.clone / ".venv/parhelia-stamp").write_text(f"{lock} {digest}")


def test_without_root_the_command_to_type_is_printed(machine: Machine) -> None:
    machine.uid = 1000
    machine.script("apt-get", "echo called >&2")
    machine.link("git")
    done = machine.bootstrap()
    assert done.returncode == 1
    assert (
        "    sudo apt-get update && sudo apt-get install -y --no-install-recommends tmux bubblewrap\n"
        in done.stderr
    )
    assert "called" not in done.stderr
    assert not (machine.clone / ".venv").exists()


def test_a_password_is_never_asked_for(machine: Machine) -> None:
    machine.uid = 1000
    machine.script("apt-get", "echo called >&2")
    machine.script("sudo", '[ "$1" = -n ] || echo asked >&2; exit 1')
    done = machine.bootstrap()
    assert done.returncode == 1
    assert "sudo apt-get install" in done.stderr
    assert "asked" not in done.stderr
    assert "called" not in done.stderr


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("dnf", "dnf install -y tmux bubblewrap"),
        ("pacman", "pacman -S --needed --noconfirm tmux bubblewrap"),
        ("zypper", "zypper --non-interactive install tmux bubblewrap"),
        ("apk", "apk add tmux bubblewrap"),
    ],
)
def test_other_systems_get_their_own_command(machine: Machine, name: str, command: str) -> None:
    machine.uid = 1000
    machine.link("git")
    machine.script(name, "")
    assert f"    sudo {command}\n" in machine.bootstrap().stderr


def test_without_a_known_package_manager_the_packages_are_named(machine: Machine) -> None:
    machine.link("git")
    done = machine.bootstrap()
    assert done.returncode == 1
    assert "Install tmux bubblewrap with your system's package manager" in done.stderr


INSTALLING = """
echo "$0 $*" >>"$LOG"
[ "$1" = install ] || exit 0
for package; do
    case $package in
    tmux | git) ln -s "$(dirname "$0")/sleep" "$(dirname "$0")/$package" ;;
    bubblewrap) ln -s "$(dirname "$0")/sleep" "$(dirname "$0")/bwrap" ;;
    esac
done
"""


def test_root_gets_what_is_missing_and_the_lists_first(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    machine.script("apt-get", INSTALLING)
    ready_environment(machine)
    done = machine.bootstrap()
    assert done.returncode == 0, done.stderr
    calls = [line.partition(" ")[2] for line in (tmp_path / "log").read_text().splitlines()]
    assert calls == ["update -q", "install -y --no-install-recommends tmux bubblewrap git -q"]
    assert machine.bootstrap().stderr == ""


def test_an_installation_that_brings_nothing_is_an_error(machine: Machine) -> None:
    machine.link("git")
    machine.script("apt-get", "")
    done = machine.bootstrap()
    assert done.returncode == 1
    assert "not found in PATH: tmux bubblewrap" in done.stderr


def with_programs(machine: Machine) -> None:
    """Let the machine have all that Parhelia runs."""
    machine.link("git", "tmux", "bwrap")


def test_without_python_there_is_a_sentence(machine: Machine) -> None:
    with_programs(machine)
    done = machine.bootstrap()
    assert done.returncode == 1
    assert "no Python 3.11 or newer" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_old_python_is_none(machine: Machine) -> None:
    with_programs(machine)
    machine.script("python3", "exit 1")
    assert "no Python 3.11 or newer" in machine.bootstrap().stderr


def test_without_the_venv_module_the_command_for_its_package_is_printed(machine: Machine) -> None:
    machine.uid = 1000
    with_programs(machine)
    with_python(machine, venv=False)
    machine.script("apt-get", "")
    done = machine.bootstrap()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert done.returncode == 1
    assert f"sudo apt-get install -y --no-install-recommends python{version}-venv\n" in done.stderr
    assert not (machine.clone / ".venv").exists()


def test_a_finished_environment_costs_nothing(machine: Machine) -> None:
    with_programs(machine)
    ready_environment(machine)
    assert (machine.bootstrap().returncode, machine.bootstrap().stderr) == (0, "")


@pytest.mark.parametrize("change", ["requirements/run.txt", "pyproject.toml"])
def test_a_new_lock_or_project_is_seen(machine: Machine, change: str) -> None:
    # Without a Python the renewal cannot go on, which shows that it was begun.
    with_programs(machine)
    ready_environment(machine)
    with (machine.clone / change).open("a") as file:
        file.write("# changed\n")
    assert "no Python 3.11" in machine.bootstrap().stderr


def test_a_broken_environment_is_seen(machine: Machine) -> None:
    with_programs(machine)
    ready_environment(machine)
    (machine.clone / ".venv/bin/python").unlink()
    assert "no Python 3.11" in machine.bootstrap().stderr


PIP = r"""case "$*" in
*--require-hashes*) printf 'Collecting %s\n  Using cached it\n' 'one-thing==1 (from -r it)' 'other>=2'; exit 0$failed ;;
esac"""


@pytest.mark.parametrize("failed", ["", "1"])
def test_a_person_at_a_terminal_sees_how_far_an_installation_is(machine: Machine, failed: str) -> None:
    with_programs(machine)
    machine.script("id", "echo 0")
    (machine.clone / ".venv/bin").mkdir(parents=True)
    (machine.clone / ".venv/bin/pip").write_text(f"{machine.clone}/.venv/")
    (machine.clone / ".venv/bin/python").write_text(f"#!/bin/sh\n{PIP}\n")
    (machine.clone / ".venv/bin/python").chmod(0o755)
    total = (machine.clone / "requirements/run.txt").read_text().count("==")
    script = str(machine.clone / "scripts/bootstrap")
    with OuterTerminal([script, "run"], {"PATH": str(machine.bin), "failed": failed}) as terminal:
        terminal.wait_for(b"fetching 1 of %d: one-thing\r.*fetching 2 of %d: other\r" % (total, total))
        assert terminal.wait_end() == int(failed or 0)
        assert (b"could not install requirements/run.txt" in terminal.received) == bool(failed)
    assert (machine.clone / ".venv/parhelia-stamp").exists() != bool(failed)


def with_npm(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, npm: str) -> Path:
    """A machine that is ready but for the agents of the tests; gives the place for these."""
    with_programs(machine)
    ready_environment(machine, "dev")
    machine.link("mkdir", "cp", "touch")
    machine.script("uname", "echo Linux x86_64")
    machine.script("npm", npm)
    monkeypatch.setenv("PARHELIA_TEST_AGENTS", str(tmp_path / "agents"))
    return tmp_path / "agents"


def test_the_agents_of_the_tests_are_installed_once(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = with_npm(machine, tmp_path, monkeypatch, '[ "$1" = ci ] && touch installed')
    done = machine.bootstrap("dev")
    assert done.returncode == 0, done.stderr
    assert (store / "installed").exists()
    assert "installing the agents of the tests" in done.stderr
    assert machine.bootstrap("dev").stderr == ""


def test_without_the_agents_of_the_tests_work_goes_on(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = with_npm(machine, tmp_path, monkeypatch, "exit 1")
    done = machine.bootstrap("dev")
    assert done.returncode == 0
    assert "tests that need a real agent are skipped" in done.stderr
    assert [each for each in tmp_path.iterdir() if each.name.startswith(store.name)] == []


def test_a_wrong_word_is_refused(machine: Machine) -> None:
    done = machine.bootstrap("everything")
    assert done.returncode == 1
    assert "usage" in done.stderr


@pytest.mark.real
@pytest.mark.long
def test_a_clone_becomes_ready_stays_ready_and_is_mended(machine: Machine) -> None:
    with_programs(machine)
    with_python(machine)

    def works() -> bool:
        done = subprocess.run([machine.clone / ".venv/bin/parhelia", "--version"], capture_output=True)
        return done.returncode == 0

    done = machine.bootstrap()
    assert done.returncode == 0, done.stderr
    assert works()
    assert machine.bootstrap().stderr == ""

    (machine.clone / ".venv/bin/python").unlink()
    done = machine.bootstrap()
    assert "making .venv" in done.stderr
    assert works()

    machine.clone = machine.clone.rename(machine.clone.parent / "moved")
    done = machine.bootstrap()
    assert "making .venv" in done.stderr
    assert works()
