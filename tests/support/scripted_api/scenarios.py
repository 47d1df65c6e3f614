"""The scenarios by name. The last step of a scenario is given again for whatever is asked afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.support.scripted_api.replies import Failure, Reply, Step, Tool

QUESTION = {
    "questions": [
        {
            "question": "Which colour shall it have?",
            "header": "Colour",
            "multiSelect": False,
            "options": [
                {"label": "Red", "description": "warm"},
                {"label": "Blue", "description": "cold"},
            ],
        }
    ]
}


def bash(command: str, **more: object) -> Tool:
    """A call of the shell."""
    return Tool("Bash", {"command": command, "description": "runs a command", **more})


def failing(status: int, kind: str, message: str, **more: object) -> tuple[Failure]:
    """A scenario that fails at once, and always."""
    return (Failure(status, kind, message, **more),)  # type: ignore[arg-type]


LOUD = "head -c 3000000 /dev/zero | tr '\\0' x; printf '\\377\\376\\033]0;owned\\007'"
NOTES = (
    "printf 'The parser is half done.\\nkey sk-ant-api03-0123456789abcdef0123456789 \\033]0;x\\007\\n'"
    " >~/.parhelia-memory.md"
)
LATER = Reply("It works again.")
SCENARIOS: Mapping[str, Sequence[Step]] = {
    "text": (Reply("Hello from the script."),),
    "write": (
        Reply("I write the file.", (Tool("Write", {"file_path": "/workspace/made.txt", "content": "made\n"}),)),
        Reply("I look at it.", (bash("cat made.txt"),)),
        Reply("", (Tool("Read", {"file_path": "/workspace/made.txt"}),)),
        Reply("The file is there.", output_tokens=120),
    ),
    "bash": (Reply("I run it.", (bash("echo ran > ran.txt"),)), Reply("It ran.")),
    "ask": (Reply("I have a question.", (Tool("AskUserQuestion", QUESTION),)), Reply("Thank you.")),
    "plan": (
        Reply("Here is the plan.", (Tool("ExitPlanMode", {"plan": "1. Write a test.\n2. Mend it."}),)),
        Reply("The plan was read."),
    ),
    "subagent": (
        Reply(
            "I ask a helper.",
            (
                Tool(
                    "Task",
                    {
                        "description": "counts files",
                        "prompt": "SCENARIO=text count the files",
                        "subagent_type": "general-purpose",
                    },
                ),
            ),
        ),
        Reply("The helper has answered."),
    ),
    "thinking": (Reply("I have thought.", thinking="This is a thought."),),
    "unknown-tool": (Reply("I call it.", (Tool("NoSuchTool", {"a": 1}),)), Reply("There is none.")),
    "long": (Reply("word " * 4000, pieces=400, output_tokens=4000),),
    "slow": (Reply("slow words " * 40, pieces=40, piece_s=0.25, output_tokens=80),),
    "late": (Reply("That took a while.", begin_s=3.0),),
    "hang": (Reply("I begin and", pieces=2, hang=True),),
    "long-tool": (Reply("I wait.", (bash("tail -f /dev/null"),)), Reply("It was long.")),
    "loop": (Reply("Once more.", (bash("true"),)),),
    "expensive": (
        Reply("That was dear.", input_tokens=50_000, output_tokens=20_000, cache_read=30_000, cache_write=9_000),
    ),
    "max-tokens": (Reply("I was cut", stop="max_tokens"),),
    "refusal": (Reply("", stop="refusal"),),
    "cut": (Reply("This was cut, then it came again.", pieces=4, cut_after=3),),
    "mid-error": (Reply("This failed in the middle.", pieces=4, fail_after=3),),
    "control": (Reply("\x1b]0;owned\x07\x1b[2J\x1b[31mred\x1b[0m \u202eback \x9b31m end."),),
    "notes": (Reply("I keep notes.", (bash(NOTES),)), Reply("They are kept.")),
    "notes-link": (Reply("", (bash("ln -sf /etc/passwd ~/.parhelia-memory.md"),)), Reply("Done.")),
    "hostile": (
        Reply("\x1b]0;owned\x07\x9b2J first \u202e.", (bash(LOUD),)),
        Reply("y" * 10_000_000, (bash("true"),), pieces=20, output_tokens=9000),
        Reply("\x1b]0;owned\x07\x1b[2J\u202e It is over \x9b31m now."),
    ),
    "400": failing(400, "invalid_request_error", "messages.0: the script refuses this"),
    "too-long": failing(400, "invalid_request_error", "prompt is too long: 250000 tokens > 200000 maximum"),
    "low-credit": failing(400, "invalid_request_error", "Your credit balance is too low to access the API."),
    "401": failing(401, "authentication_error", "invalid x-api-key"),
    "402": failing(402, "budget_error", "The budget of this task is spent. Stop, and ask a person to raise it."),
    "403": failing(403, "permission_error", "not allowed to use this model"),
    "413": failing(413, "request_too_large", "Request exceeds the maximum size"),
    "429": failing(429, "rate_limit_error", "too many requests", headers={"retry-after": "1"}),
    "429-stop": failing(429, "rate_limit_error", "the limit is reached", headers={"x-should-retry": "false"}),
    "429-once": (Failure(429, "rate_limit_error", "once", {"retry-after": "0"}, times=1, then=LATER),),
    "500": failing(500, "api_error", "Internal server error"),
    "529": failing(529, "overloaded_error", "Overloaded"),
    "529-twice": (Failure(529, "overloaded_error", "Overloaded", times=2, then=LATER),),
}  # fmt: skip
