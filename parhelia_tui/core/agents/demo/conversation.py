"""What the demo agent wrote down of its talk (`core/agents/program/demo/memory.py`)."""

from __future__ import annotations

from parhelia_tui.core.agents.talk_files import TalkFiles, given_of, objects, text_of, time_of
from parhelia_tui.core.model.said import Said, Speaker


def conversation(files: TalkFiles) -> list[Said]:
    """Read the talk out of the directory `.parhelia-demo`."""
    found = []
    for each in objects(files.read("talk.jsonl")):
        at = time_of(each.get("at"))
        if "said" in each:
            speaker = Speaker.PERSON if each["said"] == "person" else Speaker.AGENT
            found.append(Said(speaker, text_of(each.get("text")), at=at))
        elif "tool" in each:
            given, about = given_of(each.get("input"))
            found.append(
                Said(
                    Speaker.TOOL,
                    text_of(each.get("result")),
                    tool=text_of(each["tool"])[:100],
                    given=given,
                    about=about,
                    done=True,
                    failed=bool(each.get("failed")),
                    at=at,
                )
            )
    return found
