"""What the demo agent does: one small program after the other, each planned, written, tested and mended."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from typing import Any

from .asking import Asking, NotAllowed
from .commands import run
from .files import Folder, NotOurs
from .memory import Memory
from .projects import PROJECTS, Project
from .reports import DemoReports
from .screen import Screen, clean
from .signals import Ended, Signals

MODEL = "claude-sonnet-5"
INPUT_USD, OUTPUT_USD = 2.0, 10.0
"""For a million tokens; what the model that it plays costs."""

ASKING = {"never": 0.0, "sometimes": 0.5, "always": 1.0}
FRAMES = "·✢✳✻✽✻✳✢"
FRAME_S = 0.12
LINES_SHOWN = 7
INTERRUPTED = 130


class Session:
    """One run.

    Args:
        script: prompt, seed, pace, ask, fail, turns, approvals.
        workspace: where its folders are made; nothing that is there already is touched.
        chance: what the seed decides.
        screen: where it is seen.
        reports: whom it tells.
        signals: ends its pauses.
        memory: the talk so far; what it holds is gone through again without a word and without a deed.
    """

    def __init__(
        self,
        script: dict[str, Any],
        workspace: str,
        chance: random.Random,
        screen: Screen,
        reports: DemoReports,
        signals: Signals,
        memory: Memory,
    ) -> None:
        self._script = script
        self._workspace = workspace
        self._chance = chance
        self._screen = screen
        self._reports = reports
        self._signals = signals
        self._pace = float(script["pace"])
        self._asks = chance.random() < ASKING[script["ask"]]
        self._turns: int | None = script["turns"]
        self._turn = 0
        self._memory = memory
        self._known = memory.turns
        self._folders = iter(tuple(memory.folders))
        self._asking = Asking(screen, reports, bool(script.get("approvals")))
        self._tell()

    @property
    def _recalls(self) -> bool:
        """Whether this is still what an earlier run did."""
        return self._turn < self._known

    def _tell(self) -> None:
        self._screen.muted = self._recalls

    def run(self) -> int:
        """Work until the turns are used up, or one program works; gives the exit code."""
        paint, say = self._screen.paint, self._screen.say
        prompt = clean(" ".join(self._script["prompt"].split()), 160)
        seed = paint("dim", f"seed {self._script['seed']}")
        say(f"{paint('accent', '✻')} {paint('bold', 'demo agent')}  {seed}")
        say(f"{paint('dim', '>')} {prompt}\n")
        if self._recalls:
            self._screen.muted = False
            say(f"● I go on where I was, after {self._known} turns.\n")
            self._tell()
        else:
            self._memory.said("person", self._script["prompt"])
        self._reports.state("working", "goes on" if self._recalls else "reads the workspace")
        done: list[str] = []
        try:
            return self._go(prompt, done)
        except NotAllowed as refused:
            said = f"I may not: {refused}"
            self._screen.say(self._screen.paint("yellow", f"● {said}. I stop here."))
            self._reports.state("error", said)
            return 1

    def _go(self, prompt: str, done: list[str]) -> int:
        for project in self._projects(prompt.lower()):
            for _ in self._work(project):
                self._turn += 1
                if self._turn > self._known:
                    self._memory.turn()
                self._tell()
                if self._turns is not None and self._turn >= self._turns:
                    return self._end(done)
            done.append(project.name)
            if self._turns is None:
                break
        return self._end(done)

    def _projects(self, prompt: str) -> Iterator[Project]:
        """The one that fits the prompt first, then all others, over and over."""
        order = list(PROJECTS)
        self._chance.shuffle(order)
        order.sort(key=lambda each: not any(word in prompt for word in each.words))
        while True:
            yield from order

    def _work(self, project: Project) -> Iterator[None]:
        """Make one program; gives way after each answer of the model."""
        screen = self._screen
        self._think("Reading the workspace", f"plans {project.name}")
        screen.say(f"● I will write a module that {project.aim}:")
        steps = ["the module", "a test for its corners", "whatever the test finds"]
        for number, step in enumerate(steps, 1):
            screen.say(f"  {number}. {step}")
        screen.say()
        if not self._recalls:
            plan = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
            self._memory.said("agent", f"I will write a module that {project.aim}:\n{plan}")
            self._asking.plan([f"{number}. {step}" for number, step in enumerate(steps, 1)])
        yield
        extra = self._wish(project)
        try:
            folder = self._folder(project)
            module, test = f"{project.name}.py", f"test_{project.name}.py"
            self._think("Writing", f"writes {folder.name}/{module}")
            self._write(folder, module, project.module)
            yield
            self._think("Writing", f"writes {folder.name}/{test}")
            self._write(folder, test, project.test.replace("{extra}", project.extra if extra else ""))
            self._test(folder, test)
            yield
            self._think("Thinking", f"looks for the mistake in {module}")
            screen.say(f"● {project.found}")
            if not self._recalls:
                self._memory.said("agent", project.found)
            pieces = (
                (project.other, project.instead) if self._script["fail"] else (project.wrong, project.right)
            )
            self._edit(folder, module, *pieces)
            yield
            self._think("Checking", f"tests {folder.name}")
            self._test(folder, test)
            if self._script["tidy"] and not self._recalls:
                self._tidy(folder, test)
            yield
        except NotOurs as changed:
            screen.say(
                screen.paint("yellow", f"● {changed} was changed by somebody else, so I leave it alone.\n")
            )
            yield

    def _tidy(self, folder: Folder, name: str) -> None:
        """Throw the test away: a step that cannot be taken back, so a checkpoint is waited for."""
        self._screen.say(f"● {self._screen.paint('bold', f'Bash(rm {folder.name}/{name})')}")
        self._reports.risky(f"rm {folder.name}/{name}")
        folder.remove(name)
        self._memory.used("Bash", {"command": f"rm {folder.name}/{name}"}, "")
        self._screen.say(self._screen.paint("dim", "  ⎿ removed, after a checkpoint\n"))

    def _folder(self, project: Project) -> Folder:
        known = next(self._folders, None)
        folder = Folder(self._workspace, project.name, known)
        if known is None:
            self._memory.folder(folder.name)
        return folder

    def _end(self, done: list[str]) -> int:
        if self._script["fail"]:
            self._screen.say(
                self._screen.paint("red", "● The test still fails, and I do not know why. I stop here.")
            )
            self._memory.said("agent", "The test still fails, and I do not know why. I stop here.")
            self._reports.state("error", "the test still fails")
            return 1
        what = ", ".join(dict.fromkeys(done)) or "the first steps"
        self._screen.say(f"{self._screen.paint('green', '● Done:')} {what}.")
        self._memory.said("agent", f"Done: {what}.")
        self._reports.state("done", f"done: {what}")
        return 0

    def _wish(self, project: Project) -> bool:
        """Ask what the plan leaves open, once in a run."""
        if not self._asks:
            return True
        self._asks = False
        if self._memory.answer is not None:
            return not self._memory.answer.lower().startswith("n")
        if self._script.get("approvals"):
            answer = self._asking.question(project.question)
        else:
            self._reports.state("waiting", project.question)
            answer = self._screen.ask(f"{project.question} [Y/n]")
            if answer:
                self._reports.prompt(answer)
        if answer is None:
            self._interrupted()
            answer = ""
        self._memory.answered(answer)
        self._memory.said("agent", project.question)
        self._memory.said("person", answer or "yes")
        self._reports.state("working", f"was told: {answer or 'yes'}")
        self._screen.say()
        return not answer.lower().startswith("n")

    def _think(self, what: str, message: str) -> None:
        """Let time pass as a model does, with a line that redraws in place, then account for the answer."""
        pause_s = self._chance.uniform(1.0, 3.5) * self._pace
        spent_in, spent_out = self._chance.randint(4_000, 30_000), self._chance.randint(200, 2_500)
        if self._recalls:
            return
        share = 100.0 * self._turn / self._turns if self._turns else None
        self._reports.progress(message, share)
        end = time.monotonic() + pause_s
        step = 0
        while (left := end - time.monotonic()) > 0:
            self._screen.status(f"{FRAMES[step % len(FRAMES)]} {what}… {left:.0f}s  (Ctrl+C to interrupt)")
            self._signals.wait(min(FRAME_S, left))
            if self._signals.take_interrupt():
                self._interrupted()
            step += 1
        usd = (spent_in * INPUT_USD + spent_out * OUTPUT_USD) / 1_000_000
        self._reports.usage(MODEL, spent_in, spent_out, round(usd, 6))

    def _interrupted(self) -> None:
        """Ask whether to go on, as Ctrl+C may have been meant for something else."""
        question = "Interrupted. Shall I go on?"
        self._reports.state("waiting", question)
        answer = self._screen.ask(f"{question} [Y/n]")
        if answer is None or answer.lower().startswith("n"):
            raise Ended(INTERRUPTED, "interrupted")
        self._reports.state("working", "goes on")

    def _write(self, folder: Folder, name: str, text: str) -> None:
        if self._recalls:
            folder.recall(name, text)
            return
        place = f"{folder.name}/{name}"
        self._asking.permission("Write", {"file_path": place, "content": text}, place)
        folder.write(name, text)
        self._memory.used("Write", {"file_path": place, "content": text}, f"{len(text)} characters written")
        lines = text.splitlines()
        self._screen.say(f"● {self._screen.paint('bold', f'Write({folder.name}/{name})')}")
        for number, line in enumerate(lines[:LINES_SHOWN], 1):
            self._screen.say(
                f"  {self._screen.paint('dim', f'{number:3}')} {self._screen.paint('added', '+ ' + line)}"
            )
        if len(lines) > LINES_SHOWN:
            self._screen.say(self._screen.paint("dim", f"      … {len(lines) - LINES_SHOWN} lines more"))
        self._screen.say()

    def _edit(self, folder: Folder, name: str, old: str, new: str) -> None:
        if self._recalls:
            folder.recall_edit(name, old, new)
            return
        place = f"{folder.name}/{name}"
        self._asking.permission("Edit", {"file_path": place, "old_string": old, "new_string": new}, place)
        first = folder.edit(name, old, new)
        given = {"file_path": place, "old_string": old, "new_string": new}
        self._memory.used("Edit", given, f"changed from line {first} on")
        self._screen.say(f"● {self._screen.paint('bold', f'Edit({folder.name}/{name})')}")
        for sign, style, text in (("-", "removed", old), ("+", "added", new)):
            for number, line in enumerate(text.splitlines(), first):
                shown = self._screen.paint(style, f"{sign} {line}")
                self._screen.say(f"  {self._screen.paint('dim', f'{number:3}')} {shown}")
        self._screen.say()

    def _test(self, folder: Folder, name: str) -> None:
        if self._recalls:
            return
        command = f"python3 {folder.name}/{name}"
        self._asking.permission("Bash", {"command": command}, command)
        self._screen.say(f"● {self._screen.paint('bold', f'Bash(python3 {folder.name}/{name})')}")
        code, lines = run((sys.executable, "-B", name, "-q"), folder.path, self._signals)
        self._memory.used("Bash", {"command": command}, "\n".join(lines), failed=code != 0)
        shown = [line for line in lines if line.strip("-= ")]
        for line in shown[-LINES_SHOWN:]:
            self._screen.say(f"  {self._screen.paint('dim', '⎿')} {line}")
        style, word = ("green", "passed") if code == 0 else ("red", f"failed with {code}")
        self._screen.say(f"  {self._screen.paint(style, word)}\n")
