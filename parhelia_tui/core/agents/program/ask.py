"""The hook PermissionRequest: the dialog in the terminal and a person elsewhere are asked at once; the first answers.

Where nobody can be asked it says nothing, and the dialog stays. Claude Code lets a hook run on after the dialog was
answered; so it leaves its number where the watcher finds it, who ends it then.
"""

from __future__ import annotations

import json
import os
import sys

from .approvals import Approval, behaviour

MARK = "ask-"


def main() -> int:
    """Ask, and print the decision; gives 0."""
    try:
        event = json.loads(sys.stdin.buffer.read().decode("utf-8", "replace"))
        tool, given = str(event["tool_name"]), dict(event["tool_input"])
        approval = Approval(os.environ["PARHELIA_AGENT_SOCKET"], tool, given)
    except (OSError, ValueError, KeyError, TypeError):
        return 0
    mark = os.path.join(os.environ["PARHELIA_HOOKS"], f"{MARK}{os.getpid()}")
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_WRONLY, 0o600))
        answer = None
        while answer is None:
            answer = approval.read()
    finally:
        os.unlink(mark)
    if answer.get("id") is None and answer["decision"] == "deny":
        # The supervisor is gone or took no question: the dialog is all there is.
        return 0
    decision = behaviour(answer, given)
    print(json.dumps({"hookSpecificOutput": {"hookEventName": "PermissionRequest", "decision": decision}}))
    return 0
