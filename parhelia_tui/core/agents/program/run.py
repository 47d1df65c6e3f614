"""Watching the agent from its start to its end, and telling what is seen."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import time
from typing import Any

from .hooks import Hooks
from .lines import Lines
from .notes import Notes
from .outcome import Outcome, classify
from .process import Process
from .reports import Reports
from .session_file import SessionFile
from .states import State, of_hook, of_session
from .stream import Stream
from .talk import Talk
from .transcript import Transcript

LOOK_S = 0.5
"""Seconds between two looks while the agent works; what the kernel notes is seen at once."""
REST_S = 5.0
SETTLED_S = 2.0
SILENT_S = 30.0
"""Seconds after which an agent that should ask again by itself is told in words."""
DOUBT_S = 0.7
"""A hook that tells the same, and more of it, may be on its way: so long the session file waits for it."""
RESTING = ("idle", "permission", "question", "plan", "error")


def main(pid: int, mode: str, session: str, drops: str, pipes: list[int], source: str) -> int:
    """Watch until the agent has ended; gives the exit code of the task."""
    home = os.environ["HOME"]
    reports = Reports(os.environ.get("PARHELIA_AGENT_SOCKET"))
    watch = Watch(pid, mode, session, drops, pipes, os.path.join(home, ".claude"), reports, source)
    try:
        return watch.run()
    finally:
        reports.close()
        shutil.rmtree(drops, ignore_errors=True)


class Watch:
    """One agent and all that is known of it.

    Args:
        pipes: to its standard input, from its standard output and standard error, where it has no terminal.
        config: its own directory, `~/.claude`.
        source: the file of what it was asked, empty where it was asked nothing yet; or of its patterns.
    """

    def __init__(
        self,
        pid: int,
        mode: str,
        session: str,
        drops: str,
        pipes: list[int],
        config: str,
        reports: Reports,
        source: str,
    ) -> None:
        self._process = Process(pid)
        self._reports = reports
        self._hooks = Hooks(drops)
        self._file = SessionFile(os.path.join(config, "sessions"), pid)
        self._notes = Notes(os.path.join(config, "sessions"))
        self._transcript = Transcript(os.path.join(config, "projects"), session)
        self._stream: Stream | Lines | None = None
        self._talk: Talk | None = None
        if mode == "lines":
            os.close(pipes[0])
            self._stream = Lines(pipes[1], pipes[2], source)
        elif pipes:
            self._talk = talk = Talk(pipes[0], os.environ.get("PARHELIA_AGENT_SOCKET"))
            self._stream = Stream(pipes[1], pipes[2], self._talk)
            self._process.asks = lambda: bool(talk.waiting)
        self._asked = bool(source)
        self._state = State("", "")
        self._told_at = 0.0
        self._words = ""
        self._doubt_until: float | None = None
        self._unsaid = (time.monotonic() + SILENT_S, source) if mode == "deferred" else None
        self._tell(State("starting", "process"))
        if self._talk is not None and self._unsaid is None:
            self._talk.prompt(_read(source))

    def run(self) -> int:
        """Look whenever there is something to see, until the agent has ended."""
        while not self._process.ended:
            self._wait()
            self._look()
        if self._stream is not None:
            for state in self._stream.drain():
                self._known(state)
        self._look()
        return self._end()

    def _wait(self) -> None:
        # The conversation is written down a moment after its hooks were called.
        calm = self._state.state in RESTING and time.monotonic() > self._told_at + SETTLED_S
        files = [self._hooks.descriptor, self._process.descriptor, *self._notes.descriptors]
        if self._stream is not None:
            files += self._stream.descriptors
        if self._talk is not None:
            files += [each.fileno() for each in self._talk.waiting.values()]
        dues = [each for each in (self._process.due, self._doubt_until) if each is not None]
        most = REST_S if calm and self._notes.descriptors else LOOK_S
        if dues:
            most = max(0.0, min(most, min(dues) - time.monotonic()))
        try:
            select.select(files, [], [], most)
        except InterruptedError:
            return

    def _look(self) -> None:
        self._process.look()
        for event in self._hooks.take():
            self._tell_prompt(event)
            self._known(of_hook(event, self._state))
        if self._stream is not None:
            for state in self._stream.take():
                self._known(state)
            if self._talk is not None and self._talk.pass_on() and not self._talk.waiting:
                self._known(State("working", "stream"))
            if self._talk is not None and self._stream.result is not None:
                self._talk.end()
        self._say_unsaid()
        self._notes.clear()
        if self._file.newer():
            self._doubt_until = time.monotonic() + DOUBT_S
        if self._doubt_until is not None and time.monotonic() >= self._doubt_until:
            self._doubt_until = None
            self._ask_file()
        if self._transcript.read():
            self._tell_talk()
        self._known(self._with_words(self._state))
        if isinstance(self._stream, Lines) and self._stream.last_words != self._words:
            self._words = self._stream.last_words
            self._reports.send({"type": "progress", "message": self._words, "percent": None})

    def _say_unsaid(self) -> None:
        """Tell the agent in words to go on, where it does not do so by itself."""
        if self._unsaid is None or self._talk is None or not isinstance(self._stream, Stream):
            return
        due, source = self._unsaid
        if self._stream.works:
            self._unsaid = None
        elif time.monotonic() > due:
            self._unsaid = None
            self._talk.prompt(_read(source))

    def _ask_file(self) -> None:
        status = self._file.read()
        if status.get("status") in ("busy", "idle"):
            self._hooks.withdraw(self._file.written_ns)
        if self._file.written_ns < self._hooks.latest_ns:
            # What a hook has told since then counts.
            return
        said = of_session(status, self._state)
        # It rests for a moment before it takes the prompt that it was started with.
        begins = self._asked and self._state.state == "starting"
        if said is not None and not (begins and said.state == "idle"):
            self._known(self._with_words(said))

    def _with_words(self, state: State) -> State:
        """Add its last words where no hook told of its rest, or one did before the file, which came late."""
        if (state.state, state.source) != ("idle", "session"):
            return state
        return state._replace(detail=self._transcript.turn_words)

    def _known(self, state: State | None) -> None:
        if state is not None and state != self._state:
            self._tell(state)

    def _tell(self, state: State) -> None:
        self._state = state
        self._told_at = time.monotonic()
        self._reports.send(
            {
                "type": "state",
                "state": state.state,
                "source": state.source,
                "tool": state.tool,
                "detail": state.detail,
                "message": state.detail,
            }
        )

    def _tell_prompt(self, event: dict[str, Any]) -> None:
        prompt = event.get("prompt")
        if event.get("hook_event_name") == "UserPromptSubmit" and isinstance(prompt, str):
            # Newer versions put a long paste into a frame of their own.
            self._reports.prompt(re.sub(r"</?pasted_content[^>]{0,80}>", " ", prompt))

    def _tell_talk(self) -> None:
        talk = self._transcript
        self._reports.send(
            {
                "type": "talk",
                "turns": talk.turns,
                "input_tokens": talk.input_tokens,
                "output_tokens": talk.output_tokens,
                "message": talk.last_words,
            }
        )

    def _end(self) -> int:
        code = self._process.code
        if self._talk is not None and self._talk.waiting:
            # The connections stay open until the container has ended: hanging up would take the questions back.
            self._reports.send(
                {"type": "outcome", "ok": False, "reason": "deferred", "message": "it waits for an answer"}
            )
            return 128 - code if code < 0 else code or 1
        if isinstance(self._stream, Stream):
            outcome = classify(code, self._stream.result, self._stream.errors, self._process.told_to_stop)
            self._stream.say(f"● {outcome.reason}: {outcome.message}" if not outcome.ok else "● done")
        else:
            outcome = _of_terminal(code, self._process.told_to_stop)
        self._tell(State("done" if outcome.ok else "error", "process", outcome.reason, outcome.message))
        self._reports.send(
            {"type": "outcome", "ok": outcome.ok, "reason": outcome.reason, "message": outcome.message}
        )
        if outcome.ok:
            return 0
        return code if 0 < code < 128 else 128 - code if code < 0 else code or 1


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _of_terminal(code: int, told: bool) -> Outcome:
    """In its terminal the agent ends when somebody ends it; what it was worth is for them to judge."""
    if told:
        return Outcome(False, "interrupted", "it was asked to stop")
    if code == 0:
        return Outcome(True, "done", "")
    if code < 0 or code > 128:
        number = -code if code < 0 else code - 128
        return Outcome(False, "killed", f"it was ended by {_name(number)}")
    return Outcome(False, "error", f"it ended with {code}")


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
