"""What a container is to be: all that a backend is told of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from parhelia_tui.core.model.records import Limits, Mount


@dataclass(frozen=True, slots=True)
class EgressPlan:
    """What a container may reach, for whom, and on whose money.

    Args:
        task, plan, group: who spends; the group is the task whose part this one is.
        url: where the API is.
        key_env, key_file, key_command: where its key is; of a variable the value is handed over by `give_key`.
        prices: a file of prices over ours; empty for none.
        allow: hosts that a container of the network `allowlist` reaches.
        allow_private: networks that these hosts may lie in though they are this machine's or its neighbours'.
    """

    task: str
    plan: str | None = None
    group: str | None = None
    url: str = "https://api.anthropic.com"
    key_env: str = "ANTHROPIC_API_KEY"
    key_file: str = ""
    key_command: Sequence[str] = ()
    prices: str = ""
    allow: Sequence[str] = ()
    allow_private: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ContainerPlan:
    """All that a backend needs to make one container.

    Args:
        container_id: chosen and stored before `create` is called.
        session_name: name of the main tmux session.
        command: what runs in the main terminal, inside.
        env: environment inside, beside what the backend sets.
        workspace: the directory on this machine that is `/workspace` inside.
        mounts: further paths that the agent needs.
        carried: below the home, what is the user's own configuration and the same for many containers.
        network: `none`, `api`, `allowlist` or `open`.
        egress: by what it reaches the API; needed by the networks `api` and `allowlist`, possible with `open`.
        ca_file: authorities whose certificates count beside this machine's; empty for none.
        persistent: keep the system's changes in an overlay for the next one in its place.
        image: the layer with which its system begins; None for this machine's own.
        unsandboxed: run without isolation, because the user said so.
        rows, columns: size of the terminal before anybody attaches.
        is_wanted: asked right before its command could begin, where making a place for it may take long.
    """

    container_id: str
    session_name: str
    command: Sequence[str]
    workspace: Path
    env: Mapping[str, str] = field(default_factory=dict)
    mounts: Sequence[Mount] = ()
    carried: Sequence[str] = ()
    network: str = "none"
    egress: EgressPlan | None = None
    ca_file: str = ""
    persistent: bool = False
    image: Path | None = None
    unsandboxed: bool = False
    limits: Limits = Limits()
    rows: int = 40
    columns: int = 120
    is_wanted: Callable[[], bool] = field(default=lambda: True, compare=False)

    @property
    def own_system(self) -> bool:
        """It is root inside, in a system that it may change."""
        return self.persistent or self.image is not None
