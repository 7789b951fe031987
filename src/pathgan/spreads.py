"""How far the mean of scores over units and seeds may be off: Student's distributions, and bootstrap draws.

A unit is what is resampled as a whole: a patient or slide where data know it, else an image, with all its tiles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import nctdtrinc, ndtri, stdtr, stdtrit

POWER = 0.8  # of what counts as detectable


class Spread(Protocol):
    """Of a mean."""

    @property
    def error(self) -> float:
        """Its standard error."""
        ...

    @property
    def df(self) -> float:
        """Degrees of freedom of that error; infinite where it is taken for known."""
        ...

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Which holds the true mean in a share `level` of cases."""
        ...

    def p_above(self, null: float) -> float:
        """One-sided p that the true mean is `null` or less."""
        ...

    def p_below(self, null: float) -> float:
        """One-sided p that it is `null` or more."""
        ...


@dataclass(frozen=True)
class Student:
    """A mean whose standard error was estimated with `df` degrees of freedom."""

    mean: float
    error: float
    df: float

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        half = float(stdtrit(self.df, 0.5 + level / 2)) * self.error
        return self.mean - half, self.mean + half

    def p_above(self, null: float) -> float:
        if self.error == 0:
            return float(self.mean <= null)
        return float(stdtr(self.df, (null - self.mean) / self.error))

    def p_below(self, null: float) -> float:
        return Student(-self.mean, self.error, self.df).p_above(-null)


@dataclass(frozen=True)
class Drawn:
    """Means of bootstrap draws, (draws,)."""

    draws: NDArray[np.float64]

    @property
    def error(self) -> float:
        return float(self.draws.std())

    @property
    def df(self) -> float:
        return np.inf

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        low, high = np.quantile(self.draws, [0.5 - level / 2, 0.5 + level / 2])
        return float(low), float(high)

    def p_above(self, null: float) -> float:
        return (int((self.draws <= null).sum()) + 1) / (len(self.draws) + 1)

    def p_below(self, null: float) -> float:
        return (int((self.draws >= null).sum()) + 1) / (len(self.draws) + 1)


def over_seeds(means: NDArray[np.float64]) -> Student:
    """Of the mean of (n,) means, one per seed; n >= 2."""
    return Student(float(means.mean()), float(means.std(ddof=1) / np.sqrt(len(means))), len(means) - 1)


def over_units(totals: NDArray[np.float64], counts: NDArray[np.integer]) -> Student:
    """Of a ratio of sums over units, linearised. totals, counts: (units,) sums over the items of a unit, and items."""
    n, mean = len(counts), totals.sum() / counts.sum()
    residuals = (totals - mean * counts) / counts.mean()
    return Student(float(mean), float(residuals.std(ddof=1) / np.sqrt(n)), n - 1)


def jackknife(value: float, without: Sequence[NDArray[np.float64]]) -> Student:
    """Of a score of several independent sets: its values without each unit, (units,) for each set (Efron 1982)."""
    squares = [(len(of) - 1) / len(of) * float(np.square(of - of.mean()).sum()) for of in without]
    return Student(value, float(np.sqrt(sum(squares))), min(map(len, without)) - 1)


def crossed(totals: NDArray[np.float64], counts: NDArray[np.integer], n_draws: int, seed: int = 0) -> Drawn:
    """Of the mean, of whole units crossed with seeds. totals: (seeds, units) sums over the items of a unit; counts:
    (units,) items."""
    n_seeds, n_units = totals.shape
    of_units, of_seeds = _drawn(n_units, n_seeds, n_draws, seed)
    return Drawn(((of_seeds @ totals) * of_units).sum(1) / (n_seeds * (of_units @ counts)))


@lru_cache(maxsize=4)  # a table draws the same again for each of its cells
def _drawn(n_units: int, n_seeds: int, n_draws: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How often each unit and each seed is drawn, (draws, units) and (draws, seeds)."""
    random = np.random.default_rng(seed)
    of_units = random.multinomial(n_units, np.full(n_units, 1 / n_units), n_draws)
    return of_units, random.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), n_draws)


def by_unit(values: NDArray[np.float64], units: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Sums over the items of a unit, (seeds, units), and how many there are, (units,). values: (seeds, items)."""
    _, index = np.unique(np.asarray(units), return_inverse=True)
    totals = np.stack([np.bincount(index, weights=row).astype(np.float64) for row in values])
    return totals, np.bincount(index)


def widest(spreads: Sequence[Spread], level: float = 0.95) -> Spread:
    """The one whose interval is the widest."""

    def width(one: Spread) -> float:
        low, high = one.interval(level)
        return high - low

    return max(spreads, key=width)


def detectable(error: float, df: float, level: float = 0.95) -> float:
    """The smallest true mean that a two-sided test at 1 - `level` finds with a power of POWER, above zero."""
    if error == 0:
        return 0.0
    if np.isinf(df):
        return error * float(ndtri(0.5 + level / 2) + ndtri(POWER))
    return error * float(nctdtrinc(df, 1 - POWER, stdtrit(df, 0.5 + level / 2)))
