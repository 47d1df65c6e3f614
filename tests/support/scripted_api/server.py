"""The server: one thread with an event loop of its own, on a unix socket and on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.support.scripted_api import wire
from tests.support.scripted_api.replies import Failure, Reply, Step
from tests.support.scripted_api.scenarios import SCENARIOS

_MARKER = re.compile(r"SCENARIO=([A-Za-z0-9_-]+)")
TITLE = Reply('{"title": "A scripted title"}', output_tokens=5)
"""For requests without tools, by which agents name a conversation; they are no step of a scenario."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request.

    Args:
        at: epoch seconds.
        body: its JSON; empty where it had none.
        scenario, step: what was played.
        marked: the text that held the marker.
    """

    at: float
    method: str
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    scenario: str
    step: int
    marked: str

    @property
    def session(self) -> str:
        """The conversation, as the agent names it."""
        return self.headers.get("x-claude-code-session-id", "")

    @property
    def said(self) -> str:
        """All of it as text, to look for words in."""
        return json.dumps(self.body, ensure_ascii=False)


class ScriptedApi:
    """Plays scenarios, and writes down what it was asked.

    Args:
        path: of a unix socket to listen on; None for none. Loopback is always listened on.
        more: further scenarios by name.
    """

    def __init__(self, path: Path | None = None, more: Mapping[str, Sequence[Step]] | None = None) -> None:
        self.path = path
        self.scenarios = {**SCENARIOS, **(more or {})}
        self.asked: list[Asked] = []
        self.port = 0
        self._failed: Counter[tuple[str, str, int]] = Counter()
        self._made = 0
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        """Where it is on loopback."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> ScriptedApi:
        self._thread.start()
        assert self._ready.wait(30), "the scripted API did not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)

    def messages(self, scenario: str = "") -> list[Asked]:
        """The requests for messages that were steps of a scenario; of one, or of all."""
        found = [each for each in self.asked if each.scenario and each.path.split("?")[0] == "/v1/messages"]
        return [each for each in found if scenario in ("", each.scenario)]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        tasks: set[asyncio.Task[None]] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            try:
                while await self._answer(reader, writer):
                    pass
            except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass
            finally:
                tasks.discard(task)
                writer.transport.abort()

        listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = listener.getsockname()[1]
        servers = [await asyncio.start_server(connected, sock=listener, limit=wire.LONGEST)]
        if self.path is not None:
            servers.append(await asyncio.start_unix_server(connected, str(self.path), limit=wire.LONGEST))
            self.path.chmod(0o666)
        self._ready.set()
        await self._stop.wait()
        for server in servers:
            server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False where the connection is over."""
        got = await wire.request(reader)
        if got is None:
            return False
        method, path, headers, raw = got
        body: dict[str, Any] = {}
        with contextlib.suppress(ValueError):
            found = json.loads(raw)
            body = found if isinstance(found, dict) else {}
        where = path.split("?")[0]
        scenario, step, marked = find(body) if where == "/v1/messages" else ("", 0, "")
        if scenario and not body.get("tools"):
            scenario = ""
        self.asked.append(Asked(time.time(), method, path, headers, body, scenario, step, marked))
        if where == "/v1/messages/count_tokens":
            writer.write(wire.answer(200, {"input_tokens": len(raw) // 4}))
        elif where != "/v1/messages":
            writer.write(wire.answer(404, _error("not_found_error", f"there is no {where}")))
        else:
            return await self._play(writer, scenario, step, headers, body)
        await writer.drain()
        return True

    async def _play(
        self, writer: asyncio.StreamWriter, scenario: str, step: int, headers: Mapping[str, str], body: Mapping[str, Any]
    ) -> bool:  # fmt: skip
        self._made += 1
        number = f"{self._made:06d}"
        marks = {"request-id": f"req_{number}"}
        what = self._step(scenario, step, headers.get("x-claude-code-session-id", ""))
        if isinstance(what, Failure):
            writer.write(wire.answer(what.status, _error(what.kind, what.message), {**marks, **what.headers}))
            await writer.drain()
            return True
        await asyncio.sleep(what.begin_s)
        model = str(body.get("model", "unknown"))
        if not body.get("stream"):
            writer.write(wire.answer(200, wire.message(what, f"msg_{number}", model), marks))
            await writer.drain()
            return True
        writer.write(wire.stream_head(marks))
        for sent, each in enumerate(wire.events(what, f"msg_{number}", model)):
            if what.fail_after == sent and self._first("fail", scenario, step, headers):
                writer.write(
                    wire.chunk(wire.event({"type": "error", **_error("overloaded_error", "Overloaded")}))
                )
                break
            if what.cut_after == sent and self._first("cut", scenario, step, headers):
                await writer.drain()
                return False
            if each["type"] == "message_delta" and what.hang:
                await writer.drain()
                await self._stop.wait()
            writer.write(wire.chunk(wire.event(each)))
            if what.piece_s and each["type"] == "content_block_delta":
                await writer.drain()
                await asyncio.sleep(what.piece_s)
        writer.write(wire.chunk(b""))
        await writer.drain()
        return True

    def _first(self, what: str, scenario: str, step: int, headers: Mapping[str, str]) -> bool:
        """Say whether this happens for the first time in a conversation; a broken stream is mended once."""
        key = (f"{what} {scenario}", headers.get("x-claude-code-session-id", ""), step)
        self._failed[key] += 1
        return self._failed[key] == 1

    def _step(self, scenario: str, step: int, session: str) -> Step:
        if not scenario:
            return TITLE
        steps = self.scenarios.get(scenario)
        if steps is None:
            return Failure(400, "invalid_request_error", f"there is no scenario {scenario}")
        what = steps[min(step, len(steps) - 1)]
        if isinstance(what, Failure) and what.times is not None:
            key = (scenario, session, step)
            self._failed[key] += 1
            if self._failed[key] > what.times and what.then is not None:
                return what.then
        return what


def _error(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}}


def find(body: Mapping[str, Any]) -> tuple[str, int, str]:
    """Find the scenario that a conversation plays, its step, and the text that named it."""
    messages = body.get("messages") or []
    for at in range(len(messages) - 1, -1, -1):
        if messages[at].get("role") == "user":
            text = _text(messages[at].get("content"))
            marks = _MARKER.findall(text)
            if marks:
                after = sum(each.get("role") == "assistant" for each in messages[at + 1 :])
                return marks[-1], after, text
    return "", 0, ""


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return "\n".join(
        str(each.get("text", "")) for each in blocks if isinstance(each, dict) and each.get("type") == "text"
    )
