"""Conversations read from files that a hostile agent may have written."""

from __future__ import annotations

import json
import os
from pathlib import Path

from parhelia_tui.core.agents.claude.conversation import conversation, pieces
from parhelia_tui.core.agents.demo.conversation import conversation as demo_conversation
from parhelia_tui.core.agents.talk_files import LINE, LONGEST, HomeFiles, given_of
from parhelia_tui.core.model.said import Speaker


def lines(*entries: object) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in entries)


ASKED = {"type": "user", "timestamp": "2026-03-05T14:00:00.000Z", "message": {"content": "Mend the cache"}}
USES = {
    "type": "assistant",
    "message": {
        "content": [{"type": "tool_use", "id": "u1", "name": "Bash", "input": {"command": "pytest -q"}}]
    },
}
GAVE = {
    "type": "user",
    "message": {
        "content": [
            {"type": "tool_result", "tool_use_id": "u1", "is_error": True, "content": [{"type": "text", "text": "2 failed"}]}
        ]
    },
}  # fmt: skip


def test_a_tool_and_its_answer_are_one_piece_and_damage_is_passed_over() -> None:
    data = (
        b'{"half a line\n'
        + lines(
            ASKED,
            {"type": "user", "isMeta": True, "message": {"content": "of the program itself"}},
            USES,
            {"type": "assistant", "message": "no message"},
            [],
            GAVE,
            {
                "type": "assistant",
                "isSidechain": True,
                "message": {"content": [{"type": "text", "text": "h"}]},
            },
        )
        + b"[" * 100_000
        + b"\n"
        + b'{"type":"user","message":{"content":"'
        + b"x" * LINE
        + b'"}}\n'
    )
    said = pieces(data)
    assert [each.speaker for each in said] == [Speaker.PERSON, Speaker.TOOL, Speaker.AGENT]
    assert (said[1].tool, said[1].about, said[1].text, said[1].failed) == (
        "Bash",
        "pytest -q",
        "2 failed",
        True,
    )
    assert said[0].at == 1772719200.0
    assert said[2].within


def test_no_link_is_followed_and_no_device_waited_for(tmp_path: Path) -> None:
    secret = tmp_path / "secret.jsonl"
    secret.write_bytes(lines(ASKED))
    top = tmp_path / "home" / ".claude"
    project = top / "projects" / "one"
    project.mkdir(parents=True)
    (project / "id.jsonl").symlink_to(secret)
    assert conversation(HomeFiles(top), "id") == []
    (project / "id.jsonl").unlink()
    os.mkfifo(project / "id.jsonl")
    assert conversation(HomeFiles(top), "id") == []
    (project / "id.jsonl").unlink()
    (project / "id.jsonl").write_bytes(b"\n" * LONGEST + lines(ASKED))
    assert [each.text for each in conversation(HomeFiles(top), "id")] == ["Mend the cache"]
    project.rename(tmp_path / "elsewhere")
    project.symlink_to(tmp_path / "elsewhere")
    assert conversation(HomeFiles(top), "id") == []
    top.rename(tmp_path / "moved")
    top.symlink_to(tmp_path / "moved")
    assert HomeFiles(top).names("projects") == []


def test_times_that_are_none_and_depths_that_cannot_be_written_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "talk.jsonl").write_text(
        "".join(
            f'{{"said": "agent", "text": "{number}", "at": {at}}}\n'
            for number, at in enumerate(("NaN", "Infinity", "1" + "0" * 400, "-5", "true", "1800000000"))
        )
    )
    found = demo_conversation(HomeFiles(tmp_path))
    assert [each.at for each in found] == [None, None, None, None, 1.0, 1_800_000_000.0]
    deep: object = []
    for _ in range(100_000):
        deep = [deep]
    assert given_of({"path": "a", "deep": deep})[1] == "a"
