"""The metered way to the API, against asking it directly."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.harness import ROUNDS, Result, median
from parhelia_tui.core.egress.settings import NAME, Settings

STREAMS, EVENTS_A_SECOND, SECONDS = 50, 1000, 5
QUESTIONS = ROUNDS * 15
_TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")


def measure() -> list[Result]:
    """Time to the first token, pace of a stream, and the processor's time for many at once."""
    with provider() as direct, metered(direct) as (through, pid):
        first = {port: Line(port) for port in (direct, through)}
        times: dict[int, list[float]] = {direct: [], through: []}
        for _ in range(QUESTIONS):
            for port, line in first.items():
                times[port].append(line.ask(2, 0)[0])
        late = (median(times[through][5:]) - median(times[direct][5:])) * 1000
        whole: dict[int, list[float]] = {direct: [], through: []}
        full: dict[int, list[float]] = {direct: [], through: []}
        for _ in range(ROUNDS):
            for port, line in first.items():
                whole[port].append(line.ask(200, 200)[1])
                full[port].append(line.ask(5000, 0)[1])
        pace = median(whole[through]) / median(whole[direct])
        share = many(through, pid)
    return [
        Result.at_most("meter", "time to first token, more than direct", late, "ms", 3),
        Result.at_most("meter", "stream of 200 events a second / direct", pace, "x", 1.05),
        Result.reported("meter", "one stream at full speed", 5000 / median(full[through]), "events/s"),
        Result.at_most("meter", f"{STREAMS} streams, of a core per 1,000 events/s", share, "%", 25),
    ]


class Line:
    """One kept connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, events: int, a_second: float) -> tuple[float, float]:
        """Ask for a stream; seconds to its first event and to its end."""
        asked = {"model": "claude-opus-5", "max_tokens": 10, "events": events, "a_second": a_second}
        body = json.dumps(asked).encode()
        head = f"POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: k\r\ncontent-length: {len(body)}\r\n\r\n"
        began = time.perf_counter()
        self._socket.sendall(head.encode() + body)
        first, kept = 0.0, b""
        while not kept.endswith(b"0\r\n\r\n"):
            data = self._socket.recv(65536)
            if not data:
                raise ConnectionError("the stream was cut")
            kept = (kept + data)[-65536:]
            if not first and b"message_start" in kept:
                first = time.perf_counter() - began
        return first, time.perf_counter() - began


def many(port: int, pid: int) -> float:
    """The processor's time of the egress process for many streams at once, in % of a core per 1,000 events/s."""
    lines = [Line(port) for _ in range(STREAMS)]
    a_second = EVENTS_A_SECOND / STREAMS
    threads = [threading.Thread(target=line.ask, args=(int(a_second * SECONDS), a_second)) for line in lines]
    before, began = processor_s(pid), time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    events_a_second = STREAMS * a_second * SECONDS / took
    return 100 * (processor_s(pid) - before) / took / events_a_second * 1000


def processor_s(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


@contextmanager
def provider() -> Iterator[int]:
    """An API; gives its port."""
    process = subprocess.Popen([sys.executable, "-m", "bench.provider"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


@contextmanager
def metered(api: int) -> Iterator[tuple[int, int]]:
    """An egress process in front of an API; gives its port and its pid."""
    with (
        tempfile.TemporaryDirectory(prefix="parhelia-bench-") as home,
        socket.create_server(("127.0.0.1", 0), backlog=128) as listener,
    ):
        settings = Settings("c-1", "t-1", f"{home}/meter.db", "k", url=f"http://127.0.0.1:{api}", holds=False)
        (Path(home) / NAME).write_text(settings.as_text())
        process = subprocess.Popen(
            [sys.executable, "-m", "parhelia_tui.core.egress", home, str(listener.fileno())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=[listener.fileno()],
        )
        assert process.stdin is not None
        process.stdin.write(b'{"op": "key", "value": "sk-ant-bench"}\n')
        process.stdin.flush()
        try:
            yield listener.getsockname()[1], process.pid
        finally:
            process.stdin.close()
            process.wait()
