"""What an agent must tell so that Parhelia can run it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from parhelia_tui.core.agents.talk_files import TalkFiles
from parhelia_tui.core.model.records import Image, Mount, Task
from parhelia_tui.core.model.said import Said


@dataclass(frozen=True, slots=True)
class Start:
    """One attempt that is about to begin in a container.

    Args:
        home: the agent's HOME, on this machine. What lies in it may come from an earlier container.
        shown: a directory for what the agent may read and not change, made by who puts something there; its files are
            made anew here.
        conversation: the id of its conversation, chosen and stored before anything is started.
        continues: the talk of an earlier attempt lies in the home.
        talk: the id of that conversation; another one where this attempt begins its own from a copy.
        interrupted: that attempt was ended by a failure in the middle of its work.
        deferred: its talk ends with a question that waits for an answer, and is to be asked again.
        memory: what earlier sessions of this project left for the next one; empty for nothing.
        image: what its container finds in the place of this machine's programs; None where it sees those.
    """

    task: Task
    home: Path
    shown: Path
    conversation: str
    continues: bool = False
    talk: str = ""
    interrupted: bool = False
    memory: str = ""
    deferred: bool = False
    image: Image | None = None


@dataclass(frozen=True, slots=True)
class Launch:
    """How an agent is started in its container.

    Args:
        command: program and arguments, as seen inside.
        env: environment beside what the backend sets.
        mounts: what it needs of this machine, read-only unless said otherwise.
        carried: below its home, what is the user's own configuration and the same for many containers.
    """

    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    mounts: Sequence[Mount] = ()
    carried: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Probe:
    """What an agent's program on this machine is.

    Args:
        path: the program; empty for one that is part of Parhelia.
        version: empty where it has none or nobody knows it.
        capabilities: what it can do, in words: `terminal`, `headless`, `resume`, `hooks`, `approvals`.
        problem: why it cannot be used, and what to do; empty where it can.
        warning: what is not certain; empty where all is.
    """

    path: str = ""
    version: str = ""
    capabilities: tuple[str, ...] = ()
    problem: str = ""
    warning: str = ""


class Agent(Protocol):
    """A program that works on a task in a container.

    It tells its states, its turns and its end through `$PARHELIA_AGENT_SOCKET` (docs/architecture.md, agent
    reports); one that cannot is watched by its process alone.
    """

    name: str
    summary: str
    conversation: str
    """The directory in the home where it keeps its talk; empty for a program that has none."""
    states: bool
    """Whether it tells its states, so that their absence means `unknown`."""

    prompts: bool
    """Whether it reports each prompt that it takes, which proves that what was typed for somebody arrived."""

    screen: Path | None
    """Rules of what its screen means, for when it tells nothing; None for none."""

    notes: str
    """The file in the home in which it leaves notes for the next session; empty for none."""

    @property
    def network(self) -> str:
        """The network that it needs where nobody asks for another: `api` to reach its model, else `none`."""

    def probe(self) -> Probe:
        """Look at its program on this machine."""

    def check(self, prompt: str, options: Mapping[str, object]) -> None:
        """Refuse what this agent cannot be asked, before anything is stored.

        Raises:
            ParheliaError: E100 with the reason.
        """

    def need(self, image: Image | None = None) -> None:
        """Refuse a place without its program.

        Args:
            image: what containers find there in the place of this machine's programs; None where they see those.

        Raises:
            ParheliaError: E500 for this machine, E603 for an image.
        """

    def prepare(self, start: Start) -> None:
        """Write what the agent expects in its home; called before each launch, and safe to repeat.

        Raises:
            ParheliaError: E507, E602 when it cannot be written.
        """

    def launch(self, start: Start) -> Launch:
        """Say how to start it, or how to go on where the talk of an earlier attempt lies in its home."""

    def carry(self, home: Path, task: Task) -> int:
        """Bring what the user configured for it into the home of a container, also of one that runs.

        Returns:
            How many files were written. Nothing of it flows back by itself.
        """

    def keeps_questions(self, task: Task) -> bool:
        """Say whether a question that waits when its container ends is asked again where its talk goes on."""

    def said(self, files: TalkFiles, conversation: str) -> Sequence[Said]:
        """Read what was said in a conversation; nothing for a program that keeps none that can be read.

        Args:
            files: the directory `conversation` of a home, which may hold anything.
            conversation: its id.
        """

    def describe(self, task: Task, image: Image | None) -> Mapping[str, str]:
        """Say what of the agent belongs to the environment of a checkpoint: its version, its model."""
