"""`parhelia help` and `parhelia completion`."""

from __future__ import annotations

import click

from parhelia_tui.core.model.errors import CATALOGUE, ParheliaError
from parhelia_tui.core.model.states import CONTAINER_MOVES, SESSION_MOVES, TASK_MOVES

TOPICS = {
    "batch": "parhelia --batch FILE runs the tasks of a file without a screen.\n\n"
    "FILE is JSONL (one task a line), TOML with [[task]] tables, or - for JSONL from standard input. The keys of a\n"
    "task: prompt, agent, title, workspace, workspace_mode, network, env, limits, priority, agent_options.\n"
    "All lines are checked before the first starts. The exit code is 0 only if all completed; Ctrl+C cancels.",
    "keys": "In the dashboard ? shows the keys. Attached to a terminal, Ctrl+Q leaves it and the work goes on;\n"
    "Ctrl+B then Ctrl+Q sends Ctrl+Q itself; Ctrl+B [ scrolls back.",
    "config": "Built-in values < /etc/parhelia/config.toml < ~/.config/parhelia/config.toml < .parhelia.toml of the\n"
    "project < PARHELIA_* variables < flags. parhelia config show tells every value and where it comes from.",
    "states": "",
}


@click.command()
@click.argument("topic", required=False)
def manual(topic: str | None) -> None:
    """Show a page for an error code (E200) or a topic."""
    if topic is None:
        click.echo("Topics: " + ", ".join(TOPICS) + "\nCodes:  " + ", ".join(CATALOGUE))
        return
    entry = CATALOGUE.get(topic.upper())
    if entry is not None:
        click.echo(f"{entry.code} {entry.name} (exit code {int(entry.exit)})\n\n{entry.meaning}\n")
        for command in entry.recovery:
            click.echo(f"  try: {command}")
    elif topic == "states":
        for name, moves in (("task", TASK_MOVES), ("container", CONTAINER_MOVES), ("session", SESSION_MOVES)):
            click.echo(name)
            for old, allowed in moves.items():
                click.echo(f"  {old:<13} → {', '.join(sorted(allowed)) or 'the end'}")
    elif topic in TOPICS:
        click.echo(TOPICS[topic])
    else:
        raise ParheliaError("E101", f"there is no page {topic!r}", recovery=("parhelia help",))


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell; put it where your shell looks for such scripts."""
    from click.shell_completion import get_completion_class

    from parhelia_tui.cli.main import cli

    found = get_completion_class(shell)
    if found is None:
        raise ParheliaError("E101", f"there is no completion for {shell}")
    click.echo(found(cli, {}, "parhelia", "_PARHELIA_COMPLETE").source())
