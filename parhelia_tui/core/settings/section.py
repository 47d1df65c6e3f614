"""What every table of a configuration file has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of a configuration file. Strict: the text "4" is no number and 1 is not true."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
