"""The metered API: passed through as it comes, with another key, and every token booked once."""

from __future__ import annotations

import contextlib
import gzip
import json
import random
import socket
import threading
from pathlib import Path

import pytest

from parhelia_tui.core.meter.money import NANO
from tests.egress.egress import A_HUNDRED_OUT, A_THOUSAND_IN, MODEL, VIRTUAL, Egress, egress
from tests.egress.upstream import KEY, Talk, delta, event, running, says, start, stop
from tests.support.waiting import wait_until


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


def test_no_stop_sequence_hides_what_was_used(tmp_path: Path) -> None:
    """It is the request's to choose, and comes back in the very event that says what the answer cost."""
    end = event(
        "message_delta",
        delta={"stop_reason": "stop_sequence", "stop_sequence": 'content_block_delta "usage"'},
        usage={"output_tokens": 5000, "server_tool_use": {"web_search_requests": 3}},
    )

    def script(talk: Talk) -> None:
        talk.begin_stream()
        talk.chunk(start() + delta("x") + end)
        talk.end_stream()

    with running(script) as api, egress(tmp_path, api.url) as it:
        it.ask().read()
        (entry,) = it.entries(1)
        assert (entry.output_tokens, entry.estimated) == (5000, False)
        assert entry.cost == A_THOUSAND_IN + 50 * A_HUNDRED_OUT + 3 * NANO // 100


def test_requests_that_never_end_fill_no_memory(tmp_path: Path) -> None:
    """Each may be large, all together may not; also while not one of them is whole."""
    with running(says("x")) as api, egress(tmp_path, api.url) as it, contextlib.ExitStack() as held:
        head = f"POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: {VIRTUAL}\r\ncontent-length: {60 << 20}\r\n\r\n"
        raws = [
            held.enter_context(socket.create_connection(("127.0.0.1", it.port), timeout=60)) for _ in range(8)
        ]
        refused = 0
        for raw in raws:
            raw.sendall(head.encode())
            piece = b" " * (1 << 20)
            try:
                for _ in range(59):
                    raw.sendall(piece)
            except OSError:
                refused += 1
        assert refused >= 3
        resident = int(Path(f"/proc/{it.process.pid}/statm").read_text().split()[1]) * 4096
        assert resident < 450 << 20
        held.close()
        # What was held is free again.
        wait_until(lambda: it.ask(b" " * (32 << 20)).status == 200, 30)


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


def test_what_makes_tokens_dearer_is_charged_as_the_answer_says_it(tmp_path: Path) -> None:
    given: list[dict[str, object]] = [
        {"speed": "fast", "inference_geo": "us"},
        {"speed": "standard", "inference_geo": "global"},
        {},
    ]
    turns = iter(given)

    def script(talk: Talk) -> None:
        said = next(turns)
        talk.begin_stream()
        talk.chunk(start(**said))
        talk.chunk(stop(100))
        talk.end_stream()

    with running(script) as api, egress(tmp_path, api.url) as it:
        for _ in given:
            it.ask({"model": MODEL, "max_tokens": 100, "speed": "fast"}).read()
        plain = A_THOUSAND_IN + A_HUNDRED_OUT
        # Fast and in one country; asked for and not given; and what says nothing got what it asked for.
        assert [each.cost for each in it.entries(3)] == [plain * 22 // 10, plain, 2 * plain]


def test_the_name_of_a_model_fills_no_book_and_acts_on_no_terminal(tmp_path: Path) -> None:
    """A container chooses it, also where there is no such model, and each request is written down."""

    def script(talk: Talk) -> None:
        talk.answer(404, b"{}")

    names = ["x" * 5_000_000, "\x1b]0;owned\x07claude", f"claude-{KEY}"]
    with running(script) as api, egress(tmp_path, api.url) as it:
        for name in names:
            body = json.dumps({"model": name, "max_tokens": 5, "messages": []}).encode()
            assert it.ask(body).status == 404
            assert api.seen[-1].body == body
        long, control, key = (each.model for each in it.entries(3))
        assert len(long) <= 200
        assert "\x1b" not in control
        assert KEY not in key
        assert it.settings.book
        assert Path(it.settings.book).stat().st_size < 1 << 20


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


def test_a_key_that_is_repeated_in_two_pieces_is_hidden_too(tmp_path: Path) -> None:
    half = len(KEY) // 2

    def script(talk: Talk) -> None:
        talk.begin_stream()
        talk.chunk(b"data: " + KEY[:half].encode())
        # The first half is on its way to the container before the second is written.
        wait_until(lambda: len(first) > 0, 30)
        talk.chunk(KEY[half:].encode() + b"\n\n")
        talk.end_stream()

    first: list[bytes] = []
    with running(script) as api, egress(tmp_path, api.url) as it:
        response = it.ask()
        first.append(response.read(6))
        assert first[0] + response.read() == b"data: " + b"*" * len(KEY) + b"\n\n"


def test_no_key_is_said_in_words(tmp_path: Path) -> None:
    with running(says("x")) as api, egress(tmp_path, api.url, key="") as it:
        response = it.ask()
        assert response.status == 401
        assert "ANTHROPIC_API_KEY" in json.loads(response.read())["error"]["message"]
        assert api.seen == []


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
