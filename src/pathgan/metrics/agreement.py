"""Whether two ways to measure the same thing agree."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
FEWEST = 3  # subjects


class Limits(NamedTuple):
    """In the unit of what is measured: the mean difference, and where 95 % of differences lie if they are normal."""

    bias: float
    lower: float
    upper: float


def limits_of_agreement(one: Values, other: Values) -> Limits:
    """Of `other` less `one`, (n,) each (Bland and Altman 1986). Raises ValueError for fewer than three."""
    _check(len(one))
    difference = other - one
    bias, reach = float(difference.mean()), 1.96 * float(difference.std(ddof=1))
    return Limits(bias, bias - reach, bias + reach)


def intraclass_correlation(ratings: Values) -> float:
    """ICC(2,1) of Shrout and Fleiss (1979): absolute agreement of single ratings (n subjects, k raters), at most 1.

    0 where nothing varies. Raises ValueError for fewer than three subjects.
    """
    n, k = ratings.shape
    _check(n)
    mean = ratings.mean()
    between = k * ((ratings.mean(1) - mean) ** 2).sum() / (n - 1)
    raters = n * ((ratings.mean(0) - mean) ** 2).sum() / (k - 1)
    residual = ratings - ratings.mean(1, keepdims=True) - ratings.mean(0, keepdims=True) + mean
    error = (residual**2).sum() / ((n - 1) * (k - 1))
    total = between + (k - 1) * error + k * (raters - error) / n
    return float((between - error) / total) if total > 1e-15 else 0.0


def _check(n: int) -> None:
    if n < FEWEST:
        raise ValueError(f"expected at least {FEWEST} subjects, got {n}")
