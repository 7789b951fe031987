"""What every part of the configuration is built of."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pathgan.inside import why_outside


def _stays_below(path: str) -> str:
    if why := why_outside(path):
        raise ValueError(f"expected a path below the folder that it belongs to; this one {why}")
    return path


def _all_different(values: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(values)) < len(values):
        raise ValueError("expected each once")
    return values


NAME = r"^[a-z0-9][a-z0-9_.-]*$"
Name = Annotated[str, Field(pattern=NAME)]
TableName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]  # without dots: what follows one is a suffix
Folder = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*$")]  # one, and never a hidden one or `..`
T = TypeVar("T")
Some = Annotated[tuple[T, ...], Field(min_length=1)]
Seeds = Annotated[Some[Annotated[int, Field(ge=0, lt=2**32)]], AfterValidator(_all_different)]
Below = Annotated[str, AfterValidator(_stays_below)]  # a path that does not leave the folder that it belongs to
Positive = Annotated[int, Field(gt=0, le=10**9)]
Bytes = Annotated[int, Field(gt=0, le=10**15)]
Px = Annotated[int, Field(gt=0, le=2**17)]  # the side of an image or a slide
Width = Annotated[int, Field(gt=0, le=2**13)]  # channels of a network's first layer
Digits = Annotated[int, Field(ge=0, le=15)]  # after the point, as many as a float has
Fraction = Annotated[float, Field(ge=0, le=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def class_named(name: str) -> Any:
    """The class `module:Class`: a job loads the kind that it works for, and no other."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


class Strict(BaseModel):
    """Frozen, and deaf to no misspelling."""

    model_config = ConfigDict(extra="forbid", frozen=True)
