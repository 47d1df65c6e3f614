"""What the keeper of a sandbox records of a container whose supervisor left no record."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from parhelia_tui.core.backends.base import ExitRecord
from parhelia_tui.core.backends.local.spool_reader import read_spool
from parhelia_tui.core.shim import bereft, elsewhere, exit_record, spool
from parhelia_tui.core.shim.output import LOG

STARTED = '{"seq": 1, "at": 5.0, "type": "started", "pid": 7}\n{"seq": 2, "at": 6.0, "type": "heartbeat"}\n'


@pytest.fixture(autouse=True)
def _nobody_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here are no sandbox and no agent's user."""
    monkeypatch.setattr(elsewhere, "AGENT_ID", os.getuid())


def recorded(run: Path) -> ExitRecord:
    """The record of its end."""
    return ExitRecord.from_json(json.loads((run / exit_record.NAME).read_text()))


@pytest.mark.parametrize("rest", ["", '{"seq": 3, "at'])
def test_it_goes_on_after_the_last_whole_record(tmp_path: Path, rest: str) -> None:
    (tmp_path / spool.NAME).write_text(STARTED + rest)
    (tmp_path / LOG).write_bytes(b"\x1b[1mone\x1b[0m\r\ntwo\r\n")
    bereft.settle(str(tmp_path))
    found = recorded(tmp_path)
    assert (found.reason, found.exit_code, found.started_at) == ("died", 137, 5.0)
    assert (list(found.tail), found.output_bytes) == (["one", "two"], 18)
    read = read_spool(tmp_path / spool.NAME, 0)
    assert [(each["seq"], each["type"]) for each in read.records] == [
        (1, "started"),
        (2, "heartbeat"),
        (3, "exited"),
    ]
    assert len(read.damaged) == bool(rest)
    assert ExitRecord.from_json(read.records[-1]).reason == "died"


def test_one_that_never_began_is_told_as_that(tmp_path: Path) -> None:
    bereft.settle(str(tmp_path))
    found = recorded(tmp_path)
    assert (found.reason, found.started_at, list(found.tail)) == ("start_failed", None, [])
    assert [each["type"] for each in read_spool(tmp_path / spool.NAME, 0).records] == ["exited"]


def test_what_the_supervisor_recorded_stays(tmp_path: Path) -> None:
    (tmp_path / exit_record.NAME).write_text("{}")
    bereft.settle(str(tmp_path))
    assert (tmp_path / exit_record.NAME).read_text() == "{}"
    assert not (tmp_path / spool.NAME).exists()
