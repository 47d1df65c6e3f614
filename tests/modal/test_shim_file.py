"""What a sandbox runs of ours, as one file each: by its code, by its texts, and as it was before."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from parhelia_tui.core.backends.local import shim_code
from parhelia_tui.core.backends.modal import shim_file
from parhelia_tui.core.settings.paths import Paths
from parhelia_tui.core.shim import elsewhere

TAG = sys.implementation.cache_tag.encode()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The shim as a sandbox gets it."""
    (tmp_path / "home").mkdir()
    return shim_file.shim_file(Paths(tmp_path / "home"))


def run(archive: Path, place: Path) -> subprocess.CompletedProcess[str]:
    """Have a sandbox's Python do an errand by this archive: it leaves a mark in an empty directory."""
    words = [each.replace(shim_file.INSIDE, str(archive)) for each in shim_file.words("taken", str(place))]
    return subprocess.run([shim_code.PYTHON, *words[1:]], capture_output=True, text=True, check=False)


def without_front(archive: Path) -> Path:
    """The same archive as it was before there was code in front of it."""
    target = archive.with_suffix(".old")
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(target, "w") as copy:
        for name in source.namelist():
            copy.writestr(name, source.read(name))
    return target


def test_the_code_in_front_is_enough(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive) as content:
        begin = min(each.header_offset for each in content.infolist())
    archive.write_bytes(archive.read_bytes()[:begin])
    assert run(archive, tmp_path).stderr == ""
    assert (tmp_path / elsewhere.TAKEN).exists()


def test_a_python_of_another_version_takes_the_texts(archive: Path, tmp_path: Path) -> None:
    data = archive.read_bytes()
    assert data.startswith(TAG + b" ")
    # The code of another version would not be understood.
    archive.write_bytes(data.replace(TAG, b"x" * len(TAG), 1))
    assert run(archive, tmp_path).stderr == ""
    assert (tmp_path / elsewhere.TAKEN).exists()


def test_a_sandbox_of_an_earlier_version_is_told_by_its_own_archive(archive: Path, tmp_path: Path) -> None:
    assert run(without_front(archive), tmp_path).stderr == ""
    assert (tmp_path / elsewhere.TAKEN).exists()


def test_it_runs_by_its_name_too(archive: Path, tmp_path: Path) -> None:
    """So are panes of a terminal started (`elsewhere.words`)."""
    words = [shim_code.PYTHON, "-I", "-S", str(archive), "taken", str(tmp_path)]
    assert subprocess.run(words, capture_output=True, text=True, check=False).stderr == ""
    assert (tmp_path / elsewhere.TAKEN).exists()


def test_the_same_text_is_the_same_file(archive: Path, tmp_path: Path) -> None:
    """A file of another name would be another image, which the provider would build first."""
    again = shim_file.shim_file(Paths(tmp_path / "home"))
    assert again == archive
    assert str(Path(shim_file.__file__).parent) not in archive.read_bytes().decode("latin-1")


def test_the_egress_process_comes_compiled_and_with_its_prices(tmp_path: Path) -> None:
    archive = shim_file.egress_file(Paths(tmp_path))
    see = (
        f"import sys; sys.path.insert(0, {str(archive)!r})\n"
        "from parhelia_tui.core.egress import process\n"
        "from parhelia_tui.core.meter import table\n"
        "assert table.table().models\n"
        "names = [each for each in sys.modules if each.partition('.')[0] in ('parhelia_tui', 'h11')]\n"
        "print({sys.modules[each].__file__.rpartition('.')[2] for each in names})\n"
    )
    done = subprocess.run(
        [shim_code.PYTHON, "-I", "-S", "-c", see], capture_output=True, text=True, check=False
    )
    assert (done.stderr, done.stdout) == ("", "{'pyc'}\n")
