"""What is settled of a sandbox when it is made: one that waits serves only a container for which another would be alike."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace

from parhelia_tui.core.backends.modal.provider import Wanted
from parhelia_tui.core.model.records import Limits


def text(wanted: Wanted, made_by: str) -> str:
    """Put the form of a sandbox into words that can be compared.

    Args:
        made_by: the mark of the image and of the configuration (`Account.mark`).
    """
    let_out = None if wanted.let_out is None else [list(each) for each in wanted.let_out]
    return json.dumps(
        {
            # Processes are limited by the supervisor, and only once it has its container.
            "limits": asdict(replace(wanted.limits, pids=None)),
            "let_out": let_out,
            "cargo": wanted.cargo,
            "secret": wanted.secret,
            "made_by": made_by,
        },
        sort_keys=True,
    )


def wanted(form: str, name: str, tags: Mapping[str, str]) -> Wanted:
    """Give what makes another sandbox of a form. Raises ValueError, KeyError, TypeError for what is no form."""
    said = json.loads(form)
    let_out = said["let_out"]
    return Wanted(
        name,
        tags,
        Limits(**said["limits"]),
        None if let_out is None else (let_out[0], let_out[1]),
        said["cargo"],
        said["secret"],
    )
