"""What every part of the configuration is built of."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pathgan.inside import why_outside


def _stays_below(path: str) -> str:
    if why := why_outside(path):
        raise ValueError(f"expected a path below the folder that it belongs to; this one {why}")
    return path


NAME = r"^[a-z0-9][a-z0-9_.-]*$"
Name = Annotated[str, Field(pattern=NAME)]
Folder = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*$")]  # one, and never a hidden one or `..`
Below = Annotated[str, AfterValidator(_stays_below)]  # a path that does not leave the folder that it belongs to
Positive = Annotated[int, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def class_named(name: str) -> Any:
    """The class `module:Class`: a job loads the kind that it works for, and no other."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


class Strict(BaseModel):
    """Frozen, and deaf to no misspelling."""

    model_config = ConfigDict(extra="forbid", frozen=True)
