"""The difference between two arms, item by item where both score the same items, and how far it may be off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pathgan.errors import TableError
from pathgan.intervals import FEWEST_UNITS, mcnemar_exact, spreads
from pathgan.scoring.cell_values import CellValues
from pathgan.spreads import POWER, Spread, Student, detectable, jackknife, over_seeds, widest

N_DRAWS = 10_000
NONE = (np.nan, np.nan)


@dataclass(frozen=True)
class Difference:
    """Turned so that positive favours the first arm. spreads: how far it may be off, by several methods, the widest of
    which counts; none, and `over` says why, where units or trainings are too few. exact: two-sided p of an exact test,
    of answers that are right or wrong. n: units, or images behind a score of whole sets."""

    effect: float
    n: int
    seeds: int
    over: str
    spreads: Sequence[Spread] = field(default=())
    exact: float | None = None

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """The widest of the intervals; NaN where there is none."""
        return widest(self.spreads, level).interval(level) if self.spreads else NONE

    def p_above(self, null: float) -> float:
        """One-sided p that the true difference is `null` or less: the largest of the methods'."""
        return max((one.p_above(null) for one in self.spreads), default=np.nan)

    def p_below(self, null: float) -> float:
        """One-sided p that it is `null` or more."""
        return max((one.p_below(null) for one in self.spreads), default=np.nan)

    @property
    def p(self) -> float:
        """Two-sided p that there is no difference."""
        if self.exact is not None:
            return self.exact
        return float(min(1.0, 2 * min(self.p_above(0.0), self.p_below(0.0)))) if self.spreads else np.nan

    def detectable(self, level: float = 0.95) -> float:
        """The smallest true difference that is found at this level with a power of 80 %."""
        if not self.spreads:
            return np.nan
        one = widest(self.spreads)
        return detectable(one.error, one.df, level)

    def needed(self, target: float) -> str:
        """About how many seeds or units would make a true difference of `target` detectable; '' where none is needed,
        or no number can be told."""
        if not self.spreads or target <= 0 or self.detectable() <= target:
            return ""
        one = widest(self.spreads)
        if isinstance(one, Student) and one.df == self.seeds - 1 and self.seeds > 1 and one.df != self.n - 1:
            return f"about {_seeds_for(one, self.seeds, target):,} seeds"
        return f"about {int(np.ceil(self.n * (self.detectable() / target) ** 2)):,} units"


def _seeds_for(one: Student, seeds: int, target: float) -> int:
    """The fewest seeds of the same spread whose detectable difference is `target` or less."""
    sd, few, many = one.error * np.sqrt(seeds), seeds, 2 * seeds
    while detectable(sd / np.sqrt(many), many - 1) > target:
        few, many = many, 2 * many
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if detectable(sd / np.sqrt(middle), middle - 1) <= target else (middle, many)
    return many


def difference(
    a: CellValues,
    b: CellValues | float,
    units: Mapping[str, str],
    *,
    lower_is_better: bool = False,
    trained: bool = True,
    of_sd: bool = False,
    relative_to: float | None = None,
    near: float | None = None,
) -> Difference:
    """Of two cells, or of a cell and a value.

    units: item -> what is resampled as a whole. trained: something behind the cells was, so that one training says
    nothing of others. of_sd: of the standard deviations over items instead of the means. relative_to: the effect is the
    gain of `a` over `b` in per cent of `b`, less this value. near: arms are distances to this value.

    Raises TableError where the arms score other items, or are of other seeds.
    """
    sign = -1.0 if lower_is_better else 1.0
    seeds = len(a.by_item)
    if isinstance(b, CellValues) and len(b.by_item) != seeds:
        raise TableError(f"arms have {seeds} and {len(b.by_item)} seeds; expected as many")
    if near is not None or not _by_item(a, b):
        return _of_sets(a, b, sign, near, trained)
    items = [str(item) for item in a.by_item[0].index]
    values = np.stack([_influence(one) if of_sd else one.to_numpy(np.float64) for one in a.by_item])
    others = _others(a, b, of_sd)
    if relative_to is None:
        found = sign * (values - others)
    else:
        found = 100 * (values - (1 + relative_to / 100) * others) / np.mean(others)
    names = [units.get(item, item) for item in items]
    effect, n = float(found.mean()), len(set(names))
    exact = _exact(a, b, names) if isinstance(b, CellValues) and a.metric.all_right and b.metric.all_right else None
    lacking = _too_few(n, seeds * len(set(a.fold)), trained)
    if lacking:
        return Difference(effect, n, seeds, lacking, exact=exact)
    over = "units and seeds" if seeds > 1 else "units and folds" if len(set(a.fold)) > 1 else "units"
    return Difference(effect, n, seeds, over, [*spreads(found, names, N_DRAWS), *_over_folds(found, a.fold)], exact)


def _too_few(n_units: int, n_trainings: int, trained: bool) -> str:
    if n_units < FEWEST_UNITS:
        return f"none: fewer than {FEWEST_UNITS} units"
    return "none: one training" if trained and n_trainings < 2 else ""


