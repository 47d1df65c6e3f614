"""The metered API: passed through as it comes, with another key, and every token booked once."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import random
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from parhelia_tui.core.meter import ceilings
from parhelia_tui.core.meter.money import NANO
from tests.egress.egress import MODEL, VIRTUAL, Egress, egress
from tests.egress.upstream import KEY, Script, Talk, delta, event, running, says, start, stop
from tests.support.waiting import wait_until

NOW = 1_800_000_000.0
# claude-opus-4-5: 5 and 25 USD for a million tokens.
A_THOUSAND_IN = NANO * 5 // 1000
A_HUNDRED_OUT = NANO * 25 // 10_000


def test_a_stream_passes_unchanged_and_is_booked(tmp_path: Path) -> None:
    with running(says("Hello", " you")) as api, egress(tmp_path, api.url) as it:
        response = it.ask()
        said = response.read()
        assert (response.status, said) == (200, start() + delta("Hello") + delta(" you") + stop(100))
        (entry,) = it.entries(1)
        assert (entry.cost, entry.input_tokens, entry.output_tokens) == (
            A_THOUSAND_IN + A_HUNDRED_OUT,
            1000,
            100,
        )
        assert (entry.model, entry.estimated, entry.status, entry.task) == (MODEL, False, 200, "t-1")


def test_each_piece_of_a_stream_arrives_before_the_next_is_sent(tmp_path: Path) -> None:
    seen = threading.Semaphore(0)

    def script(talk: Talk) -> None:
        talk.begin_stream()
        for piece in (start(), delta("a"), delta("b"), stop(2)):
            talk.chunk(piece)
            # Whoever holds a piece back until more comes, holds up everything here.
            assert seen.acquire(timeout=60)
        talk.end_stream()

    with running(script) as api, egress(tmp_path, api.url) as it:
        response = it.ask()
        for piece in (start(), delta("a"), delta("b"), stop(2)):
            assert response.read(len(piece)) == piece
            seen.release()
        assert response.read() == b""


def test_the_provider_gets_the_real_key_and_everything_else_as_it_was(tmp_path: Path) -> None:
    body = b'{"model": "claude-opus-4-5", "max_tokens": 9, "new_field": {"deep": [1, null]}, "messages": []}'
    extra = {
        "anthropic-beta": "interleaved-thinking-2025-05-14,context-1m-2025-08-07",
        "anthropic-version": "2023-06-01",
        "x-claude-code-session-id": "abc",
        "x-never-heard-of": "\xe9 value",
        "authorization": f"Bearer {VIRTUAL}",
        "user-agent": "somebody/1.0",
    }
    with running(says("x")) as api, egress(tmp_path, api.url) as it:
        it.ask(body, headers=extra).read()
        (seen,) = api.seen
        assert (seen.method, seen.target, seen.body) == ("POST", "/v1/messages?beta=true", body)
        assert seen.headers["x-api-key"] == KEY
        assert "authorization" not in seen.headers
        assert VIRTUAL not in str(seen.headers)
        assert seen.headers["host"] == f"127.0.0.1:{api.port}"
        for name in ("anthropic-beta", "anthropic-version", "x-claude-code-session-id", "x-never-heard-of"):
            assert seen.headers[name] == extra[name]


def test_a_token_of_an_account_is_sent_as_a_bearer(tmp_path: Path) -> None:
    with running(says("x")) as api, egress(tmp_path, api.url, key="sk-ant-oat01-abc") as it:
        it.ask().read()
        assert api.seen[0].headers["authorization"] == "Bearer sk-ant-oat01-abc"
        assert "x-api-key" not in api.seen[0].headers


@pytest.mark.parametrize("given", ["", "wrong", KEY, VIRTUAL[:-1]])
def test_another_key_than_the_containers_own_is_refused(tmp_path: Path, given: str) -> None:
    with running(says("x")) as api, egress(tmp_path, api.url) as it:
        response = it.ask(headers={"x-api-key": given})
        assert (response.status, json.loads(response.read())["error"]["type"]) == (
            401,
            "authentication_error",
        )
        assert api.seen == []


def test_a_whole_answer_is_booked_with_its_cache_tokens(tmp_path: Path) -> None:
    usage = {
        "input_tokens": 10,
        "output_tokens": 20,
        "cache_read_input_tokens": 1000,
        "cache_creation_input_tokens": 300,
        "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
    }
    said = json.dumps({"type": "message", "model": MODEL, "content": [], "usage": usage}).encode()
    with running(lambda talk: talk.answer(200, said)) as api, egress(tmp_path, api.url) as it:
        assert it.ask({"model": MODEL, "max_tokens": 9, "messages": []}).read() == said
        (entry,) = it.entries(1)
        assert (entry.cache_read, entry.cache_write_5m, entry.cache_write_1h) == (1000, 100, 200)
        assert entry.cost == 5000 * 10 + 25000 * 20 + 500 * 1000 + 6250 * 100 + 10000 * 200


def test_web_searches_are_charged(tmp_path: Path) -> None:
    usage = {"input_tokens": 0, "output_tokens": 0, "server_tool_use": {"web_search_requests": 3}}
    said = json.dumps({"type": "message", "model": MODEL, "usage": usage}).encode()
    with running(lambda talk: talk.answer(200, said)) as api, egress(tmp_path, api.url) as it:
        it.ask().read()
        assert it.entries(1)[0].cost == 3 * NANO // 100


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 429, 500, 529])
def test_an_error_of_the_provider_passes_unchanged_and_costs_nothing(tmp_path: Path, status: int) -> None:
    body = json.dumps({"type": "error", "error": {"type": "x", "message": "why"}}).encode()

    def script(talk: Talk) -> None:
        talk.answer(status, body, retry_after="7", x_should_retry="false", request_id="req_1")

    with running(script) as api, egress(tmp_path, api.url) as it:
        response = it.ask()
        assert (response.status, response.read()) == (status, body)
        assert [response.headers[name] for name in ("retry-after", "x-should-retry", "request-id")] == [
            "7",
            "false",
            "req_1",
        ]
        (entry,) = it.entries(1)
        assert (entry.cost, entry.status, entry.estimated) == (0, status, False)


def test_tries_after_an_error_are_requests_of_their_own(tmp_path: Path) -> None:
    answers = iter([529, 529, 200])

    def script(talk: Talk) -> None:
        status = next(answers)
        if status == 200:
            says("x")(talk)
        else:
            talk.answer(status, b"{}")

    with running(script) as api, egress(tmp_path, api.url) as it:
        connection = it.connect()
        for wanted in (529, 529, 200):
            response = it.ask(connection=connection)
            assert response.status == wanted
            response.read()
        assert [each.cost > 0 for each in it.entries(3)] == [False, False, True]
        assert api.connections == 1


def test_counting_tokens_is_free(tmp_path: Path) -> None:
    with (
        running(lambda talk: talk.answer(200, b'{"input_tokens": 12}')) as api,
        egress(tmp_path, api.url) as it,
    ):
        response = it.ask(path="/v1/messages/count_tokens?beta=true")
        assert (response.status, response.read()) == (200, b'{"input_tokens": 12}')
        assert it.ask(path="/v1/models", method="GET").read()
        assert it.book.execute("SELECT count(*) FROM entries").fetchone()[0] == 0


@pytest.mark.parametrize(
    "path",
    ["/v1/messages/batches", "/v1/files", "/v1//messages", "/v1/models/../files", "/v1/models/%2e%2e", "/"],
)
def test_what_spends_unseen_or_shows_what_is_others_is_refused(tmp_path: Path, path: str) -> None:
    with running(says("x")) as api, egress(tmp_path, api.url) as it:
        response = it.ask(path=path)
        assert (response.status, json.loads(response.read())["error"]["type"]) == (403, "permission_error")
        assert api.seen == []
        assert it.told("denied")[0]["host"] == f"127.0.0.1{path}"


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


def test_lines_of_ten_megabytes_and_broken_text_pass(tmp_path: Path) -> None:
    long = (
        b'event: x\ndata: {"type": "content_block_delta", "t": "'
        + b"\xff\xfe\x1b[2J\x00" * 1_500_000
        + b'"}\n\n'
    )
    rest = bytes(random.Random(1).randbytes(70_000))

    def script(talk: Talk) -> None:
        talk.begin_stream()
        talk.chunk(start())
        talk.chunk(long)
        for place in range(0, len(rest), 777):
            talk.chunk(rest[place : place + 777])
        talk.chunk(b"\n\n" + stop(5))
        talk.end_stream()

    with running(script) as api, egress(tmp_path, api.url) as it:
        assert it.ask().read() == start() + long + rest + b"\n\n" + stop(5)
        assert [(each.output_tokens, each.estimated) for each in it.entries(1)] == [(5, False)]


def test_a_stream_cut_into_single_bytes_is_booked_the_same(tmp_path: Path) -> None:
    whole = start(cache_read_input_tokens=7) + delta('{"usage": {"output_tokens": 999999}}') + stop(50)

    def script(talk: Talk) -> None:
        talk.begin_stream()
        for place in range(len(whole)):
            talk.chunk(whole[place : place + 1])
        talk.end_stream()

    with running(script) as api, egress(tmp_path, api.url) as it:
        assert it.ask().read() == whole
        (entry,) = it.entries(1)
        assert (entry.input_tokens, entry.cache_read, entry.output_tokens) == (1000, 7, 50)


def test_a_large_request_and_one_that_is_no_json_pass(tmp_path: Path) -> None:
    large = json.dumps({"model": MODEL, "max_tokens": 5, "messages": ["é" * 5_000_000]}).encode()
    with running(says("x")) as api, egress(tmp_path, api.url) as it:
        for body in (large, b"\xff\xfe no json", b"[" * 100_000):
            assert it.ask(body).status == 200
        assert [seen.body for seen in api.seen] == [large, b"\xff\xfe no json", b"[" * 100_000]


def test_an_unknown_model_is_charged_as_the_dearest_and_two_models_as_the_dearer(tmp_path: Path) -> None:
    with running(says("x", output_tokens=0, input_tokens=1_000_000)) as api, egress(tmp_path, api.url) as it:
        it.ask({"model": "claude-from-tomorrow", "max_tokens": 5}).read()
        it.ask(b'{"model": "claude-opus-4-5", "model": "claude-haiku-4-5", "max_tokens": 5}').read()
        unknown, twice = it.entries(2)
        assert (unknown.cost, unknown.assumed) == (15 * NANO, True)
        assert (twice.cost, twice.assumed) == (5 * NANO, False)


def test_a_request_is_never_answered_compressed(tmp_path: Path) -> None:
    with running(says("x")) as api, egress(tmp_path, api.url) as it:
        it.ask(headers={"accept-encoding": "gzip, br"}).read()
        assert api.seen[0].headers["accept-encoding"] == "identity"


def test_what_cannot_be_read_all_the_same_is_charged_as_it_was_thought(tmp_path: Path) -> None:
    packed = gzip.compress(start() + stop(5))

    def script(talk: Talk) -> None:
        talk.answer(200, packed, content_type="text/event-stream", content_encoding="gzip")

    with running(script) as api, egress(tmp_path, api.url) as it:
        assert it.ask().read() == packed
        (entry,) = it.entries(1)
        assert entry.estimated
        assert entry.cost > 0


def test_an_api_that_repeats_the_key_does_not_hand_it_over(tmp_path: Path) -> None:
    def script(talk: Talk) -> None:
        talk.answer(
            401, json.dumps({"error": talk.seen.headers}).encode(), x_echo=talk.seen.headers["x-api-key"]
        )

    with running(script) as api, egress(tmp_path, api.url) as it:
        response = it.ask()
        said = response.read()
        assert KEY.encode() not in said
        assert KEY not in str(response.headers)
        assert b"*" * len(KEY) in said


def test_a_spent_budget_is_refused_with_words(tmp_path: Path) -> None:
    with running(says("x")) as api, egress(tmp_path, api.url) as it:
        ceilings.put(it.book, "task:t-1", A_THOUSAND_IN, NOW)
        it.ask().read()
        response = it.ask()
        said = json.loads(response.read())
        assert (response.status, said["type"], said["error"]["type"]) == (402, "error", "billing_error")
        assert "$0.0075 of $0.0050 for task t-1 are spent" in said["error"]["message"]
        assert "parhelia budget raise t-1" in said["error"]["message"]
        assert len(api.seen) == 1
        assert it.told("refused")[0]["scope"] == "task:t-1"


def test_without_a_book_every_request_is_refused_in_words(tmp_path: Path) -> None:
    with running(says("x")) as api, egress(tmp_path, api.url) as it:
        it.end()
        for path in tmp_path.glob("meter.db*"):
            path.write_bytes(b"no database at all" * 100)
        it.start()
        for _ in range(2):
            response = it.ask()
            assert response.status == 503
            assert b"no request can be booked" in response.read()
        assert api.seen == []


def test_the_same_trouble_is_told_once_and_not_with_every_request(tmp_path: Path) -> None:
    with running(says("x")) as api, egress(tmp_path, api.url, key="") as it:
        ceilings.stop(it.book, "t-2", NOW)
        for _ in range(30):
            it.ask().read()
        assert len(it.told("problem")) == 1
        ceilings.stop(it.book, "t-1", NOW)
        for _ in range(30):
            assert it.ask().status == 402
        assert len(it.told("refused")) == 1


def test_a_held_request_goes_on_when_the_ceiling_is_raised(tmp_path: Path) -> None:
    with running(says("x")) as api, egress(tmp_path, api.url, holds=True) as it:
        ceilings.put(it.book, "day", 0, NOW)
        with ThreadPoolExecutor(2) as threads:
            asked = [threads.submit(it.ask) for _ in range(2)]
            wait_until(lambda: it.told("hold"), 30)
            assert it.told("hold")[0]["scope"] == "day"
            assert not any(each.done() for each in asked)
            ceilings.lift(it.book, "day", NANO, time.time())
            assert [each.result(60).read()[-4:] for each in asked] == [stop(100)[-4:]] * 2
        wait_until(lambda: it.told("go_on"), 30)
        assert len(it.told("hold")) == len(it.told("go_on")) == 1


def test_a_held_request_is_refused_when_a_person_says_stop(tmp_path: Path) -> None:
    with running(says("x")) as api, egress(tmp_path, api.url, holds=True) as it:
        ceilings.put(it.book, "all", 0, NOW)
        with ThreadPoolExecutor(1) as threads:
            asked = threads.submit(it.ask)
            wait_until(lambda: it.told("hold"), 30)
            ceilings.stop(it.book, "t-1", NOW)
            response = asked.result(60)
            assert response.status == 402
            assert b"A person has stopped" in response.read()
        assert api.seen == []


def test_a_container_that_leaves_while_it_is_held_is_forgotten(tmp_path: Path) -> None:
    with running(says("x")) as api, egress(tmp_path, api.url, holds=True) as it:
        ceilings.put(it.book, "all", 0, NOW)
        with socket.create_connection(("127.0.0.1", it.port)) as raw:
            raw.sendall(f"POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: {VIRTUAL}\r\n".encode())
            raw.sendall(b"content-length: 2\r\n\r\n{}")
            wait_until(lambda: it.told("hold"), 30)
        wait_until(lambda: it.told("go_on"), 30)
        assert api.seen == []


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


def test_no_key_is_said_in_words(tmp_path: Path) -> None:
    with running(says("x")) as api, egress(tmp_path, api.url, key="") as it:
        response = it.ask()
        assert response.status == 401
        assert "ANTHROPIC_API_KEY" in json.loads(response.read())["error"]["message"]
        assert api.seen == []


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


def test_twenty_requests_at_once_stay_below_the_ceiling_and_what_is_in_flight(tmp_path: Path) -> None:
    luck = random.Random(7)
    sizes = [luck.randint(0, 400) for _ in range(1000)]
    lock = threading.Lock()

    def script(talk: Talk) -> None:
        with lock:
            size = sizes.pop()
        says("x", output_tokens=size)(talk)

    with running(script) as api, egress(tmp_path, api.url) as it:
        ceilings.put(it.book, "all", NANO // 5, NOW)

        def agent(_: int) -> int:
            connection = it.connect()
            while (response := it.ask(connection=connection)).status == 200:
                response.read()
            return response.status

        with ThreadPoolExecutor(20) as threads:
            assert set(threads.map(agent, range(20))) == {402}
        booked = it.entries(len(api.seen))
        total = sum(each.cost for each in booked)
        assert NANO // 5 <= total < NANO // 5 + 20 * (A_THOUSAND_IN + 4 * A_HUNDRED_OUT)
        assert len(booked) == len(api.seen)


def test_nothing_of_a_request_or_its_answer_is_kept(tmp_path: Path) -> None:
    with running(says("SECRET-ANSWER")) as api, egress(tmp_path, api.url) as it:
        it.ask({"model": MODEL, "max_tokens": 5, "messages": ["SECRET-QUESTION"]}).read()
        it.entries(1)
        for path in tmp_path.rglob("*"):
            if path.is_file():
                kept = path.read_bytes()
                assert not any(word in kept for word in (b"SECRET-ANSWER", b"SECRET-QUESTION", KEY.encode()))


def ask_raw(it: Egress, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", it.port), timeout=60) as raw:
        raw.sendall(data)
        raw.shutdown(socket.SHUT_WR)
        said = b""
        # Who has not read it all and closes resets the connection; that is an end too.
        with contextlib.suppress(ConnectionResetError):
            while piece := raw.recv(65536):
                said += piece
        return said


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/messages HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 400_000,
    ],
    ids=["nothing", "tls", "no host", "two lengths", "endless head"],
)
def test_what_is_no_request_harms_nothing(tmp_path: Path, data: bytes) -> None:
    with running(says("x")) as api, egress(tmp_path, api.url) as it:
        assert b" 200 " not in ask_raw(it, data)
        assert it.ask().status == 200
        assert len(api.seen) == 1
