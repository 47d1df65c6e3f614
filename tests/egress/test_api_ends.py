"""The metered API when somebody goes away in the middle: the provider, the container, or its own process."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import threading
from pathlib import Path

import pytest

from parhelia_tui.core.meter.money import NANO
from tests.egress.egress import MODEL, VIRTUAL, egress
from tests.egress.upstream import Script, Talk, delta, event, running, says, start, stop
from tests.support.waiting import wait_until

BIG = json.dumps({"model": MODEL, "max_tokens": 64_000, "messages": []})


def test_a_cut_stream_is_cut_for_the_container_too_and_charged_as_far_as_it_came(tmp_path: Path) -> None:
    def script(talk: Talk) -> str:
        talk.begin_stream()
        talk.chunk(start())
        talk.chunk(delta("x" * 4000))
        return "close"

    with running(script) as api, egress(tmp_path, api.url) as it:
        response = it.ask()
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            response.read()
        (entry,) = it.entries(1)
        assert (entry.estimated, entry.input_tokens) == (True, 1000)
        assert 900 <= entry.output_tokens <= 1100


def test_an_error_in_the_middle_of_a_stream_passes(tmp_path: Path) -> None:
    overloaded = event("error", error={"type": "overloaded_error", "message": "Overloaded"})

    def script(talk: Talk) -> None:
        talk.begin_stream()
        talk.chunk(start())
        talk.chunk(overloaded)
        talk.end_stream()

    with running(script) as api, egress(tmp_path, api.url) as it:
        assert it.ask().read() == start() + overloaded
        assert (it.entries(1)[0].estimated, it.entries(1)[0].input_tokens) == (True, 1000)


def test_an_api_that_is_not_there_is_said_and_costs_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with egress(tmp_path, f"http://127.0.0.1:{port}") as it:
        response = it.ask()
        assert (response.status, json.loads(response.read())["error"]["type"]) == (502, "api_error")
        assert it.entries(1)[0].cost == 0


@pytest.mark.parametrize("how", ["closed", "silent"])
def test_a_kept_connection_that_the_provider_closed_is_opened_again(tmp_path: Path, how: str) -> None:
    turns: list[int] = []

    def script(talk: Talk) -> str:
        turns.append(1)
        says("x")(talk)
        if how == "silent" and len(turns) == 1:
            # It reads the next request and closes without a word.
            return "close"
        return "close" if len(turns) == 1 else ""

    with running(script) as api, egress(tmp_path, api.url) as it:
        for _ in range(3):
            assert it.ask().read().endswith(stop(100))
        assert len(it.entries(3)) == 3


def test_a_container_that_leaves_is_charged_for_what_was_said_until_then(tmp_path: Path) -> None:
    go = threading.Event()

    def script(talk: Talk) -> None:
        talk.begin_stream()
        talk.chunk(start() + delta("x" * 400))
        go.wait(60)
        talk.chunk(stop(123))
        talk.end_stream()

    with running(script) as api, egress(tmp_path, api.url) as it:
        connection = it.connect()
        response = it.ask(connection=connection)
        assert response.read(len(start()))
        response.close()
        connection.close()
        go.set()
        # What the provider says within a moment is the truth, and is waited for.
        assert [(each.output_tokens, each.estimated) for each in it.entries(1)] == [(123, False)]


def test_a_provider_that_goes_on_for_a_container_that_left_is_cut(tmp_path: Path) -> None:
    cut = threading.Event()

    def script(talk: Talk) -> None:
        talk.begin_stream()
        talk.chunk(start())
        try:
            for _ in range(6000):
                talk.chunk(delta("word "))
                if cut.wait(0.01):
                    return
        except OSError:
            cut.set()
            raise

    with running(script) as api, egress(tmp_path, api.url) as it:
        connection = it.connect()
        response = it.ask(connection=connection)
        assert response.read(len(start()))
        response.close()
        connection.close()
        assert it.entries(1)[0].estimated
        assert cut.wait(60)


def test_a_container_that_leaves_before_an_answer_is_charged_what_it_was_thought_to_cost(
    tmp_path: Path,
) -> None:
    """Else whoever asks for whole answers and hangs up could spend without end, for the provider works on."""
    over = threading.Event()
    with running(lambda _: over.wait(60)) as api, egress(tmp_path, api.url) as it:
        connection = it.connect()
        connection.request("POST", "/v1/messages", BIG, {"x-api-key": VIRTUAL})
        wait_until(lambda: api.seen, 30)
        connection.close()
        (entry,) = it.entries(1)
        # 4,096 tokens of output at 25 USD for a million, and what the request itself is.
        assert (entry.estimated, entry.cost > 4096 * 25 * NANO // 1_000_000) == (True, True)
        over.set()


def test_the_end_of_the_process_charges_for_what_was_asked_and_not_answered(tmp_path: Path) -> None:
    over = threading.Event()
    with running(lambda _: over.wait(60)) as api, egress(tmp_path, api.url) as it:
        connection = it.connect()
        connection.request("POST", "/v1/messages", BIG, {"x-api-key": VIRTUAL})
        wait_until(lambda: api.seen, 30)
        assert it.end() == 0
        (entry,) = it.entries(1)
        assert (entry.estimated, entry.cost > 0) == (True, True)
        over.set()


def _streaming(go: threading.Event) -> Script:
    def script(talk: Talk) -> None:
        talk.begin_stream()
        talk.chunk(start())
        go.wait(60)
        talk.chunk(stop(77))
        talk.end_stream()

    return script


def test_the_death_of_the_supervisor_lets_open_requests_end(tmp_path: Path) -> None:
    go = threading.Event()
    with running(_streaming(go)) as api, egress(tmp_path, api.url) as it:
        response = it.ask()
        assert response.read(len(start()))
        assert it.process.stdin is not None
        it.process.stdin.close()
        go.set()
        assert response.read() == stop(77)
        assert it.end() == 0
        assert [(each.output_tokens, each.estimated) for each in it.entries(1)] == [(77, False)]


def test_the_next_process_settles_what_a_killed_one_left_open(tmp_path: Path) -> None:
    go = threading.Event()
    with running(_streaming(go)) as api, egress(tmp_path, api.url) as it:
        response = it.ask()
        assert response.read(len(start()))
        # The beginning of the response is written down a moment after it has passed.
        wait_until(lambda: it.book.execute("SELECT 1 FROM entries WHERE input_tokens = 1000").fetchone(), 30)
        it.process.send_signal(signal.SIGKILL)
        it.process.wait()
        go.set()
        it.start()
        (entry,) = it.entries(1)
        assert (entry.estimated, entry.input_tokens) == (True, 1000)
        # Connections wait while nobody listens, and the next process takes them.
        assert it.ask().status == 200
