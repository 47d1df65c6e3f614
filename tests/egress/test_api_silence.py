"""An API that takes a request and says nothing; the ten minutes that are waited for are shortened here."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import h11
import pytest

from parhelia_tui.core.egress import exchange
from parhelia_tui.core.egress.exchange import Exchange
from parhelia_tui.core.egress.upstream import Unreachable, Upstream
from tests.egress.upstream import Talk, running, says


async def test_a_request_that_is_not_answered_is_not_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was taken over a kept connection that is open still: asked twice, it would cost twice."""
    monkeypatch.setattr(exchange, "SILENCE_S", 0.5)
    over = threading.Event()
    turns: list[int] = []

    def script(talk: Talk) -> None:
        turns.append(1)
        if len(turns) == 1:
            says("x")(talk)
        else:
            over.wait(60)

    with running(script) as api:
        upstream = Upstream(api.url)
        tools: Any = SimpleNamespace(upstream=upstream)
        request = h11.Request(method="POST", target="/v1/messages", headers=[("host", "x")])
        headers = [(b"host", upstream.authority), (b"content-length", b"2")]
        client: Any = None
        first, second = (Exchange(tools, client, request, b"{}", metered=False) for _ in range(2))
        assert (await first._ask_upstream(headers)).status_code == 200
        assert first._up is not None
        while not isinstance(await first._up.next(), h11.EndOfMessage):
            pass
        upstream.give_back(first._up)
        with pytest.raises(Unreachable, match="gave no answer"):
            await second._ask_upstream(headers)
        over.set()
        await upstream.close()
    assert len(turns) == 2
