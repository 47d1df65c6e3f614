"""A provider's API on loopback that says exactly what a test wants, and remembers what it was asked."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

KEY = "sk-ant-api03-REAL-KEY-0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Talk:
    """One connection of a script: reads nothing more, writes what it likes."""

    def __init__(self, connection: socket.socket, seen: Seen) -> None:
        self.connection = connection
        self.seen = seen

    def write(self, data: bytes) -> None:
        self.connection.sendall(data)

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        """A whole answer with a length."""
        said = {"content-type": "application/json", "content-length": str(len(body)), **headers}
        self.head(status, **said)
        self.write(body)

    def head(self, status: int, **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} Said"] + [
            f"{name.replace('_', '-')}: {v}" for name, v in headers.items()
        ]
        self.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    def begin_stream(self) -> None:
        self.head(200, content_type="text/event-stream; charset=utf-8", transfer_encoding="chunked")

    def chunk(self, data: bytes) -> None:
        self.write(b"%x\r\n%s\r\n" % (len(data), data))

    def end_stream(self) -> None:
        self.write(b"0\r\n\r\n")


Script = Callable[[Talk], object]


@dataclass
class Api:
    """The running API.

    Args:
        script: answers each request; returning "close" closes the connection.
    """

    script: Script
    port: int = 0
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    tls: ssl.SSLContext | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._greet, args=(connection,), daemon=True).start()

    def _greet(self, connection: socket.socket) -> None:
        if self.tls is not None:
            try:
                connection = self.tls.wrap_socket(connection, server_side=True)
            except OSError:
                # Who does not accept the certificate goes away.
                connection.close()
                return
        self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        # Who goes away without a word resets the connection.
        with connection, connection.makefile("rb") as lines, contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                first = lines.readline().decode("latin-1").split()
                if len(first) < 3:
                    return
                headers: dict[str, str] = {}
                while line := lines.readline().decode("latin-1").strip():
                    name, _, value = line.partition(":")
                    headers[name.lower()] = value.strip()
                body = lines.read(int(headers.get("content-length", 0)))
                seen = Seen(first[0], first[1], headers, body)
                self.seen.append(seen)
                if self.script(Talk(connection, seen)) == "close":
                    return


@contextmanager
def running(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[Api]:
    """Run an API on a free port of loopback."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        api = Api(script, listener.getsockname()[1], tls=tls)
        threading.Thread(target=api._serve, args=(listener,), daemon=True).start()
        yield api
        # Wakes the thread that waits in accept.
        listener.shutdown(socket.SHUT_RDWR)


def event(kind: str, **fields: object) -> bytes:
    """One server-sent event, as the provider writes it."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def start(**usage: object) -> bytes:
    """The first event of a stream."""
    used: dict[str, object] = {"input_tokens": 1000, "output_tokens": 1, **usage}
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-4-5",
        "content": [],
        "usage": used,
    }
    return event("message_start", message=message)


def delta(text: str) -> bytes:
    return event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})


def stop(output_tokens: int, **usage: int) -> bytes:
    """The last two events of a stream."""
    used = {"output_tokens": output_tokens, **usage}
    return event("message_delta", delta={"stop_reason": "end_turn"}, usage=used) + event("message_stop")


def says(*texts: str, output_tokens: int = 100, **usage: int) -> Script:
    """A script that streams a whole response."""

    def script(talk: Talk) -> None:
        talk.begin_stream()
        talk.chunk(start(**usage))
        for text in texts:
            talk.chunk(delta(text))
        talk.chunk(stop(output_tokens))
        talk.end_stream()

    return script
