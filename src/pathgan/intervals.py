"""95 % intervals of means and proportions over units and seeds, and tests of two proportions.

A unit is what is resampled as a whole: a patient or slide where data know it, else an image, with all its tiles.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from pathgan.spreads import Spread, by_unit, crossed, over_seeds, over_units, widest

N_RESAMPLES = 2000
FEWEST_UNITS = 5  # fewer say nothing about the spread between them
NONE = (np.nan, np.nan)


class Interval(NamedTuple):
    """over: what it is over, as `units and seeds`; or `none: ` and why there is none."""

    low: float
    high: float
    over: str


def interval_of_mean(
    values: NDArray[np.float64], units: Sequence[str], all_right: float | None = None, seed: int = 0
) -> Interval:
    """Of the mean of (seeds, items) values over both: the widest of a bootstrap of units crossed with seeds, of
    Student's interval over seeds, and of that over units.

    Each alone is too narrow where the other's variance counts (benchmarks/intervals.md). Of one seed it is over units
    alone. Of proportions, 0 or `all_right` each, whose items are units of their own, it is Wilson's, and of several
    seeds as wide as that. Raises ValueError for unequal numbers.
    """
    n_seeds, n_items = values.shape
    if n_items != len(units):
        raise ValueError(f"expected a unit a value, got {len(units)} for {n_items}")
    n_units = len(set(units))
    if not np.isfinite(values).all():
        return Interval(*NONE, "none: a value is infinite")
    found = []
    if all_right and n_units == n_items:
        found.append(_scaled(wilson_interval(float(values.mean() / all_right * n_items), n_items), all_right))
        if n_seeds == 1:
            return Interval(*found[0], "units")
    if n_units < FEWEST_UNITS:
        return Interval(*NONE, f"none: fewer than {FEWEST_UNITS} units")
    found.append(widest(spreads(values, units, N_RESAMPLES, seed)).interval())
    low, high = max(found, key=lambda one: one[1] - one[0])
    if all_right:  # a proportion lies between none and all
        low, high = max(low, 0.0), min(high, all_right)
    if low == high:
        return Interval(*NONE, "none: all values are alike")
    return Interval(low, high, "units and seeds" if n_seeds > 1 else "units")


def spreads(values: NDArray[np.float64], units: Sequence[str], n_draws: int, seed: int = 0) -> list[Spread]:
    """Of the mean of (seeds, items) values: crossed bootstrap, Student's over units, and of several seeds over them."""
    totals, counts = by_unit(values, units)
    found: list[Spread] = [crossed(totals, counts, n_draws, seed), over_units(totals.mean(0), counts)]
    return [*found, over_seeds(values.mean(1))] if len(values) > 1 else found


def interval_of_sets(values: NDArray[np.float64]) -> Interval:
    """Of the mean over seeds of a score of whole sets, (seeds,): Student's, over seeds alone."""
    low, high = student_interval(values)
    if np.isnan(low):
        return Interval(*NONE, "none: one seed" if len(values) < 2 else "none: a value is infinite")
    return Interval(low, high, "seeds")


def _scaled(interval: tuple[float, float], by: float) -> tuple[float, float]:
    return interval[0] * by, interval[1] * by


def student_interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Student's interval of the mean of (n,) values; NaN with fewer than two, and where one is infinite."""
    if len(values) < 2 or not np.isfinite(values).all():
        return np.nan, np.nan
    return over_seeds(values).interval()


def wilson_interval(n_right: float, n_images: int) -> tuple[float, float]:
    """Wilson's interval of a proportion (Wilson 1927). n_right: images, or their mean over seeds.

    Raises ValueError where there are no images, and for more right ones than images.
    """
    if n_images < 1 or not 0 <= n_right <= n_images:
        raise ValueError(f"expected 0 to n of n images, n at least 1; got {n_right} of {n_images}")
    share, z2 = n_right / n_images, float(ndtri(0.975)) ** 2
    middle = share + z2 / (2 * n_images)
    half = np.sqrt(z2 * (share * (1 - share) + z2 / (4 * n_images)) / n_images)
    low, high = (middle - half) / (1 + z2 / n_images), (middle + half) / (1 + z2 / n_images)
    return max(float(low), 0.0) if n_right else 0.0, min(float(high), 1.0) if n_right < n_images else 1.0


def mcnemar_exact(right_a: NDArray[np.bool_], right_b: NDArray[np.bool_]) -> float:
    """Two-sided p of the exact McNemar test that two classifiers err equally often on the same (n,) images."""
    from scipy.stats import binomtest  # half a second to import, which most tables need not pay

    if right_a.shape != right_b.shape or right_a.ndim != 1:
        raise ValueError(f"expected answers to the same images (n,), got {right_a.shape} and {right_b.shape}")
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    return float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0


def holm(ps: Sequence[float]) -> list[float]:
    """The p of each of several tests, corrected so that all together err in 5 % of cases at most (Holm 1979)."""
    order = np.argsort(ps)
    steps = np.asarray(ps, np.float64)[order] * (len(order) - np.arange(len(order)))
    corrected = np.empty(len(order))
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(p) for p in corrected]
