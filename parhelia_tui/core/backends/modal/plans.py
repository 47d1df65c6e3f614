"""From what a task needs to what a shim in a sandbox is told."""

from __future__ import annotations

import json

from parhelia_tui.core.backends.local import bubblewrap, egress
from parhelia_tui.core.backends.local.plans import check_words
from parhelia_tui.core.backends.modal.egress import Way
from parhelia_tui.core.backends.modal.provider import RUN, forced_end_s
from parhelia_tui.core.backends.plan import ContainerPlan
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.sessions.tmux_config import config_text
from parhelia_tui.core.settings.config_backends import ModalConfig
from parhelia_tui.core.shim import elsewhere
from parhelia_tui.core.shim.spec import NAME, Limit, Spec


def check(plan: ContainerPlan) -> None:
    """Refuse what a sandbox at Modal cannot give. Raises E100, E603."""
    if plan.network in ("api", "allowlist") and plan.egress is None:
        raise ParheliaError("E603", f"the network {plan.network} needs to know what may be reached")
    if plan.persistent:
        raise ParheliaError(
            "E603", "a sandbox at Modal keeps no system for the next one; leave --persistent out"
        )
    if plan.unsandboxed:
        raise ParheliaError("E603", "at Modal nothing runs without isolation; leave --unsandboxed out")
    check_words(plan.command, [*plan.env, *plan.env.values()])


def run_files(
    plan: ContainerPlan, config: ModalConfig, way: Way | None, *, heartbeat_s: float, history_lines: int
) -> dict[str, str]:
    """Give the files of the run directory inside, by name; the spec is put in its place by who unpacks."""
    pids = plan.limits.pids
    authorities = egress.certificates(plan)
    shown = f"{egress.REPORTS_DIRECTORY}/{egress.AUTHORITIES}"
    spec = Spec(
        container_id=plan.container_id,
        session_name=plan.session_name,
        command=list(plan.command),
        launcher=[],
        options=[],
        env={
            **bubblewrap.environment(plan.container_id, {}),
            "PARHELIA_AGENT_SOCKET": f"{RUN}/agent/agent.sock",
            **({egress.TRUST: f"{RUN}/{shown}"} if authorities else {}),
            **plan.env,
            # Last, so that nothing of the task's own leads past the meter by mistake.
            **(way.env if way else {}),
        },
        directory=elsewhere.WORKSPACE,
        rows=plan.rows,
        columns=plan.columns,
        heartbeat_s=heartbeat_s,
        lifetime_s=plan.limits.lifetime_s,
        shim_socket=f"{RUN}/shim.sock",
        # Nobody listens there; who follows the spool wakes the controller.
        wake_socket=f"{RUN}/wake.sock",
        limits=[] if pids is None else [Limit("pids", "RLIMIT_NPROC", rlimits=[f"--nproc={pids}"])],
        egress=way.spec if way else None,
        # The supervisor is root's; what it runs is not, and cannot become it.
        user=elsewhere.AGENT_ID,
    )
    ends_s = forced_end_s(plan.limits, config)
    terms = {"lease_s": config.lease_s, "linger_s": config.linger_s, "ends_s": ends_s}
    return {
        elsewhere.TERMS: json.dumps(terms),
        elsewhere.TMUX_CONFIG: config_text(history_lines),
        **(way.files if way else {}),
        **({shown: authorities} if authorities else {}),
        f"{NAME}.new": spec.as_text(),
    }
