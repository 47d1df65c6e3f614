"""The control mode protocol, without tmux."""

from __future__ import annotations

import itertools
import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from parhelia_tui.core.sessions.control_protocol import (
    LINE_LIMIT,
    ControlParser,
    Event,
    Notice,
    Output,
    Reply,
    unescape,
)


def parsed(data: bytes, least: int = 0) -> list[Event]:
    return list(ControlParser(lambda: least).feed(data))


def escaped(data: bytes) -> bytes:
    """As tmux writes it: control_append_data in control.c."""
    return b"".join(bytes((byte,)) if byte >= 0x20 and byte != 0x5C else b"\\%03o" % byte for byte in data)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[a:b] for a, b in itertools.pairwise(edges)]


lines = st.binary(max_size=60).map(lambda line: line.replace(b"\n", b"").rstrip(b"\r"))
events = st.one_of(
    st.builds(
        lambda pane, data: Output(f"%{pane}", escaped(data)), st.integers(0, 99), st.binary(max_size=80)
    ),
    st.builds(
        Notice,
        st.sampled_from(["session-changed", "layout-change", "exit", "pause"]),
        lines.filter(lambda line: line != b""),
    ),
    st.builds(
        Reply,
        st.lists(lines.filter(lambda line: not line.startswith((b"%end", b"%error"))), max_size=5).map(tuple),
        st.booleans(),
        st.booleans(),
    ),
)


def written(event: Event, number: int) -> bytes:
    """An event as tmux sends it."""
    if isinstance(event, Output):
        return b"%%output %s %s\n" % (event.pane.encode(), event.escaped)
    if isinstance(event, Notice):
        return b"%%%s %s\n" % (event.name.encode(), event.text)
    stamp = b"1700000000 %d %d" % (number, event.ours)
    body = b"".join(line + b"\n" for line in event.lines)
    return b"%%begin %s\n%s%%%s %s\n" % (stamp, body, b"error" if event.failed else b"end", stamp)


@given(st.lists(events, max_size=12), st.lists(st.integers(0, 5000), max_size=30))
def test_what_tmux_wrote_is_read_however_the_stream_is_cut(sent: list[Event], places: list[int]) -> None:
    stream = b"".join(written(event, number) for number, event in enumerate(sent))
    parser = ControlParser()
    got = [event for piece in cut(stream, places) for event in parser.feed(piece)]
    assert got == sent


@given(st.binary(max_size=300))
def test_a_panes_bytes_come_back_whatever_they_are(data: bytes) -> None:
    (event,) = parsed(b"%%output %%7 %s\n" % escaped(data))
    assert isinstance(event, Output)
    assert (event.pane, event.data) == ("%7", data)


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=10))
def test_no_bytes_break_the_parser(data: bytes, places: list[int]) -> None:
    parser = ControlParser()
    for piece in cut(data, places):
        for event in parser.feed(piece):
            if isinstance(event, Output):
                assert len(event.data) <= len(event.escaped)


def test_the_newer_form_of_output_has_an_age() -> None:
    (event,) = parsed(b"%extended-output %3 17 later : a : b\\015\\012\n")
    assert isinstance(event, Output)
    assert (event.pane, event.data) == ("%3", b"a : b\r\n")


def test_an_escape_that_was_cut_off_stays_as_it_is() -> None:
    assert unescape(rb"\01 \9 \134 \777") == b"\\01 \\9 \\ \xff"


def test_a_shown_line_that_looks_like_the_end_is_not_the_end() -> None:
    stamp = b"1700000000 12 1"
    screen = [b"%end " + stamp, b"%begin 1700000000 13 1", b"%error " + stamp, b"%exit"]
    data = b"%begin " + stamp + b"\n" + b"\n".join(screen) + b"\n%end " + stamp + b"\n%exit\n"
    assert parsed(data, least=4) == [Reply(tuple(screen), True, False), Notice("exit", b"")]


def test_an_end_with_other_numbers_is_not_the_end() -> None:
    data = b"%begin 1 2 1\n%end 1 3 1\n%error 1 2 0\n%end 1 2 1\n"
    assert parsed(data) == [Reply((b"%end 1 3 1", b"%error 1 2 0"), True, False)]


def test_only_our_own_replies_are_measured() -> None:
    assert parsed(b"%begin 1 2 0\n%end 1 2 0\n", least=9) == [Reply((), False, False)]


def test_each_event_is_out_before_the_next_bytes_are_looked_at() -> None:
    wanted = [0]
    parser = ControlParser(lambda: wanted[0])
    seen: list[Event] = []
    for event in parser.feed(b"%begin 1 2 1\n2\n%end 1 2 1\n%begin 1 3 1\na\n%end 1 3 1\n%end 1 3 1\n"):
        seen.append(event)
        wanted[0] = 2
    assert seen == [Reply((b"2",), True, False), Reply((b"a", b"%end 1 3 1"), True, False)]


def test_a_line_of_ten_megabytes_is_cut_and_the_next_is_whole() -> None:
    parser = ControlParser()
    tracemalloc.start()
    got: list[Event] = []
    try:
        for piece in [b"%output %1 ", *[b"x" * 65536] * 160, b"\n%exit\n"]:
            got += parser.feed(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    output, end = got
    assert isinstance(output, Output)
    assert len(output.escaped) == LINE_LIMIT - len(b"%output %1 ")
    assert end == Notice("exit", b"")
    assert peak < 6 * LINE_LIMIT
