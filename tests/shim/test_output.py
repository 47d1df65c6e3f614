"""The log of a container on a disk without room: nothing stands still for it, and what is missing is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from parhelia_tui.core.shim import system
from parhelia_tui.core.shim.output import LOG, Output
from tests.support.in_namespace import run_on_small_disk

FULL = """
import json, sys
from pathlib import Path
from parhelia_tui.core.shim.output import LOG, Output
from tests.support.in_namespace import fill_up

disk = Path(sys.argv[1])
output = Output(str(disk))
output.take(b"before\\r\\n" + b"half a line")
with (disk / "ballast").open("wb", buffering=0) as ballast:
    fill_up(ballast)
    kept = 0
    while not output.lost:
        output.take(b"x" * 100)
        kept += 100
    kept -= output.lost
    for _ in range(3):
        output.take(b"y" * 1000)
    output.tell_lost()
    ballast.truncate(ballast.tell() - 65536)
output.take(b"after\\r\\n")
output.tell_lost()
print(json.dumps([output.lost, kept, output.total, (disk / LOG).read_text(), output.recent().decode()]))
"""


@pytest.mark.real
def test_what_the_log_has_no_room_for_is_told_where_it_is_missing(tmp_path: Path) -> None:
    lost, kept, total, log, recent = json.loads(run_on_small_disk(FULL, tmp_path / "disk", 1024))
    assert lost > 3000
    assert total == len("before\n") + len("half a line") + 1 + kept + lost + len("after\n") + 1
    begin = "before\nhalf a line" + "x" * kept
    assert log == f"{begin}\n[parhelia: {lost} bytes of output were not kept: the disk was full]\nafter\n"
    # Who looks at the terminal has seen all of it.
    assert recent.endswith("y" * 3000 + "after\r\n")


def test_a_sentence_that_is_cut_off_itself_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = 7
    real = system.write

    def write(descriptor: int, data: bytes) -> int:
        nonlocal room
        if not room:
            raise OSError(122, "Disk quota exceeded")
        written = real(descriptor, data[:room])
        room -= written
        return written

    output = Output(str(tmp_path))
    monkeypatch.setattr(system, "write", write)
    output.take(b"one\ntwo\nthree\n")
    room = 20
    output.take(b"four\n")
    output.take(b"five\n")
    room = 1000
    output.take(b"six\n")
    assert (tmp_path / LOG).read_bytes() == (
        b"one\ntwo\r\n[parhelia: 7 bytes of output were not kept: the disk was full]\r\n"
        b"[parhelia: 10 bytes of output were not kept: the disk was full]\r\nsix\n"
    )
    assert output.lost == 17
