"""`parhelia image`: named systems for containers, each made by a script."""

from __future__ import annotations

import re
from pathlib import Path

import click

from parhelia_tui.cli.follow import term_interrupts
from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.cli.options import output_options, standard_input, yes_option
from parhelia_tui.cli.output import Out, confirmed, plain_data
from parhelia_tui.cli.run import printed
from parhelia_tui.cli.tables import age, details, size, table
from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.model.records import SystemImage, Task
from parhelia_tui.core.model.states import CONTAINER_LIVE, TaskState
from parhelia_tui.core.model.text import one_line
from parhelia_tui.core.model.typed import seconds

# What apt, pip, npm, curl, git and the C library say of a network that is not there.
_NETWORK = re.compile(
    r"could not resolve|(?:temporary )?failure (?:in name resolution|resolving)|network is unreachable"
    r"|no route to host|connection (?:timed out|refused)|failed to connect|EAI_AGAIN|ENOTFOUND",
    re.IGNORECASE,
)


@click.group(cls=LazyGroup, order=("build", "list", "show", "delete"))
def image() -> None:
    """Build named systems for containers, and see which there are."""


@image.command()
@click.argument("name")
@click.option("--script", metavar="FILE", help="What makes it, run as root inside; - reads stdin.")
@click.option(
    "--base", metavar="IMAGE", help="Of which image it is made; this machine's own system if not given."
)
@click.option(
    "--network",
    type=click.Choice(["none", "allowlist", "open"]),
    default="none",
    show_default=True,
    help="Network of the script.",
)
@click.option("--timeout", metavar="TIME", help="How long the script may take, as 90s, 15m or 4h.")
@click.option("--force", is_flag=True, help="Also where neither script nor base has changed.")
@output_options
def build(
    name: str, script: str | None, base: str | None, network: str, timeout: str | None, force: bool
) -> None:
    """Build image NAME: what a script installs below /usr, /opt, /etc and /var is there for --image NAME.

    Where neither the script nor the base has changed since, there is nothing to do. Containers that began with
    what NAME was before go on with it.
    """
    out, text = Out(), _script(name, script)
    fields = {
        "prompt": text,
        "agent": "shell",
        "title": f"image {name}",
        "workspace_mode": "empty",
        "persistent": True,
        "network": network,
        "backend": "local",
        "limits": {"lifetime_s": seconds(timeout)},
    }
    # What is configured for every container is no part of an image.
    request = out.client.request(fields).model_copy(update={"image": base, "mounts": {}})
    out.client.images.check(name, base or "")
    fingerprint = out.client.images.fingerprint(text, base or "")
    known = None if force else out.client.images.current(name, fingerprint)
    if known is not None:
        out.answer(
            {**_plain(known), "built": False},
            f"{name} is as its script makes it already; --force builds it again",
            next_actions=[f"parhelia run --image {name} COMMAND"],
        )
        return
    with term_interrupts():
        task = out.client.create_task(request)
        output = printed(out, task)
    ended = out.client.task(task.id)
    if ended.state is not TaskState.COMPLETED or ended.container_id is None:
        raise _failed(name, ended, output, network)
    made = out.client.images.publish(name, ended.container_id, base or "", fingerprint)
    out.answer(
        {**_plain(made), "built": True},
        f"{name} is built: {size(made.bytes)}",
        next_actions=[f"parhelia run --image {name} COMMAND", "parhelia image list"],
    )


def _script(name: str, script: str | None) -> str:
    if re.fullmatch(r"[a-z][a-z0-9_-]{0,31}", name) is None:
        raise ParheliaError(
            "E101", f"{one_line(name, 40)!r} is no name of an image: small letters, digits, - and _"
        )
    if script is None:
        raise ParheliaError(
            "E102",
            "a script is missing, which makes the image",
            recovery=(f"parhelia image build {name} --script FILE", "parhelia examples image"),
        )
    if script == "-":
        return standard_input()
    try:
        return Path(script).read_text(encoding="utf-8")
    except OSError as error:
        raise ParheliaError("E101", f"{script!r} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ParheliaError("E100", f"{script!r} is not UTF-8 text: {error}") from error


def _failed(name: str, ended: Task, output: str, network: str) -> ParheliaError:
    why = one_line(ended.reason) or str(ended.state)
    if _NETWORK.search(output):
        had = "it had none" if network == "none" else f"it had {network}"
        why += f"; what it printed tells of trouble with the network ({had}: --network open reaches what this machine does)"
    return ParheliaError(
        "E606",
        f"the script of {name} did not succeed: {why}; the image is as it was",
        details={"task_id": ended.id, "exit_code": ended.exit_code},
        recovery=(f"parhelia task logs {ended.id}", f"parhelia image build {name} --script FILE"),
    )


@image.command("list")
@output_options
def list_() -> None:
    """List the images of this machine."""
    out = Out()
    found = out.client.images.listed()
    rows = [[each.name, each.base, size(each.bytes), age(each.made_at)] for each in found]
    out.answer(
        found,
        lambda: table(("IMAGE", "MADE OF", "SIZE", "AGE"), rows),
        next_actions=[] if found else ["parhelia image build NAME --script FILE"],
    )


@image.command()
@click.argument("name")
@output_options
def show(name: str) -> None:
    """Show an image, and which containers begin with it."""
    out = Out()
    found = out.client.images.get(name)
    used = [each.id for each in out.client.containers(tuple(CONTAINER_LIVE)) if each.image == name]
    page = [
        ("image", found.name),
        ("made of", found.base or "this machine's own system"),
        ("made in", found.layer),
        ("size", size(found.bytes)),
        ("built", f"{age(found.made_at)} ago"),
        ("used by", ", ".join(used)),
    ]
    out.answer({**_plain(found), "used_by": used}, lambda: details(page))


@image.command()
@click.argument("name")
@yes_option
@output_options
def delete(name: str, yes: bool) -> None:
    """Forget an image; containers that began with it go on."""
    out = Out()
    found = out.client.images.get(name)
    confirmed(f"Forget image {found.name}, {size(found.bytes)}? Only its script can make it again.", yes)
    out.client.images.delete(name)
    out.answer({"name": name}, f"{name} is gone")


def _plain(found: SystemImage) -> dict[str, object]:
    plain: dict[str, object] = plain_data(found)
    return plain
