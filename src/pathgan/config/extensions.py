"""Kinds from packages beside ours: `extensions` of config/config.yaml."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from pathgan.config import metric_table
from pathgan.config.kinds import KINDS, kind_of
from pathgan.config.table_types import Metric
from pathgan.errors import ConfigError

_KINDS_OF = TypeAdapter(dict[Literal["slides", "datasets", "runs", "scores", "tables", "figures"], dict[str, str]])
_METRICS_OF = TypeAdapter(dict[str, list[Metric]])


def extend(modules: Iterable[str]) -> None:
    """Makes the kinds of other packages known, before a paper is read.

    Each module holds a KINDS like that of `kinds`, and where scores have new metrics METRICS: kind of score -> list of
    `Metric`. Raises ConfigError for a module that cannot be imported, holds something else, or names what there is.
    """
    for name in modules:
        try:
            _extend(name)
        except ConfigError as error:
            raise ConfigError(f"config/config.yaml: extensions: {name}: {error}") from None


def _extend(name: str) -> None:
    try:
        module = import_module(name)
        kinds, metrics = module.KINDS, getattr(module, "METRICS", {})
    except Exception as error:  # whatever an import of somebody's module raises
        what = error if isinstance(error, ImportError | AttributeError) else f"{type(error).__name__}: {error}"
        raise ConfigError(f"{what}; expected a module in src/ that holds KINDS") from None
    kinds = _checked(_KINDS_OF, kinds, "KINDS", "{'runs': {'my_recipe': 'my_package.module:Class'}}")
    metrics = _checked(_METRICS_OF, metrics, "METRICS", "{'my_score': [Metric(...)]}")
    for section, classes in kinds.items():
        for kind, where in classes.items():
            if KINDS[section].setdefault(kind, where) != where:
                raise ConfigError(f"KINDS[{section!r}][{kind!r}]: there is one of this name; take another")
            kind_of(section, kind)
    for score, given in metrics.items():
        if score not in KINDS["scores"]:
            raise ConfigError(f"METRICS[{score!r}]: no such score; there are: {', '.join(KINDS['scores'])}")
        metric_table.add(score, given)


def _checked(expected: TypeAdapter[Any], value: object, name: str, example: str) -> Any:
    try:
        return expected.validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        at = "".join(f"[{part!r}]" for part in first["loc"] if part != "[key]")
        raise ConfigError(f"{name}{at}: {first['msg']}; expected {name} = {example}") from None
