"""How a command ends that could not do its work: words, a code, ways out, and never a traceback."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence

import click

from parhelia_tui.cli.output import MANNER, metadata, plain_wanted
from parhelia_tui.core.model.errors import CATALOGUE, ParheliaError
from parhelia_tui.core.model.text import one_line, plain

WAYS_OUT = 4


def say(error: ParheliaError) -> int:
    """Say an error, for people on standard error, for programs on standard output; give the exit code."""
    recovery = _ways_out(error)
    if MANNER.json:
        meaning = CATALOGUE[error.code]
        said = {
            "success": False,
            "error": {
                "code": error.code,
                "name": meaning.name,
                "message": error.message,
                "details": {name: _plain(value) for name, value in error.details.items()},
            },
            "suggestions": recovery,
            "metadata": metadata(),
        }
        click.echo(json.dumps(said))
        return int(error.exit)
    lines = [click.style(f"{error.code}: {one_line(error.message, 2000)}", fg="red")]
    faults = error.details.get("faults")
    if isinstance(faults, list) and len(faults) > 1:
        # Each one on a line of its own; the message has them all in one.
        lines = [click.style(f"{error.code}: {len(faults)} faults", fg="red")]
        lines += [f"  {one_line(str(each), 500)}" for each in faults]
    lines += [f"  try: {one_line(command, 500)}" for command in recovery[:WAYS_OUT]]
    # The context that knows this for every other line is over by now.
    try:
        click.echo("\n".join(lines), err=True, color=False if plain_wanted() else None)
    except OSError:
        # The exit code still tells where nobody can be told more; Python's own would be 120.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    return int(error.exit)


def _ways_out(error: ParheliaError) -> list[str]:
    """The error's own, but of what was typed wrongly the page of the command that was typed."""
    general = error.recovery == CATALOGUE[error.code].recovery
    if general and error.code in ("E100", "E101", "E102") and MANNER.command:
        return [f"{MANNER.command} --help", f"parhelia help {error.code}"]
    return list(error.recovery)


def usage(error: click.UsageError, arguments: Sequence[str]) -> int:
    """Say that a command was written wrongly."""
    # Options that say so may not have been read yet when the fault was found.
    MANNER.json = MANNER.json or "--json" in arguments
    missing = isinstance(error, click.MissingParameter | click.exceptions.NoArgsIsHelpError)
    if isinstance(error, click.exceptions.NoArgsIsHelpError) and not MANNER.json:
        error.show()
        return error.exit_code
    path = error.ctx.command_path if error.ctx else "parhelia"
    message = error.format_message().strip()
    words = message[:1].lower() + message[1:].rstrip(".")
    first = [f"{path} --help"] if path != "parhelia" else []
    if isinstance(error, click.NoSuchOption) and path.endswith((" run", " new", " send")):
        first.insert(0, f"{path} ... -- COMMAND, for one with options of its own")
    return say(
        ParheliaError(
            "E102" if missing else "E101",
            f"{path}: {words}" if not missing else f"{path} needs more: {words}",
            recovery=(*first, "parhelia --help", "parhelia examples"),
        )
    )


def unexpected(error: Exception) -> int:
    """Say what went wrong below the commands, or that this is a defect and where its details are."""
    from parhelia_tui.core.client.failures import in_our_words

    known = in_our_words(error)
    if MANNER.debug:
        import traceback

        traceback.print_exception(error)
    if known is not None and known.code != "E900":
        return say(known)
    what = known.message if known else f"{type(error).__name__}: {error}"
    return say(ParheliaError("E900", f"{what}{_written_down(error)}"))


def _written_down(error: Exception) -> str:
    import traceback

    from parhelia_tui.core.settings.paths import Paths

    path = Paths.current().logs / "defects.log"
    trace = "".join(traceback.format_exception(error))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(
            os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600), "w"
        ) as log:
            moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            log.write(f"{moment} {' '.join(map(repr, sys.argv[1:3]))}\n{plain(trace)}\n")
    except OSError:
        return "; parhelia --debug shows where"
    return f"; the details are in {path}"


def _plain(value: object) -> object:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return str(value)
    return value
