"""One request and its response, from the container to the API and back, and what it cost."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h11

from parhelia_tui.core.egress import usage_limit
from parhelia_tui.core.egress.allowance import Allowance
from parhelia_tui.core.egress.asked import Asked
from parhelia_tui.core.egress.fetched import UNREADABLE
from parhelia_tui.core.egress.hiding import Hiding
from parhelia_tui.core.egress.key import Key, NoKey
from parhelia_tui.core.egress.money import Money
from parhelia_tui.core.egress.permission import Permission, refusal
from parhelia_tui.core.egress.settings import Settings
from parhelia_tui.core.egress.stillness import Stillness
from parhelia_tui.core.egress.tally import Tally
from parhelia_tui.core.egress.teller import Teller
from parhelia_tui.core.egress.upstream import SILENCE_S, Unreachable, Upstream
from parhelia_tui.core.egress.usage import BodyMeter, StreamMeter
from parhelia_tui.core.egress.wire import Headers, Reader, Wire, answer, error_body, passed_on
from parhelia_tui.core.meter.bill import Usage
from parhelia_tui.core.meter.money import usd
from parhelia_tui.core.meter.spending import PROVIDER, Answer, Spender, adjust, settle
from parhelia_tui.core.model.errors import ParheliaError

DRAIN_S = 2.0
"""How long a response is read on whose reader has left, for the last word on what it costs."""
ASK_AGAIN_S = 600.0
"""A limit may be lifted before its time: its owner buys more."""
_REPLACED = (b"host", b"x-api-key", b"authorization", b"accept-encoding", b"expect", b"content-length")


@dataclass(frozen=True, slots=True)
class Tools:
    """What exchanges work with: whose they are, where they go, with which key, on whose money."""

    settings: Settings
    spender: Spender
    upstream: Upstream
    key: Key
    money: Money
    teller: Teller
    tally: Tally
    permission: Permission | Allowance
    stillness: Stillness

    @property
    def prices(self) -> Path | None:
        """A file of prices over ours."""
        return Path(self.settings.prices) if self.settings.prices else None


class Exchange:
    """One request and its response."""

    def __init__(self, tools: Tools, wire: Wire, request: h11.Request, body: bytes, *, metered: bool) -> None:
        self._tools = tools
        self._client = wire
        self._request = request
        self._body = body
        self._metered = metered
        self._asked = Asked.read(body) if body else Asked("", 0, 0)
        self._name = uuid.uuid4().hex
        self._meter: StreamMeter | BodyMeter | None = None
        self._status: int | None = None
        self._left = asyncio.Event()
        self._up: Wire | None = None
        self._ended = False
        self._owed = False
        self._hiding = Hiding(b"")

    async def run(self) -> None:
        """Ask for money, pass the request on and the response back, and book what it cost."""
        reader = self._client.reader
        if isinstance(reader, Reader):
            reader.on_left = self._gone
        try:
            if not await self._reaches_only_the_api() or (self._metered and not await self._allowed()):
                return
            try:
                await self._through()
            finally:
                if self._metered:
                    await self._book()
        finally:
            if isinstance(reader, Reader):
                reader.on_left = None

    async def _reaches_only_the_api(self) -> bool:
        """Refuse what would let the provider fetch for a container what it may not reach itself."""
        tools, host = self._tools, self._asked.fetches
        if tools.settings.fetches or host is None:
            return True
        tools.tally.count("denied", host, "the API would be asked to fetch it")
        words = (
            f"Parhelia: {host} cannot be reached from here by way of the API either"
            if host != UNREADABLE
            else "Parhelia: what this request lets the API fetch cannot be read"
        )
        await answer(self._client, 403, error_body("permission_error", words))
        return False

    async def _allowed(self) -> bool:
        tools = self._tools
        try:
            verdict = await tools.permission.ask(
                self._name,
                await self._spender(),
                self._asked.model,
                self._asked.estimate(tools.prices),
                self._left.is_set,
            )
        except ParheliaError as error:
            # Without the book nothing is spent.
            tools.teller.tell("problem", words=str(error))
            await answer(
                self._client, 503, error_body("api_error", f"no request can be booked: {error.message}")
            )
            return False
        if verdict.answer is Answer.GRANTED:
            return True
        if verdict.answer is Answer.WAIT:
            return False
        words = refusal(verdict, tools.settings.task)
        scope = verdict.ceilings[0].scope if verdict.ceilings else f"task:{tools.settings.task}"
        tools.teller.tell("refused", scope=scope, words=words)
        await answer(self._client, 402, error_body("billing_error", words))
        return False

    async def _spender(self) -> Spender:
        """Who pays for it: nobody, where an account's subscription does."""
        tools = self._tools
        return replace(tools.spender, subscription=await tools.key.is_of_subscription())

    async def _through(self) -> None:
        tools = self._tools
        try:
            key = await tools.key.headers()
            # An API that repeats the key in its answer must not hand it to the container that way.
            self._hiding = Hiding(key[0][1].removeprefix(b"Bearer "))
            headers = [
                (b"host", tools.upstream.authority),
                # Compressed, it could not be read for what it costs.
                (b"accept-encoding", b"identity"),
                *key,
                *passed_on(self._request.headers, _REPLACED),
            ]
            if self._body or self._request.method == b"POST":
                headers.append((b"content-length", str(len(self._body)).encode()))
            response = await self._answered(headers)
        except (NoKey, Unreachable) as error:
            no_key = isinstance(error, NoKey)
            tools.teller.tell("problem", words=str(error))
            kind = "authentication_error" if no_key else "api_error"
            await answer(self._client, 401 if no_key else 502, error_body(kind, f"Parhelia: {error}"))
            return
        if response is None:
            return
        self._status = response.status_code
        tools.tally.count("called", tools.upstream.host)
        if response.status_code == 401:
            tools.key.forget()
        await self._back(response)

    async def _answered(self, headers: Headers) -> h11.Response | None:
        """Ask until the answer is not that the account's limit is reached; None when who asked has left."""
        stillness = self._tools.stillness
        try:
            while True:
                response = await self._ask_upstream(headers)
                limit = usage_limit.reached(response.status_code, response.headers, self._tools.money.now())
                if limit is None or not stillness.possible:
                    return response
                self._drop_answer()
                words = f"the provider's limit for {limit.window} is reached"
                stillness.hold(self._name, PROVIDER, words=words, until=limit.until)
                if not await self._rested(limit.until):
                    return None
        finally:
            stillness.let_go(self._name)

    def _drop_answer(self) -> None:
        """Close a connection whose answer nobody is given."""
        if self._up is not None:
            self._up.close()
            self._up = None

    async def _rested(self, until: float) -> bool:
        """Wait until a moment, at most until it is worth asking again; False when who asked has left."""
        wait_s = min(max(0.0, until - self._tools.money.now()), ASK_AGAIN_S)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._left.wait(), wait_s)
        return not self._left.is_set()

    async def _ask_upstream(self, headers: Headers) -> h11.Response:
        """Send the request; once more where a kept connection turns out to be closed."""
        while True:
            self._up, used = await self._tools.upstream.take()
            try:
                await self._up.send(
                    h11.Request(method=self._request.method, target=self._request.target, headers=headers),
                    *([h11.Data(data=self._body)] if self._body else []),
                    h11.EndOfMessage(),
                )
                # Whoever goes away now may have to pay for an answer that nobody sees.
                self._owed = True
                while True:
                    async with asyncio.timeout(SILENCE_S):
                        event = await self._up.next()
                    if isinstance(event, h11.Response):
                        self._owed = False
                        return event
                    if not isinstance(event, h11.InformationalResponse):
                        raise ConnectionError("it closed the connection")
            except (OSError, h11.ProtocolError) as error:
                self._up.close()
                # Who says nothing has taken the request, and may be paid for it twice where it is sent again.
                silent = isinstance(error, TimeoutError)
                self._owed = self._owed and (silent or self._left.is_set())
                if silent or not used or self._left.is_set():
                    words = "gave no answer" if silent else f"did not answer: {error}"
                    raise Unreachable(f"{self._tools.upstream.host} {words}") from error

    async def _back(self, response: h11.Response) -> None:
        up = self._up
        assert up is not None
        headers = [(name, self._hiding.whole(value)) for name, value in passed_on(response.headers)]
        if self._metered and response.status_code == 200:
            kind = dict(response.headers).get(b"content-type", b"")
            self._meter = StreamMeter() if kind.startswith(b"text/event-stream") else BodyMeter()
        await self._give(
            h11.Response(status_code=response.status_code, reason=response.reason, headers=headers)
        )
        noted = False
        try:
            while True:
                async with asyncio.timeout(SILENCE_S):
                    event = await up.next()
                if isinstance(event, h11.Data):
                    data = bytes(event.data)
                    if self._meter is not None:
                        self._meter.feed(data)
                    if shown := self._hiding.piece(data):
                        await self._give(h11.Data(data=shown))
                    if not noted and self._meter is not None and self._meter.reading.started:
                        noted = True
                        await self._note()
                elif isinstance(event, h11.EndOfMessage):
                    self._ended = True
                    # Booked before the container knows that it has it all: who looks afterwards, sees it.
                    await self._book()
                    if rest := self._hiding.rest():
                        await self._give(h11.Data(data=rest))
                    await self._give(h11.EndOfMessage())
                    self._tools.upstream.give_back(up)
                    return
                else:
                    raise ConnectionError("the response was cut")
        except (OSError, h11.ProtocolError):
            up.close()
            # The container has to see that the response is not whole.
            self._client.writer.transport.abort()
            raise

    async def _give(self, event: Any) -> None:
        """Pass an event to the container, as long as it is there."""
        if self._left.is_set():
            return
        try:
            await self._client.send(event)
        except OSError:
            self._gone()

    def _gone(self) -> None:
        """The container has gone away: read on for a moment, then stop paying for what nobody reads."""
        if not self._left.is_set():
            self._left.set()
            if self._up is not None:
                asyncio.get_running_loop().call_later(DRAIN_S, self._cut)

    def _cut(self) -> None:
        if not self._ended and self._up is not None:
            self._up.writer.transport.abort()

    async def _note(self) -> None:
        """Write down what the beginning of a response says, for the case that we do not see its end."""
        meter = self._meter
        assert meter is not None
        usage, estimate = meter.reading.usage, self._asked.estimate(self._tools.prices, meter.reading)
        await self._tools.money.ask_surely(lambda db: adjust(db, self._name, usage, estimate))

    async def _book(self) -> None:
        if not self._metered:
            return
        # Once; a second call would find it settled in the book too.
        self._metered = False
        if self._meter is None:
            # An error costs nothing, and neither does what the provider hung up on.
            cost, assumed, usage, final = 0, False, Usage(0, 0), not self._owed
            if self._owed:
                cost = self._asked.estimate(self._tools.prices)
        else:
            self._meter.close()
            reading = self._meter.reading
            usage, final = reading.usage, reading.final
            if reading.started or reading.failed:
                cost, assumed = self._asked.cost(self._tools.prices, reading)
            else:
                # Something was answered and nobody knows what: not nothing, but what it was thought to be.
                cost, assumed = self._asked.estimate(self._tools.prices), False
        await self._settle(usage, cost, estimated=not final, assumed=assumed)

    async def _settle(self, usage: Usage, cost: int, *, estimated: bool, assumed: bool) -> None:
        tools, now = self._tools, self._tools.money.now()
        try:
            await tools.money.ask_surely(
                lambda db: settle(
                    db,
                    self._name,
                    usage,
                    cost,
                    now,
                    estimated=estimated,
                    assumed=assumed,
                    status=self._status,
                )
            )
        except ParheliaError as error:
            # What was set aside stays set aside, so nothing is spent twice; the next process settles it.
            tools.teller.tell("problem", words=str(error))
            return
        with contextlib.suppress(ParheliaError):
            # What cannot be told of now is told of with what is settled next.
            await tools.permission.settled()
        if cost:
            tools.teller.tell("spent", model=self._asked.model[:80], usd=usd(cost))
