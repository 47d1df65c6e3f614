"""The /etc of a container: chosen files of this machine, one copy for all containers."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from parhelia_tui.core.backends.local import etc, etc_copy
from tests.backends.conftest import Person


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The /etc of a machine, at which every call looks anew."""
    monkeypatch.setattr(etc_copy, "LOOKED_FOR_S", 0.0)
    root = tmp_path / "machine"
    (root / "perl").mkdir(parents=True)
    (root / "ssl" / "certs").mkdir(parents=True)
    for name in ("profile", "shadow", "perl/Net", "ssl/certs/one", "resolv.conf"):
        (root / name).write_text(f"{name}\n")
    (root / "perl" / "link").symlink_to("/nowhere")
    return root


def shared(tmp_path: Path, machine: Path) -> Path:
    """The copy of it."""
    return etc_copy.shared(tmp_path / "copies", tmp_path / "containers", machine).path


def test_the_copy_holds_the_small_files_and_places_for_the_rest(tmp_path: Path, machine: Path) -> None:
    copy = shared(tmp_path, machine)
    found = {str(path.relative_to(copy)) for path in copy.rglob("*") if not path.is_dir()}
    assert found == {
        "profile",
        "perl/Net",
        "perl/link",
        "passwd",
        "group",
        "hostname",
        "hosts",
        "resolv.conf",
    }
    assert (copy / "profile").read_text() == "profile\n"
    assert (copy / "perl" / "link").readlink() == Path("/nowhere")
    assert (copy / "resolv.conf").read_text() == ""
    assert list((copy / "ssl" / "certs").iterdir()) == []
    assert all(path.stat().st_mode & 0o5 for path in [copy, *copy.rglob("*")] if not path.is_symlink())


@pytest.mark.parametrize("change", ["content", "in a directory", "new file", "link", "gone", "new tree"])
def test_a_change_of_the_machine_gives_another_copy(tmp_path: Path, machine: Path, change: str) -> None:
    first = shared(tmp_path, machine)
    assert shared(tmp_path, machine) == first
    if change == "content":
        (machine / "profile").write_text("other\n")
    elif change == "in a directory":
        (machine / "perl" / "Net").write_text("other\n")
    elif change == "new file":
        (machine / "shells").touch()
    elif change == "link":
        (machine / "perl" / "link").unlink()
        (machine / "perl" / "link").symlink_to("/somewhere")
    elif change == "gone":
        (machine / "profile").unlink()
    else:
        (machine / "alternatives").mkdir()
    second = shared(tmp_path, machine)
    assert second != first
    same = {
        "content": (second / "profile").exists() and (second / "profile").read_text() == "other\n",
        "in a directory": (second / "perl" / "Net").read_text() == "other\n",
        "new file": (second / "shells").exists(),
        "link": (second / "perl" / "link").readlink() == Path("/somewhere"),
        "gone": not (second / "profile").exists(),
        "new tree": (second / "alternatives").is_dir(),
    }
    assert same[change]
    assert not first.exists()


def test_a_copy_that_a_container_was_made_with_stays(tmp_path: Path, machine: Path) -> None:
    first = shared(tmp_path, machine)
    run = tmp_path / "containers" / "c-1"
    run.mkdir(parents=True)
    (run / "spec.json").write_text(json.dumps({"options": ["--ro-bind", str(first), "/etc"]}))
    (machine / "profile").write_text("other\n")
    second = shared(tmp_path, machine)
    (machine / "profile").write_text("another\n")
    third = shared(tmp_path, machine)
    assert (first.exists(), second.exists(), third.exists()) == (True, False, True)


def test_a_copy_that_was_begun_and_left_does_not_count(tmp_path: Path, machine: Path) -> None:
    left = tmp_path / "copies" / f".new-{os.getpid()}"
    (left / "perl").mkdir(parents=True)
    (left / "strange").touch()
    copy = shared(tmp_path, machine)
    assert not left.exists()
    assert not (copy / "strange").exists()


@pytest.mark.real
def test_inside_they_are_there_and_nobody_can_write_them(person: Person) -> None:
    script = """
import json, os
def tree(path):
    return sorted(os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names)
def closed(path):
    try:
        open(path, "r+b").close()
        return False
    except OSError:
        return True
files = [path for path in tree("/etc") if not os.path.islink(path)]
print(json.dumps({
    "open": [path for path in files if not closed(path)],
    "made": [folder for folder in ("/etc", "/etc/ssl/certs") if os.access(folder, os.W_OK)],
    "names": sorted(os.listdir("/etc")),
    "os": open("/etc/os-release").read(),
    "certificates": len(os.listdir("/etc/ssl/certs")) if os.path.isdir("/etc/ssl/certs") else 0,
    "hostname": open("/etc/hostname").read().strip(),
    "id": os.environ["PARHELIA_CONTAINER_ID"],
    "hosts": open("/etc/hosts").read(),
}))
"""
    seen = json.loads(person.python(script))
    assert (seen["open"], seen["made"]) == ([], [])
    assert seen["hostname"] == seen["id"]
    assert seen["hosts"] == etc.own(seen["id"])["hosts"]
    assert seen["os"] == Path("/etc/os-release").read_text()
    here = Path("/etc/ssl/certs")
    assert seen["certificates"] == (len(list(here.iterdir())) if here.is_dir() else 0)
    assert not {"shadow", "gshadow", "sudoers", "machine-id", "ssh"} & set(seen["names"])
