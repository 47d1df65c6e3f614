"""What every table of a configuration file has in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(gt=0, le=31_536_000)]


class Section(BaseModel):
    """A table of a configuration file. Strict: the text "4" is no number and 1 is not true."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
