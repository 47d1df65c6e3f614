"""The supervisor's code in one file: whole by itself, small, and found again whatever wrote it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from parhelia_tui.core.backends.local import shim_code

UNUSABLE = 4
COSTLY = {
    "os",
    "re",
    "enum",
    "json",
    "signal",
    "collections",
    "typing",
    "subprocess",
    "socket",
    "selectors",
    "tty",
}


def started(command: list[str], *options: str) -> subprocess.CompletedProcess[str]:
    """Run the shim's command in an empty place, with further options of the interpreter."""
    words = [command[0], *options, *command[1:]]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, cwd="/", env={}, check=False)


def test_the_supervisor_starts_from_its_file_and_imports_no_costly_module(tmp_path: Path) -> None:
    done = started(shim_code.command(tmp_path, "run", str(tmp_path / "none")), "-X", "importtime")
    assert done.returncode == UNUSABLE, done.stderr
    assert [each.name for each in tmp_path.iterdir()] == [f"shim-{shim_code._digest()}.code"]
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "parhelia_tui.core.shim.main" in imported
    assert imported & COSTLY == set()


def test_all_that_runs_a_container_is_in_the_file_and_costs_little(tmp_path: Path) -> None:
    command = shim_code.command(tmp_path, "run", "x")
    place = command.index("-c") + 1
    head = command[place].partition("from parhelia_tui")[0]
    every = [name for name, _ in shim_code._modules() if name != "parhelia_tui.core.shim.bundle"]
    command[place] = head + "\n".join(
        [
            "import sys",
            "import parhelia_tui.core.shim.supervisor",
            f"assert not {COSTLY!r} & set(sys.modules)",
            # What answers is loaded while bubblewrap is at its work.
            "assert not {'parhelia_tui.core.shim.' + name for name in ('services', 'requests')} & set(sys.modules)",
        ]
        + [f"import {name}" for name in every]
        + [f"assert sys.modules[{name!r}].__spec__.loader is sys.meta_path[0]" for name in every]
    )
    done = started(command)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_file_that_was_removed_is_made_again_and_is_the_same(tmp_path: Path) -> None:
    command = shim_code.command(tmp_path, "run", str(tmp_path / "none"))
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    file.unlink()
    assert started(command).returncode != UNUSABLE
    assert shim_code.command(tmp_path, "run", str(tmp_path / "none")) == command
    assert started(command).returncode == UNUSABLE


def test_a_supervisor_of_an_older_code_is_known_by_its_command(tmp_path: Path) -> None:
    run = tmp_path / "containers" / "c-0000000a"
    words = [each.encode() for each in shim_code.command(tmp_path, "run", str(run))]
    older = [word.replace(b"posix", b"os") for word in words]
    assert shim_code.is_command(words, run)
    assert shim_code.is_command(older, run)
    assert not shim_code.is_command(words, run.with_name("c-0000000b"))
    assert not shim_code.is_command([b"/bin/cat", *words[1:]], run)
    assert not shim_code.is_command(words[-2:], run)
