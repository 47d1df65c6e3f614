"""Every table of the configuration; the larger ones have modules of their own beside this one, `config_*.py`.

pydantic costs 50 ms to import, so this module is imported when configuration is read and not before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, field_validator

from parhelia_tui.core.model import mounting
from parhelia_tui.core.model.request import (
    MERGED,
    Cpus,
    ImageName,
    LifetimeS,
    MemoryMb,
    Network,
    Pids,
    WorkspaceMode,
    checked_env,
)
from parhelia_tui.core.settings.config_agents import AgentConfig, ClaudeConfig
from parhelia_tui.core.settings.config_backends import LocalConfig, ModalConfig
from parhelia_tui.core.settings.config_checkpoints import CheckpointsConfig
from parhelia_tui.core.settings.config_dashboard import DashboardConfig, Keys, ScreenKeys
from parhelia_tui.core.settings.config_merge import MergeConfig
from parhelia_tui.core.settings.config_notify import NotifyConfig
from parhelia_tui.core.settings.config_policy import PolicyConfig
from parhelia_tui.core.settings.config_spending import ApiConfig, BudgetConfig, NetworkConfig
from parhelia_tui.core.settings.config_templates import TemplateConfig
from parhelia_tui.core.settings.key_names import conflict, fault_of, screen_faults
from parhelia_tui.core.settings.section import Seconds, Section

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]


class LimitsConfig(Section):
    """Limits of a container where a task names none."""

    cpus: Cpus | None = Field(
        default=None, description="Processors that a container may use, also a fraction. Unset: all."
    )
    memory_mb: MemoryMb | None = Field(
        default=None, description="Main memory of a container in MiB. Unset: no limit of ours."
    )
    # Far above what builds and test runs need, far below what makes the machine unusable.
    pids: Pids | None = Field(
        default=4096, description="Processes and threads of a container; a fork bomb ends here."
    )
    lifetime_s: LifetimeS | None = Field(
        default=86400.0, description="Seconds after which a container is ended, whatever it does. A day."
    )


class DefaultsConfig(Section):
    """What a task gets where nothing else is asked for."""

    agent: Name = Field(default="claude", description="The agent that runs a prompt, by its name.")
    backend: Name = Field(
        default="local",
        description="Where containers run: `local`, `modal`, or `auto`, which chooses where a task fits and costs least.",
    )
    network: Network = Field(
        default="none",
        description="`none` reaches nothing, `api` the agent's API alone, `allowlist` also the hosts of"
        " network.allow, `open` all that this machine reaches.",
    )
    workspace_mode: WorkspaceMode = Field(
        default="shared",
        description="`shared` works in the directory itself, `clone` in a copy, `empty` in a new one.",
    )
    persistent: bool = Field(default=False, description="Keep what a container installs in its system.")
    image: ImageName | None = Field(
        default=None,
        description="The image whose system containers begin with (`parhelia image build`). Unset: this machine's own."
        " Sandboxes at a provider have one of theirs, whatever is set here.",
    )
    priority: Annotated[int, Field(ge=-100, le=100)] = Field(
        default=0, description="Larger goes first, from -100 to 100."
    )
    env: dict[str, str] = Field(
        default_factory=dict, description="Environment variables inside, as a table of names and texts."
    )
    limits: LimitsConfig = LimitsConfig()

    @field_validator("env")
    @classmethod
    def _env_names(cls, env: dict[str, str]) -> dict[str, str]:
        return checked_env(env)


class ControllerConfig(Section):
    """The process that starts and watches containers. There is one for each state directory."""

    # Agents wait for their model most of the time, so this does not follow the number of processors.
    max_containers: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=8, description="Containers at once; further tasks wait in the queue."
    )
    idle_exit_s: Seconds = Field(
        default=60.0, description="Seconds without work after which the controller leaves."
    )
    reconcile_s: Seconds = Field(
        default=60.0, description="Seconds between two comparisons of what runs with what is stored."
    )
    health_s: Seconds = Field(default=1.0, description="Seconds between two looks at the heartbeats.")


class HealthConfig(Section):
    """When a silent container is called what."""

    heartbeat_s: Seconds = Field(default=10.0, description="Seconds between two heartbeats.")
    degraded: Annotated[int, Field(ge=1)] = Field(
        default=2, description="Missed heartbeats that make `degraded`."
    )
    unhealthy: Annotated[int, Field(ge=1)] = Field(
        default=5, description="Missed heartbeats that make `unhealthy`."
    )
    dead: Annotated[int, Field(ge=1)] = Field(default=10, description="Missed heartbeats that make `dead`.")
    stale_s: Seconds = Field(
        default=300.0,
        description="Seconds of silence after which the reconciler tells of a container as stale.",
    )
    orphan_grace_s: Annotated[float, Field(ge=0, le=31_536_000)] = Field(
        default=120.0,
        description="Seconds that an orphan is left alone before `terminate_orphans` may end it.",
    )
    terminate_orphans: bool = Field(
        default=False, description="End orphans after their grace; else only show them."
    )


class SessionsConfig(Section):
    """Terminals of containers."""

    max_per_container: Annotated[int, Field(ge=1, le=64)] = Field(
        default=4, description="Sessions in one container; one more is refused."
    )
    history_lines: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=10_000, description="Lines that a session keeps for scrolling back."
    )


class RetentionConfig(Section):
    """How long what is over is kept. Workspaces and the ledger are never removed."""

    heartbeats_h: Annotated[float, Field(gt=0)] = Field(
        default=24.0, description="Hours that heartbeats are kept."
    )
    events_days: Annotated[float, Field(gt=0)] = Field(default=30.0, description="Days that events are kept.")
    trash_days: Annotated[float, Field(gt=0)] = Field(
        default=30.0,
        description="Days that a task stays in the trash. One of which a checkpoint is left stays longer.",
    )
    ended_containers: Annotated[int, Field(ge=0)] = Field(
        default=200, description="Ended containers whose run directories are kept, the newest ones."
    )
    ended_containers_days: Annotated[float, Field(gt=0)] = Field(
        default=7.0, description="Days that the run directory of an ended container is kept at most."
    )


class Config(Section):
    """The whole configuration, as all layers together give it."""

    defaults: DefaultsConfig = DefaultsConfig()
    controller: ControllerConfig = ControllerConfig()
    health: HealthConfig = HealthConfig()
    sessions: SessionsConfig = SessionsConfig()
    retention: RetentionConfig = RetentionConfig()
    checkpoints: CheckpointsConfig = CheckpointsConfig()
    policy: PolicyConfig = PolicyConfig()
    merge: MergeConfig = MergeConfig()
    notify: NotifyConfig = NotifyConfig()
    api: ApiConfig = ApiConfig()
    network: NetworkConfig = NetworkConfig()
    budget: BudgetConfig = BudgetConfig()
    local: LocalConfig = LocalConfig()
    modal: ModalConfig = ModalConfig()
    claude: ClaudeConfig = ClaudeConfig()
    mounts: dict[str, str] = Field(
        default_factory=dict,
        description="Paths of this machine that each container shows, by their places inside, as a table [mounts]:"
        " see below.",
    )
    agents: dict[Name, AgentConfig] = Field(
        default_factory=dict,
        description="Agents of your own, each a table [agents.NAME]: see below.",
    )
    templates: dict[Name, TemplateConfig] = Field(
        default_factory=dict,
        description="Templates of tasks, each a table [templates.NAME]: see below.",
    )
    keys: Keys = Field(
        default_factory=dict,
        description="Keys of the home screen, a table [keys] of actions with their keys: see below.",
    )
    screen_keys: ScreenKeys = Field(
        default_factory=dict,
        description="Keys of other screens, tables [screen_keys.SCREEN] of actions with their keys: see below.",
    )
    dashboard: DashboardConfig = DashboardConfig()

    @field_validator("mounts")
    @classmethod
    def _mounts_have_places(cls, mounts: dict[str, str]) -> dict[str, str]:
        return mounting.checked(mounts)

    def task_fields(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Fill what was not asked for in a task from the defaults.

        Args:
            given: fields of a `TaskRequest`; None and missing are not asked for. `env`, `limits` and
                `mounts` merge by key, everything else replaces.

        Returns:
            Fields for a `TaskRequest`; what it must refuse is still in there.
        """
        fields: dict[str, Any] = self.defaults.model_dump()
        fields["unsandboxed"] = self.local.unsandboxed
        fields["mounts"] = dict(self.mounts)
        fields["budget_usd"] = self.budget.task_usd
        for name, value in given.items():
            if name in MERGED and isinstance(value, Mapping):
                asked = {key: each for key, each in value.items() if each is not None}
                fields[name] = {**fields[name], **asked}
            elif value is not None:
                fields[name] = value
        if fields.get("backend") == "modal" and given.get("image") is None:
            # A default is for containers of this machine; who names one for a sandbox is refused.
            fields["image"] = None
        return fields


def contradictions(config: Config) -> list[tuple[str, str]]:
    """Find values that are right alone and wrong together.

    Layers are checked one by one, where such a pair may be split over two files, so this is asked of the
    whole alone.

    Returns:
        Pairs of a dotted key and a sentence about it.
    """
    health = config.health
    found = []
    if not health.degraded < health.unhealthy:
        found.append(("health.unhealthy", f"it should be more than health.degraded, {health.degraded}"))
    if not health.unhealthy < health.dead:
        found.append(("health.dead", f"it should be more than health.unhealthy, {health.unhealthy}"))
    if health.stale_s < health.heartbeat_s:
        found.append(("health.stale_s", f"it should be at least health.heartbeat_s, {health.heartbeat_s:g}"))
    for action, text in config.keys.items():
        if fault := fault_of(action, text):
            found.append((f"keys.{action}", fault))
    clash = conflict(config.keys)
    if clash is not None:
        found.append((f"keys.{clash[0]}", clash[1]))
    found += [(f"screen_keys.{key}", sentence) for key, sentence in screen_faults(config.screen_keys)]
    return found
