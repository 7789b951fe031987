"""On what a number of ours rests: how much it says of a claim about the paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

from pathgan.config.verdicts import Standing
from pathgan.render.comparisons import data_verdict
from pathgan.stores.dataset_counts import Counts

Level = Literal["printed numbers", "demo", "stand-in data", "paper's data, smaller", "paper's data and settings"]
LEVELS: tuple[Level, ...] = get_args(Level)
SAYS_NOTHING: tuple[Level, ...] = ("demo", "stand-in data")  # of the paper: no claim about it is decided
SMALLER = ("protocol", "settings")  # respects in which a smaller run differs


def weakest(levels: Iterable[Level]) -> Level:
    """Of several, of real runs."""
    return min(levels, key=LEVELS.index, default=LEVELS[-1])


def level_of_data(
    label: str, caveat: str, standing: Standing, counts: Counts, expected: Mapping[str, int]
) -> tuple[Level, str]:
    """What images of a data set can say, and why no more. counts: what it holds. expected: what the paper counts."""
    if standing == "phantom":
        return "demo", "phantom data"
    if standing == "another":
        return "stand-in data", caveat or f"{label} are other images than the paper's"
    if standing == "among the paper's":
        return "paper's data, smaller", caveat or f"{label}: some of the paper's images"
    word, reasons = data_verdict(label, counts, expected) if expected else ("yes", [])
    if word != "no":
        return "paper's data and settings", ""
    more = any(counts.get(what, 0) > theirs for what, theirs in expected.items())
    return "stand-in data" if more else "paper's data, smaller", "; ".join(reasons)


def level_of_settings(words: Mapping[str, Any]) -> Level:
    """What a cell can say, by the verdicts on how its numbers were made."""
    return "paper's data, smaller" if any(words[one] == "no" for one in SMALLER) else "paper's data and settings"
