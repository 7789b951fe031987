"""Every setting that decides a number, and where it comes from: the paper, a default that it builds on, or us."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, get_args

from pathgan.config.dataset_types import TOLD
from pathgan.config.papers import Paper
from pathgan.config.table_types import Cell, ScoreTable
from pathgan.config.verdicts import UNDECIDED, Origin

SECTIONS = ("slides", "datasets", "runs", "samples", "scores")
NAMES = TOLD | {"kind", "origin", "folder"}  # decide no number
SOURCED = ("paper", "default", "ours", "unused", "bookkeeping")  # how an entry of `sources` begins
ABSENT = ""  # the value of a setting where a paper has none


class Key(NamedTuple):
    """Of a setting, as `runs.NAME.training.crop_px`; all seeds are one setting, `seeds`."""

    section: str
    name: str = ""
    leaf: str = ""

    def __str__(self) -> str:
        return ".".join(filter(None, self))

    @property
    def entry(self) -> str:
        """As `runs.NAME`."""
        return f"{self.section}.{self.name}"


@dataclass(frozen=True)
class Setting:
    """One leaf. printed: its value in the preset `paper` of the paper that it reproduces; either value is ABSENT where
    one of the two has no such setting. origin: of `source`, in a word. changed: whether that makes another number."""

    key: Key
    value: Any
    printed: Any
    source: str
    origin: Origin
    changed: bool = False


def leaves(paper: Paper) -> dict[Key, Any]:
    """Every setting: `seeds`, and each leaf of SECTIONS that decides a number. A score has one for each of its metrics
    in a table, `scores.NAME.metric.KEY`, whose source says where the metric is defined."""
    found: dict[Key, Any] = {Key("seeds"): list(paper.seeds)}
    for section in SECTIONS:
        for name, entry in getattr(paper, section).items():
            given = entry.model_dump(mode="json", exclude=set(NAMES))
            found |= {Key(section, name, leaf): value for leaf, value in _leaves("", given)}
    tables = [table for table in paper.tables.values() if isinstance(table, ScoreTable)]
    cells = (cell for table in tables for cell in table.cells)
    found |= {metric_key(cell): cell.metric for cell in cells}
    return found


def metric_key(cell: Cell) -> Key:
    """Of the setting that says where the metric of a cell is defined."""
    return Key("scores", cell.score, f"metric.{cell.metric}")


def _leaves(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and (value or not prefix):
        for key, item in value.items():
            yield from _leaves(f"{prefix}.{key}" if prefix else key, item)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for index, item in enumerate(value):
            name = item.get("kind") or item.get("category") or index
            yield from _leaves(f"{prefix}.{name}", {key: entry for key, entry in item.items() if key != "kind"})
    else:
        yield prefix, value


def source_of(paper: Paper, key: Key) -> str | None:
    """Where a setting comes from: the first pattern of `sources` that matches its key."""
    found = _first_of(tuple(paper.sources)).fullmatch(str(key)) if paper.sources else None
    return None if found is None else list(paper.sources.values())[(found.lastindex or 1) - 1]


@lru_cache(maxsize=64)
def _first_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One expression of all patterns, whose group is the first that matches: each start asks thousands of keys."""
    return re.compile("|".join(f"({fnmatch.translate(pattern)})" for pattern in patterns))


def unsourced(paper: Paper) -> Iterator[str]:
    """What is wrong with sources: one of no kind, and where a paper is `fully_sourced` a setting without any."""
    for key in leaves(paper):
        source = source_of(paper, key)
        if source is None and paper.fully_sourced:
            yield f"sources: {key} has no source; add a pattern that matches it, as 'default, Isola 2017'"
        elif source is not None and _origin(source) not in SOURCED:
            kinds = "'paper, ...', 'default, ...', 'ours: ...', 'unused: ...' or 'bookkeeping: ...'"
            yield f"sources: {key}: expected {kinds}, got {source!r}"


def settings_of(paper: Paper, printed: Paper, where: Callable[[Key, Any], str]) -> list[Setting]:
    """Every setting of a paper under a preset, with its source.

    printed: the preset `paper` of the paper that it reproduces, whose sources hold for its own values alone. where:
    of a key and its value, what changed it, as `preset demo` or `mine.yaml`.
    """
    ours, theirs, given = leaves(paper), leaves(printed), _given(paper)
    taken_away = {key: ABSENT for key in theirs if key not in ours and _is_taken_away(key, ours, theirs)}

    def source(key: Key, value: Any) -> str:
        named, of_theirs = source_of(paper, key) if paper.extends else None, source_of(printed, key)
        if key in theirs and theirs[key] == value:
            return of_theirs or _unnamed(key, given)
        if key in theirs and _origin(of_theirs or "") == "bookkeeping":
            return f"{of_theirs}; changed in {where(key, value)}"
        if key in theirs:
            return f"changed in {where(key, value)}" + (f": {named}" if named else "")
        return named or (_unnamed(key, given) if paper.extends else f"only in {where(key, value)}")

    found = []
    for key, value in (ours | taken_away).items():
        told = source(key, value)
        changed = _origin(told) != "bookkeeping" and (key not in theirs or theirs[key] != value)
        found.append(Setting(key, value, theirs.get(key, ABSENT), told, _origin(told), changed))
    return found


def _is_taken_away(key: Key, ours: Mapping[Key, Any], theirs: Mapping[Key, Any]) -> bool:
    """Whether an entry lacks a setting of its own kind, as a loss that was dropped. Entries of another kind have
    others, and a table that does not show a metric takes nothing away."""
    if key.leaf.startswith("metric."):
        return False
    kinds = [key._replace(leaf=tag) for tag in ("adapter", "recipe")]
    return any(kind in theirs and ours.get(kind) == theirs[kind] for kind in kinds)


def _origin(source: str) -> Any:
    word = source.split(" ")[0].rstrip(",:;")
    return {"only": "changed"}.get(word, word)


def _given(paper: Paper) -> set[Key]:
    """The keys that a file gives; the others have the defaults of their types."""
    keys = set()
    for section in SECTIONS:
        for name, entry in getattr(paper, section).items():
            given = entry.model_dump(mode="json", exclude_unset=True)
            keys |= {Key(section, name, leaf) for leaf, _ in _leaves("", given)}
    return keys


def _unnamed(key: Key, given: set[Key]) -> str:
    """Of a setting in a paper without `sources`."""
    return "user" if key in given else "default, of pathgan"


def shares(settings: Iterable[Setting]) -> dict[str, float]:
    """The share of each origin among decisions."""
    decided = [one.origin for one in settings if one.origin not in UNDECIDED]
    return {origin: decided.count(origin) / len(decided) for origin in get_args(Origin) if origin in decided}
