"""The live pictures of a real terminal."""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from parhelia_tui.core.backends.base import TmuxEndpoint
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.sessions import feed
from parhelia_tui.core.sessions.control_protocol import Event
from parhelia_tui.core.sessions.live import Feeds, Frame, LiveTerminal
from tests.sessions.attaching import attached
from tests.support.tmux_server import TmuxServer
from tests.support.waiting import until

pytestmark = pytest.mark.real

# Writes what it is told to, as hexadecimal lines.
WRITER = """
import os, sys, termios
attributes = termios.tcgetattr(0); attributes[3] &= ~termios.ECHO; termios.tcsetattr(0, termios.TCSANOW, attributes)
os.write(1, b"ready")
for line in sys.stdin:
    os.write(1, bytes.fromhex(line))
"""


class Views:
    """The frames that one viewer got."""

    def __init__(self, terminal: LiveTerminal) -> None:
        self.terminal = terminal
        self.frames: list[Frame] = []
        self.times: list[float] = []

    async def take(self) -> None:
        async for frame in self.terminal.frames():
            self.frames.append(frame)
            self.times.append(time.monotonic())

    async def until(self, condition: Callable[[Frame], object], deadline_s: float = 10) -> Frame:
        await until(lambda: self.frames and condition(self.frames[-1]), deadline_s)
        return self.frames[-1]

    async def shows(self, text: str) -> Frame:
        return await self.until(lambda frame: any(text in line for line in frame.lines))


@asynccontextmanager
async def viewing(
    endpoint: TmuxEndpoint, feeds: Feeds | None = None, max_fps: float = 10
) -> AsyncIterator[Views]:
    async with LiveTerminal(endpoint, feeds=feeds, max_fps=max_fps) as terminal:
        views = Views(terminal)
        task = asyncio.create_task(views.take())
        try:
            yield views
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def write(tmux: TmuxServer, data: str | bytes) -> None:
    tmux.type((data.encode() if isinstance(data, str) else data).hex(), "Enter")


def clients(tmux: TmuxServer) -> int:
    return len(tmux.run("list-clients").splitlines())


async def test_the_first_frame_is_the_whole_screen(tmux: TmuxServer) -> None:
    endpoint = tmux.start(WRITER, columns=100, rows=30)
    tmux.wait_for("ready")
    async with viewing(endpoint) as views:
        frame = await views.shows("ready")
    assert frame == Frame(("ready", *[""] * 29), 100, 30, 5, 0, True, False, False, 0, False)


async def test_a_change_is_shown_in_colour_and_with_its_cursor(tmux: TmuxServer) -> None:
    endpoint = tmux.start(WRITER)
    async with viewing(endpoint) as views:
        await views.shows("ready")
        write(tmux, "\r\n\x1b[1;38;2;1;2;3mfresh\r\nstill\x1b[0m\x1b[5;10H\x1b[?25l")
        frame = await views.shows("fresh")
        assert frame.lines[1] == "\x1b[1m\x1b[38;2;1;2;3mfresh\x1b[0m"
        assert frame.lines[2].startswith("\x1b[1;38;2;1;2;3mstill")
        assert (frame.cursor_x, frame.cursor_y, frame.cursor_visible) == (9, 4, False)
        write(tmux, "\x1b[?1049h\x1b[?25hfull screen")
        frame = await views.shows("full screen")
        assert frame.alternate
        assert frame.cursor_visible
        write(tmux, "\x1b[?1049l")
        assert not (await views.shows("fresh")).alternate


async def test_a_change_is_seen_within_a_tenth_of_a_second(tmux: TmuxServer) -> None:
    endpoint = tmux.start(WRITER)
    async with viewing(endpoint) as views:
        await views.shows("ready")
        waited = []
        for number in range(7):
            mark = f"mark{number}."
            begin = time.monotonic()
            write(tmux, mark)
            await views.shows(mark)
            waited.append(views.times[-1] - begin)
        assert sorted(waited)[3] < 0.2


async def test_nothing_comes_while_nothing_changes(tmux: TmuxServer) -> None:
    endpoint = tmux.start(WRITER)
    async with viewing(endpoint) as views:
        await views.shows("ready")
        write(tmux, "x")
        await views.shows("readyx")
        count = len(views.frames)
        # Written, and the screen is the same.
        for _ in range(3):
            write(tmux, "\bx")
            await asyncio.sleep(0.15)
        assert len(views.frames) == count


