"""When a difference supports a claim, when it contradicts it, and when it leaves it undecided: docs/claims.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from pathgan.claims.arm_differences import Difference
from pathgan.config.claim_types import Rule

Outcome = Literal["supported", "contradicted", "undecided"]
ALPHA = 0.05
FEWEST_SEEDS = 3  # of a claim about trainings themselves
FEWEST_VALUES = 20  # of a training, of which a tenth has a slope
LEVEL = 0.1  # of the first slope: a training that has levelled off has less
LEADS, TRAILS = 0.9, 0.5  # shares of evaluations: a lead needs the first; a share below the second speaks against it


def p_of(rule: Rule, found: Difference, margin: float) -> float:
    """Of a difference that positive favours the claim. margin: > 0, the smallest difference that counts; NaN where the
    rule knows none. NaN where there is no test."""
    if rule == "better":
        return found.p
    if rule == "no_worse":
        return found.p_above(-margin)
    if rule in ("equal", "close"):  # two one-sided tests (Schuirmann 1987)
        return max(found.p_above(-margin), found.p_below(margin))
    return np.nan


def outcome(rule: Rule, found: Difference, margin: float, p: float) -> Outcome:
    """p: that of `p_of`, corrected for other claims."""
    low, high = found.interval()
    if np.isnan(low):
        return "undecided"
    if rule == "better":
        supported = low > 0 and p < ALPHA
        contradicted = high < 0 or high < margin  # a gain that the paper would call one is ruled out
    elif rule == "no_worse":
        supported, contradicted = low > -margin, high < -margin
    else:
        inner = found.interval(1 - 2 * ALPHA) if rule == "equal" else (low, high)
        supported, contradicted = -margin < inner[0] and inner[1] < margin, low > margin or high < -margin
    return "supported" if supported else "contradicted" if contradicted else "undecided"


def outcome_of_lead(shares: list[float]) -> Outcome:
    """Of the share of evaluations, per seed, at which one run leads another."""
    if len(shares) < FEWEST_SEEDS:
        return "undecided"
    return "contradicted" if np.mean(shares) < TRAILS else "supported" if min(shares) >= LEADS else "undecided"


def levels_off(values: Sequence[float]) -> bool:
    """Whether the slope over the last tenth of (n,) values is below a tenth of that over the first.

    Raises ValueError for fewer than FEWEST_VALUES.
    """
    if len(values) < FEWEST_VALUES:
        raise ValueError(f"expected {FEWEST_VALUES} values or more, got {len(values)}")
    part = len(values) // 10
    first, last = (np.polyfit(np.arange(part), np.asarray(of), 1)[0] for of in (values[:part], values[-part:]))
    return bool(abs(last) < LEVEL * abs(first))


def together(outcomes: list[Outcome]) -> Outcome:
    """Of several columns or arms: a claim stands if it does in each, and falls if it falls in one."""
    if "contradicted" in outcomes:
        return "contradicted"
    return "supported" if outcomes and set(outcomes) == {"supported"} else "undecided"