def _by_item(a: CellValues, b: CellValues | float) -> bool:
    """Whether both arms have values of the same items."""
    if a.metric.of == "set":
        return False
    if not isinstance(b, CellValues):
        return all(one.index.equals(a.by_item[0].index) for one in a.by_item)
    if b.metric.of == "set":
        return False
    same = set(a.by_item[0].index)
    if any(set(one.index) != same or not one.index.is_unique for one in (*a.by_item, *b.by_item)):
        raise TableError("arms score other items, so that no differences can be taken item by item")
    return True


def _others(a: CellValues, b: CellValues | float, of_sd: bool) -> NDArray[np.float64]:
    """(seeds, items) of the second arm, in the order of the first one's items."""
    if not isinstance(b, CellValues):
        return np.full((len(a.by_item), len(a.by_item[0])), b)
    matched = [other.reindex(one.index) for one, other in zip(a.by_item, b.by_item, strict=True)]
    return np.stack([_influence(one) if of_sd else one.to_numpy(np.float64) for one in matched])


def _influence(values: pd.Series) -> NDArray[np.float64]:
    """Values whose mean is the standard deviation of `values`, and whose spread is that of it (the delta method)."""
    deviations = (values - values.mean()).to_numpy(np.float64) ** 2
    sd = float(np.sqrt(deviations.mean()))
    return sd + (deviations - sd**2) / (2 * sd) if sd else np.zeros(len(values))


def _over_folds(found: NDArray[np.float64], fold: Sequence[int]) -> list[Spread]:
    """Student's over folds, each of which was trained anew; none where there is one."""
    means = pd.Series(found.mean(0)).groupby(np.asarray(fold)).mean().to_numpy()
    if len(means) < 2:
        return []
    return [Student(float(found.mean()), float(means.std(ddof=1) / np.sqrt(len(means))), len(means) - 1)]


def _exact(a: CellValues, b: CellValues, names: Sequence[str]) -> float:
    """McNemar's, the largest of seeds: no seed says more than it. A unit of several items has one answer, that of most
    of them."""

    def answers(values: pd.Series) -> NDArray[np.bool_]:
        return cast("NDArray[np.bool_]", (values > 0).groupby(list(names)).mean().to_numpy() > 0.5)

    matched = [(one, other.reindex(one.index)) for one, other in zip(a.by_item, b.by_item, strict=True)]
    return max(mcnemar_exact(answers(one), answers(other)) for one, other in matched)


def _of_sets(a: CellValues, b: CellValues | float, sign: float, near: float | None, trained: bool) -> Difference:
    """Of scores of whole sets, of which each seed gives one; with a jackknife over units where scores tell of it."""
    ours = np.array(a.of_seeds)
    theirs = np.array(b.of_seeds) if isinstance(b, CellValues) else np.full(len(ours), float(b))
    if near is not None:
        ours, theirs = np.abs(ours - near), np.abs(theirs - near)
    found = sign * (ours - theirs)
    exact = _fisher(a, b) if isinstance(b, CellValues) and a.metric.all_right and b.metric.all_right else None
    effect, seeds = float(found.mean()), len(found)
    without = _without_units(a, b, sign) if near is None else None
    if seeds < 2 and (trained or without is None):
        return Difference(effect, a.n, seeds, "none: one training", exact=exact)
    of_seeds: list[Spread] = [over_seeds(found)] if seeds > 1 else []
    if without is None:
        return Difference(effect, a.n, seeds, "seeds", of_seeds, exact)
    over = "units and seeds" if seeds > 1 else "units"
    return Difference(effect, a.n, seeds, over, [*of_seeds, jackknife(effect, without)], exact)


def _without_units(a: CellValues, b: CellValues | float, sign: float) -> list[NDArray[np.float64]] | None:
    """Differences without each unit, means over seeds, of real images and of made ones; None where arms do not tell.

    A floor, which is of real images, and a value stay as they are.
    """
    if len(a.without) < len(a.by_item):
        return None
    ours = pd.concat(a.without, axis=1, join="inner").mean(axis=1)
    if isinstance(b, CellValues) and not b.metric.is_of_real:
        if len(b.without) < len(b.by_item):
            return None
        theirs = pd.concat(b.without, axis=1, join="inner").mean(axis=1)
        if set(ours.index) != set(theirs.index):
            return None
    else:
        theirs = pd.Series(np.mean(b.of_seeds) if isinstance(b, CellValues) else b, index=ours.index)
    found = sign * (ours - theirs.reindex(ours.index))
    return [found[found.index.str.startswith(side)].to_numpy() for side in ("real: ", "made: ")]


def _fisher(a: CellValues, b: CellValues) -> float:
    """Fisher's exact test that two unpaired proportions are the same, the largest p of seeds."""
    from scipy.stats import fisher_exact

    def counts(cell: CellValues, share: float) -> list[int]:
        right = round(share / float(cell.metric.all_right or 1) * cell.n)
        return [right, cell.n - right]

    return max(
        float(fisher_exact([counts(a, one), counts(b, other)]).pvalue)
        for one, other in zip(a.of_seeds, b.of_seeds, strict=True)
    )


__all__ = ["N_DRAWS", "POWER", "Difference", "difference"]
