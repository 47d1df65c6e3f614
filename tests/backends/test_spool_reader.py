"""Reading a spool from any offset on, whatever a crash or a damaged disk has left in it."""

from __future__ import annotations

import json
import tracemalloc
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parhelia_tui.core.backends.base import ExitRecord
from parhelia_tui.core.backends.local.spool_reader import BYTES_A_READ, parse, read_spool

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.fixed_dictionaries(
    {"seq": st.integers(1, 2**40), "at": st.floats(0, 2e9), "type": st.text(max_size=10)},
    optional={"report": JSON, "pid": JSON},
)
LINES = (
    RECORDS.map(lambda record: json.dumps(record).encode())
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=60).map(lambda raw: raw.replace(b"\n", b" "))
)


def record(seq: int, **more: Any) -> bytes:
    return json.dumps({"seq": seq, "at": 1.5, "type": "heartbeat", **more}).encode() + b"\n"


@given(st.binary(max_size=400), st.integers(0, 10**9))
def test_no_bytes_are_too_strange_to_be_read(data: bytes, offset: int) -> None:
    read = parse(data, offset)
    assert offset <= read.offset <= offset + len(data)
    assert data[: read.offset - offset].count(b"\n") == data.count(b"\n")


@given(st.lists(LINES, max_size=8), st.binary(max_size=20).map(lambda raw: raw.replace(b"\n", b"")))
def test_every_line_is_told_of_once_as_a_record_or_as_damage(lines: list[bytes], rest: bytes) -> None:
    data = b"".join(line + b"\n" for line in lines) + rest
    read = parse(data, 7)
    assert len(read.records) + len(read.damaged) == sum(1 for line in lines if line)
    assert read.offset == 7 + len(data) - len(rest)
    for each in read.records:
        assert 1 <= each["seq"] < 2**63
        assert json.dumps(each["at"], allow_nan=False)
    for text in read.damaged:
        assert len(text) <= 80
        assert not any(unicodedata.category(letter) == "Cc" for letter in text)


@given(st.lists(RECORDS, max_size=6), st.lists(st.integers(0, 3000), max_size=4))
def test_reading_on_gives_what_reading_at_once_gives(records: list[dict[str, Any]], cuts: list[int]) -> None:
    data = b"".join(json.dumps(each).encode() + b"\n" for each in records)
    found: list[dict[str, Any]] = []
    offset = 0
    for end in [*sorted(min(cut, len(data)) for cut in cuts), len(data)]:
        read = parse(data[offset:end], offset)
        found += read.records
        offset = read.offset
    assert found == records
    assert offset == len(data)


def test_a_spool_that_is_not_there_yet_gives_nothing(tmp_path: Path) -> None:
    read = read_spool(tmp_path / "spool.jsonl", 0)
    assert (read.records, read.damaged, read.offset) == ((), (), 0)


def test_a_last_line_without_its_end_waits(tmp_path: Path) -> None:
    spool = tmp_path / "spool.jsonl"
    spool.write_bytes(record(1) + record(2)[:-5])
    read = read_spool(spool, 0)
    assert [each["seq"] for each in read.records] == [1]
    spool.write_bytes(record(1) + record(2))
    assert [each["seq"] for each in read_spool(spool, read.offset).records] == [2]


def test_a_large_spool_is_read_in_pieces_without_a_gap(tmp_path: Path) -> None:
    spool = tmp_path / "spool.jsonl"
    spool.write_bytes(b"".join(record(number, text="x" * 400) for number in range(1, 6001)))
    seen: list[int] = []
    offset = readings = 0
    while (read := read_spool(spool, offset)).records:
        seen += [each["seq"] for each in read.records]
        offset, readings = read.offset, readings + 1
    assert seen == list(range(1, 6001))
    assert readings > 1


def test_a_line_longer_than_a_reading_does_not_stop_the_rest(tmp_path: Path) -> None:
    spool = tmp_path / "spool.jsonl"
    spool.write_bytes(record(1) + b"z" * (2 * BYTES_A_READ) + b"\n" + record(2))
    read = read_spool(spool, 0)
    rest = read_spool(spool, read.offset)
    more = read_spool(spool, rest.offset)
    seqs = [each["seq"] for part in (read, rest, more) for each in part.records]
    assert seqs == [1, 2]
    assert len([*read.damaged, *rest.damaged, *more.damaged]) == 1


@pytest.mark.parametrize("ends", [True, False])
def test_a_line_without_measure_takes_no_more_memory_than_a_few_readings(tmp_path: Path, ends: bool) -> None:
    spool = tmp_path / "spool.jsonl"
    with spool.open("wb") as file:
        file.truncate(64 * BYTES_A_READ)
        file.seek(0, 2)
        file.write(b"\n" if ends else b"")
    tracemalloc.start()
    try:
        read = read_spool(spool, 0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * BYTES_A_READ
    assert (len(read.damaged), read.offset) == ((1, 64 * BYTES_A_READ + 1) if ends else (0, 0))


@pytest.mark.parametrize(
    "line",
    [
        b"{}",
        b"[1]",
        b"[" * 100_000,
        b'{"seq": 0, "at": 1, "type": "x"}',
        b'{"seq": 1e3, "at": 1, "type": "x"}',
        b'{"seq": true, "at": 1, "type": "x"}',
        b'{"seq": 99999999999999999999, "at": 1, "type": "x"}',
        b'{"seq": 1, "at": NaN, "type": "x"}',
        b'{"seq": 1, "at": 1e999, "type": "x"}',
        b'{"seq": 1, "at": true, "type": "x"}',
        b'{"seq": 1, "at": 1e15, "type": "x"}',
        b'{"seq": 1, "at": 1, "type": 5}',
        b'{"seq": ' + b"9" * 5000 + b', "at": 1, "type": "x"}',
    ],
    ids=range(13),
)
def test_a_line_of_another_form_is_damage_and_hides_no_other(line: bytes) -> None:
    read = parse(record(1) + line + b"\n" + record(2), 0)
    assert [each["seq"] for each in read.records] == [1, 2]
    assert len(read.damaged) == 1


FIELDS = ("exit_code", "signal", "reason", "detail", "at", "started_at", "tail", "output_bytes")
EXIT: dict[str, Any] = {
    "exit_code": 3, "signal": None, "reason": "exited", "detail": "", "at": 2.0, "started_at": 1.0, "tail": ["x"],
    "output_bytes": 1,
}  # fmt: skip


def test_an_exit_record_is_read() -> None:
    found = ExitRecord.from_json(EXIT)
    assert (found.exit_code, found.signal, found.reason, found.tail) == (3, None, "exited", ("x",))


@given(
    st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=3), st.sets(st.sampled_from(FIELDS), max_size=1)
)
def test_an_exit_record_of_any_form_is_read_or_refused(changed: dict[str, Any], missing: set[str]) -> None:
    fields = {name: value for name, value in {**EXIT, **changed}.items() if name not in missing}
    try:
        found = ExitRecord.from_json(fields)
    except ValueError:
        return
    assert not missing
    assert type(found.exit_code) is int


@pytest.mark.parametrize("name", ["exit_code", "signal", "output_bytes"])
def test_an_exit_record_with_an_endless_number_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not an exit record"):
        ExitRecord.from_json({**EXIT, name: float("inf")})