async def test_a_flood_comes_at_the_rate_that_was_asked_for(tmux: TmuxServer) -> None:
    program = "import os, time\nbegin = time.monotonic()\nn = 0\nwhile True: n += 1; os.write(1, b'%d ' % n * 20 + b'\\n')"
    endpoint = tmux.start(program)
    async with viewing(endpoint, max_fps=5) as views:
        await until(lambda: len(views.frames) > 8)
        assert views.times[8] - views.times[1] > 7 / 5 * 0.9


@pytest.mark.long
async def test_a_flood_sends_us_little(tmux: TmuxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import os, sys, time\ninput()\nleft = 100_000_000\n"
        "while left > 0: left -= os.write(1, b'x' * 99 + b'\\n')\n"
        "print('DONE', flush=True)\ntime.sleep(600)"
    )
    endpoint = tmux.start(program)
    taken = 0
    async with viewing(endpoint) as views:
        await views.until(lambda frame: frame.rows)
        client = views.terminal._feed._client  # type: ignore[union-attr]
        assert client is not None
        whole = client._parser.feed

        def counted(data: bytes) -> Iterator[Event]:
            nonlocal taken
            taken += len(data)
            return whole(data)

        monkeypatch.setattr(client._parser, "feed", counted)
        tmux.type("Enter")
        await views.until(lambda frame: any("DONE" in line for line in frame.lines), 60)
    assert 0 < taken < 10_000_000


async def test_ten_megabytes_without_a_newline(tmux: TmuxServer) -> None:
    program = (
        "import os, time\ninput()\nleft = 10_000_000\nwhile left: left -= os.write(1, b'x' * min(left, 65536))\n"
        "os.write(1, b'DONE'); time.sleep(600)"
    )
    endpoint = tmux.start(program)
    async with viewing(endpoint) as views:
        await views.until(lambda frame: frame.rows)
        tmux.type("Enter")
        await views.until(lambda frame: any("DONE" in line for line in frame.lines), 30)


async def test_many_views_of_one_session_share_one_client(tmux: TmuxServer) -> None:
    one, two = tmux.start(WRITER), tmux.start(WRITER, name="ph-two")
    feeds = Feeds()
    async with viewing(one, feeds) as first, viewing(one, feeds) as second:
        await first.shows("ready")
        await second.shows("ready")
        assert clients(tmux) == 2
        async with viewing(two, feeds) as other:
            await other.shows("ready")
            assert clients(tmux) == 4
        await until(lambda: clients(tmux) == 2)
        write(tmux, "both")
        await first.shows("both")
        await second.shows("both")
    await until(lambda: clients(tmux) == 0)


async def test_a_second_view_gets_the_present_frame_at_once(tmux: TmuxServer) -> None:
    endpoint = tmux.start(WRITER)
    feeds = Feeds()
    async with viewing(endpoint, feeds) as first:
        await first.shows("ready")
        async with viewing(endpoint, feeds) as second:
            assert await second.shows("ready") == first.frames[-1]


async def test_what_nobody_takes_is_not_made(tmux: TmuxServer) -> None:
    program = "import time\nn = 0\nwhile True: n += 1; print(n, flush=True); time.sleep(0.005)"
    endpoint = tmux.start(program)
    async with LiveTerminal(endpoint) as terminal:
        frames = terminal.frames()
        await anext(frames)
        assert terminal._feed is not None
        await until(lambda: terminal._feed is not None and terminal._feed._paused)
        number = terminal._feed._number
        await asyncio.sleep(0.5)
        assert terminal._feed._number <= number + 1
        # And the newest is there when it is wanted again.
        old = await anext(frames)
        new = await anext(frames)
        assert int(new.lines[-2]) > int(old.lines[-2])


async def test_the_size_of_who_attaches_is_followed(tmux: TmuxServer) -> None:
    endpoint = tmux.start(WRITER, columns=120, rows=40)
    async with viewing(endpoint) as views:
        await views.shows("ready")
        with attached(endpoint, columns=91, rows=31) as terminal:
            terminal.wait_for(rb"the work goes on")
            frame = await views.until(lambda frame: frame.columns == 91)
            assert (frame.rows, len(frame.lines)) == (30, 30)
            terminal.write(b"\x11")
            terminal.wait_end()
        assert (await views.until(lambda frame: frame.columns == 91)).rows == 30


