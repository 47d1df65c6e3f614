"""What is said when something that is needed is missing, broken, busy or killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.acceptance_cases.shells import Shell
from tests.support.fleet import RELEASE, shim_pid
from tests.support.product import PARHELIA, Product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real


def without(program: str, place: Path) -> str:
    """A PATH with every program of this machine but one."""
    place.mkdir()
    for folder in os.environ["PATH"].split(":")[::-1]:
        for entry in Path(folder).iterdir() if Path(folder).is_dir() else ():
            link = place / entry.name
            if entry.name != program:
                link.unlink(missing_ok=True)
                link.symlink_to(entry)
    return str(place)


@pytest.mark.parametrize(("program", "package"), [("bwrap", "bubblewrap"), ("tmux", "tmux")])
def test_a_missing_program_is_named_with_what_to_install(
    product: Product, tmp_path: Path, program: str, package: str
) -> None:
    path = without(program, tmp_path / "programs")
    done = product.run("run", "--mode", "empty", "echo never", env={"PATH": path})
    assert (done.returncode, done.stdout) == (8, "")
    assert f"E603: {package} is not installed" in done.stderr
    assert f"try sudo apt-get install {package}" in done.stderr
    assert "parhelia doctor" in done.stderr
    (task,) = product.json("task", "list")
    assert task["state"] == "failed"
    assert f"{package} is not installed" in task["reason"]
    (container,) = product.json("container", "list", "--all")
    assert container["state"] == "failed"


def test_a_container_that_does_not_start_says_why_and_what_to_try(product: Product, tmp_path: Path) -> None:
    path = instead_of_bwrap(tmp_path / "programs", 'echo "bwrap: no room for namespaces" >&2; exit 1')
    done = product.run("run", "--mode", "empty", "echo never", env={"PATH": path})
    assert done.returncode == 8
    assert "no room for namespaces" in done.stdout + done.stderr
    assert "try: parhelia doctor" in done.stderr
    (task,) = product.json("task", "list")
    assert task["state"] == "failed"


def instead_of_bwrap(place: Path, does: str) -> str:
    """A PATH whose bwrap answers for its version as it should, and else does this."""
    place.mkdir()
    real = shutil.which("bwrap")
    (place / "bwrap").write_text(f'#!/bin/sh\n[ "$1" = --version ] && exec {real} --version\n{does}\n')
    (place / "bwrap").chmod(0o755)
    return f"{place}:{os.environ['PATH']}"


def test_who_may_not_make_namespaces_is_told_so_and_how_to_allow_it(product: Product, tmp_path: Path) -> None:
    refuses = 'echo "bwrap: setting up uid map: Permission denied" >&2; exit 1'
    path = instead_of_bwrap(tmp_path / "programs", refuses)
    done = product.run("run", "--mode", "empty", "echo never", env={"PATH": path})
    assert done.returncode == 8
    assert "setting up uid map: Permission denied" in done.stderr
    assert "try: parhelia doctor" in done.stderr
    told = product.run("doctor", env={"PATH": path})
    assert told.returncode != 0
    assert "Permission denied" in told.stdout
    assert "sudo sysctl -w kernel.unprivileged_userns_clone=1" in told.stdout


def test_a_workspace_on_a_drive_that_is_not_mounted_is_told(product: Product, tmp_path: Path) -> None:
    gone = tmp_path / "drive" / "project"
    for words in (
        ["run", "--workspace", str(gone), "true"],
        ["task", "create", "--workspace", str(gone), "true"],
    ):
        done = product.run(*words)
        assert done.returncode != 0
        assert done.stderr.startswith("E204: "), done.stderr
        assert "No such file or directory; if it is on another drive, mount that first" in done.stderr
    assert product.json("task", "list", "--all") == []


@pytest.mark.long
def test_a_container_that_does_not_come_to_its_start_fails_in_time_and_leaves_nothing(
    product: Product, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    path = instead_of_bwrap(tmp_path / "programs", f"touch {begun}; exec sleep 1000")
    done = product.run("run", "--mode", "empty", "echo never", env={"PATH": path}, timeout=90)
    assert done.returncode == 8
    assert "E602: the container did not start within" in done.stderr
    assert begun.exists()
    (task,) = product.json("task", "list", "--all")
    assert task["state"] == "failed"
    # Its own end would come too late: what is asked here is whether anything of it lives now.
    assert [each for each in product.left([task["container_id"]]) if "core.control" not in each] == []


def test_a_shell_whose_container_is_killed_is_told_and_what_it_showed_is_kept(
    shell: Shell, product: Product, place: Path
) -> None:
    terminal = shell("-w", str(place))
    terminal.write(b'echo "im""portant"; echo work > file\r')
    terminal.wait_for(rb"important")
    (container,) = product.json("container", "list")
    os.kill(shim_pid(product, container["id"]), signal.SIGKILL)
    terminal.wait_for(rb"has ended: .*failed, its supervisor was killed", 30)
    terminal.wait_end(30)
    wait_until(lambda: product.json("task", "show", container["task_id"])["state"] == "failed", 30)
    assert "important" in product.run("task", "logs", container["task_id"]).stdout
    assert (place / "file").read_text() == "work\n"


def test_a_slot_that_is_taken_is_not_given_twice_and_ways_on_are_named(product: Product, place: Path) -> None:
    first = product.start("run", "-w", str(place), "--slot", "2", f"touch begun; {RELEASE}")
    wait_until((place / "begun").exists, 30)
    (holder,) = product.json("container", "list")
    done = product.run("run", "-w", str(place), "--slot", "2", "touch ran")
    assert done.returncode != 0
    assert f"slot 2 of this workspace is taken by container {holder['id']}" in done.stderr
    assert f"parhelia attach {holder['id']}" in done.stderr
    assert f"parhelia container terminate {holder['id']}" in done.stderr
    assert len(product.json("container", "list", "--all")) == 1
    (place / "go").touch()
    assert first.wait(60) == 0
    assert not (place / "ran").exists()


def test_a_command_that_is_moved_meanwhile_goes_on_and_can_still_clean_up(
    shell: Shell, product: Product, place: Path, tmp_path: Path
) -> None:
    old, new = tmp_path / "here", tmp_path / "there"
    shutil.copy(PARHELIA, old)
    terminal = shell("-w", str(place), program=str(old))
    old.rename(new)
    terminal.write(b'echo "<$((6 * 7))>"; exit\r')
    terminal.wait_for(rb"<42>")
    assert terminal.wait_end(30) == 0
    found = product.json("container", "list", "--all")
    assert [each["state"] for each in found] == ["stopped"]
    done = subprocess.run(
        [new, "cleanup", "--yes"], env=product.environment(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "1 removed\n")


@pytest.mark.parametrize("name", ["", "with spaces", "日本語 ünïcode ✓", "quo'te\"$HOME;#", "line\nbreak"])
def test_a_workspace_may_be_empty_and_have_any_name(product: Product, place: Path, name: str) -> None:
    odd = place / name if name else place
    odd.mkdir(exist_ok=True)
    done = product.run("run", "-w", str(odd), "pwd; ls -A | wc -l; echo made > file")
    assert (done.returncode, done.stdout) == (0, "/workspace\n0\n")
    assert (odd / "file").read_text() == "made\n"


def test_a_command_of_ten_kilobytes_runs(product: Product, place: Path) -> None:
    command = "echo " + "word " * 2500 + "| wc -w"
    assert len(command) > 10_000
    done = product.run("run", "-w", str(place), command)
    assert (done.returncode, done.stdout.strip()) == (0, "2500")