async def test_scrolling_by_who_is_attached_is_told(tmux: TmuxServer) -> None:
    endpoint = tmux.start(WRITER)
    async with viewing(endpoint) as views:
        await views.shows("ready")
        tmux.run("copy-mode", "-t", "=ph-one:")
        await views.until(lambda frame: frame.in_mode)
        tmux.run("copy-mode", "-q", "-t", "=ph-one:")
        await views.until(lambda frame: not frame.in_mode)


async def test_history_is_read_by_pages(tmux: TmuxServer) -> None:
    endpoint = tmux.start(WRITER)
    async with viewing(endpoint) as views:
        await views.shows("ready")
        lines = "\r\n".join(str(number) for number in range(100))
        for begin in range(0, len(lines), 200):
            write(tmux, lines[begin : begin + 200])
        frame = await views.shows("99")
        terminal = views.terminal
        assert frame.history == 100 - 24
        assert await terminal.history(-3, -1) == ("73", "74", "75")
        assert await terminal.history(-1, 0) == ("75", frame.lines[0])
        assert (await terminal.history(-9999, -75))[:2] == ("ready0", "1")
        assert len(await terminal.history(-9999, 9999)) == 100
        assert await terminal.history(0, 0) == (frame.lines[0],)
        with pytest.raises(ParheliaError) as caught:
            await terminal.history(0, -1)
        assert caught.value.code == "E100"
        # The picture goes on.
        write(tmux, "more")
        await views.shows("more")
    with pytest.raises(ParheliaError) as caught:
        await terminal.history(-1, 0)
    assert caught.value.code == "E601"


async def test_death_and_return_are_followed(tmux: TmuxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "RETRY_FIRST_S", 0.02)
    endpoint = tmux.start(WRITER)
    async with viewing(endpoint) as views:
        await views.shows("ready")
        tmux.kill()
        frame = await views.until(lambda frame: frame.ended)
        assert frame.lines[0] == "ready"
        with pytest.raises(ParheliaError) as caught:
            await views.terminal.history(-1, 0)
        assert caught.value.code == "E601"
        tmux.start(WRITER, columns=70)
        assert (await views.until(lambda frame: not frame.ended)).columns == 70
        await views.shows("ready")
        tmux.start(WRITER, name="ph-two")
        tmux.run("kill-session", "-t", "=ph-one")
        await views.until(lambda frame: frame.ended)
        tmux.start(WRITER, columns=60)
        assert (await views.until(lambda frame: not frame.ended)).columns == 60
    ended = [frame.ended for frame in views.frames]
    assert sum(a != b for a, b in itertools.pairwise(ended)) == 4


async def test_a_session_that_is_not_there_yet(tmux: TmuxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "RETRY_FIRST_S", 0.02)
    async with viewing(TmuxEndpoint(tmux.socket, "ph-one")) as views:
        assert await views.until(lambda frame: frame.ended) == Frame(ended=True)
        tmux.start(WRITER)
        await views.shows("ready")


async def test_a_closed_view_ends_its_stream(tmux: TmuxServer) -> None:
    endpoint = tmux.start(WRITER)
    terminal = LiveTerminal(endpoint)
    views = Views(terminal)
    async with terminal:
        task = asyncio.create_task(views.take())
        await views.shows("ready")
    await asyncio.wait_for(task, 5)
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.long
async def test_watching_twenty_idle_servers_costs_next_to_nothing(tmp_path: Path) -> None:
    servers = []
    try:
        for number in range(20):
            directory = tmp_path / str(number)
            directory.mkdir()
            servers.append(TmuxServer(directory))
            servers[-1].start(WRITER)
        feeds = Feeds()
        async with asyncio.TaskGroup() as group:
            done = asyncio.Event()
            views: list[Views] = []

            async def watch(server: TmuxServer) -> None:
                async with viewing(TmuxEndpoint(server.socket, "ph-one"), feeds) as seen:
                    await seen.shows("ready")
                    views.append(seen)
                    await done.wait()

            for server in servers:
                group.create_task(watch(server))
            await until(lambda: len(views) == 20)
            before = cpu_s(servers)
            begin = time.monotonic()
            await asyncio.sleep(1.5)
            used = (cpu_s(servers) - before) / (time.monotonic() - begin)
            done.set()
        assert used < 0.03
    finally:
        for server in servers:
            server.close()


def cpu_s(servers: list[TmuxServer]) -> float:
    """The processor time of this process and of the servers, in seconds."""
    own = os.times()
    ticks = sum(
        sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
        for server in servers
        for pid in server.pids
    )
    return own.user + own.system + ticks / os.sysconf("SC_CLK_TCK")
