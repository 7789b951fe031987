"""The difference between two arms, item by item where both score the same items, and how far it may be off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pathgan.errors import TableError
from pathgan.intervals import FEWEST_UNITS, mcnemar_exact, spreads
from pathgan.scoring.cell_values import CellValues
from pathgan.spreads import Spread, Student, detectable, jackknife, over_seeds, widest

N_DRAWS = 10_000
NONE = (np.nan, np.nan)
ALIKE = 1e-12  # of the effect: what rounding leaves of a spread
ONE_TRAINING = "none: one training"


@dataclass(frozen=True)
class Difference:
    """Turned so that positive favours the first arm. spreads: how far it may be off, by several methods, the widest of
    which counts; none, and `over` says why, where units or trainings are too few. exact: two-sided p of an exact test,
    of answers that are right or wrong. n: units; where their spread is not known, images."""

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
    of_seeds: bool = False,
    of_sd: bool = False,
    relative_to: float | None = None,
    near: float | None = None,
) -> Difference:
    """Of two cells, or of a cell and a value.

    units: item -> what is resampled as a whole. trained: something behind the cells was, so that one training says
    nothing of others. of_seeds: trainings are the units of what is said, and not images. of_sd: of the standard
    deviations over items instead of the means. relative_to: the effect is the gain of `a` over `b` in per cent of `b`,
    less this value. near: arms are distances to this value.

    Raises TableError where the arms score other items, or are of other seeds.
    """
    sign = -1.0 if lower_is_better else 1.0
    if isinstance(b, CellValues) and len(b.by_item) != len(a.by_item):
        raise TableError(f"arms have {len(a.by_item)} and {len(b.by_item)} seeds; expected as many")
    if of_seeds or not _by_item(a, b):
        return _checked(_of_sets(a, b, sign, near, trained, of_seeds))
    values, others = _matrix(a, a.by_item[0].index, of_sd, near), _matrix(b, a.by_item[0].index, of_sd, near, a)
    if relative_to is None:
        found = sign * (values - others)
    else:
        found = 100 * (values - (1 + relative_to / 100) * others) / np.mean(others)
    names = [units.get(str(item), str(item)) for item in a.by_item[0].index]
    return _checked(_of_items(found, names, a, b, trained))


def _checked(found: Difference) -> Difference:
    """Without spreads where a value is infinite, or where all are alike."""
    if not np.isfinite(found.effect):
        return replace(found, spreads=(), exact=None, over="none: a value is infinite")
    if found.spreads and all(one.error <= ALIKE * abs(found.effect) for one in found.spreads):
        return replace(found, spreads=(), over="none: all values are alike")
    return found


def _of_items(
    found: NDArray[np.float64], names: Sequence[str], a: CellValues, b: CellValues | float, trained: bool
) -> Difference:
    """found: (seeds, items) differences. names: of the items' units."""
    seeds, effect, n = len(found), float(found.mean()), len(set(names))
    exact = _exact(a, b, names) if isinstance(b, CellValues) and a.metric.all_right and b.metric.all_right else None
    if n < FEWEST_UNITS:
        return Difference(effect, n, seeds, f"none: fewer than {FEWEST_UNITS} units", exact=exact)
    if trained and seeds * len(set(a.fold)) < 2:
        return Difference(effect, n, seeds, ONE_TRAINING, exact=exact)
    if not np.isfinite(found).all():
        return Difference(effect, n, seeds, "none: a value is infinite")
    over = "units and seeds" if seeds > 1 else "units and folds" if len(set(a.fold)) > 1 else "units"
    return Difference(effect, n, seeds, over, [*spreads(found, names, N_DRAWS), *_over_folds(found, a.fold)], exact)


def _by_item(a: CellValues, b: CellValues | float) -> bool:
    """Whether both arms have values of the same items."""
    if a.metric.of == "set" or (isinstance(b, CellValues) and b.metric.of == "set"):
        return False
    same = set(a.by_item[0].index)
    every = [*a.by_item, *(b.by_item if isinstance(b, CellValues) else ())]
    if any(set(one.index) != same or not one.index.is_unique for one in every):
        raise TableError("arms score other items, so that no differences can be taken item by item")
    return True


def _matrix(
    of: CellValues | float, items: pd.Index, of_sd: bool, near: float | None, like: CellValues | None = None
) -> NDArray[np.float64]:
    """(seeds, items), whose mean is that of an arm, its standard deviation, or its distance to a value; and whose
    spread is that of it. A value is as good in each of the seeds that it is held against, those of `like`."""
    if not isinstance(of, CellValues):
        assert like is not None
        return np.full((len(like.by_item), len(items)), of if near is None else abs(of - near))
    values = np.stack([one.reindex(items).to_numpy(np.float64) for one in of.by_item])
    if of_sd:
        return np.stack([_influence(row) for row in values])
    return values if near is None else np.sign(values.mean() - near) * (values - near)


def _influence(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values whose mean is the standard deviation of `values`, and whose spread is that of it (the delta method)."""
    squared = (values - values.mean()) ** 2
    sd = float(np.sqrt(squared.mean()))
    return sd + (squared - sd**2) / (2 * sd) if sd else np.zeros(len(values))


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

    items = a.by_item[0].index
    matched = [(one.reindex(items), other.reindex(items)) for one, other in zip(a.by_item, b.by_item, strict=True)]
    return max(mcnemar_exact(answers(one), answers(other)) for one, other in matched)


def _of_sets(
    a: CellValues, b: CellValues | float, sign: float, near: float | None, trained: bool, of_seeds: bool
) -> Difference:
    """Of scores of whole sets, of which each seed gives one. Their spread over units is that of a jackknife, where
    score files have one; where trainings are the units, it is not asked for."""
    ours = np.array(a.of_seeds)
    theirs = np.array(b.of_seeds) if isinstance(b, CellValues) else np.full(len(ours), float(b))
    if near is not None:
        ours, theirs = np.abs(ours - near), np.abs(theirs - near)
    found = sign * (ours - theirs)
    effect, seeds = float(found.mean()), len(found)
    if trained and seeds < 2:
        return Difference(effect, a.n, seeds, ONE_TRAINING)
    over: list[Spread] = [over_seeds(found)] if seeds > 1 else []
    if of_seeds:
        return Difference(effect, seeds, seeds, "seeds", over)
    without = _without_units(a, b, sign) if near is None else None
    if without is None:
        return Difference(effect, a.n, seeds, "none: the score of a whole set, whose spread over units is not known")
    n = min(map(len, without))
    told = "units and seeds" if seeds > 1 else "units"
    return Difference(effect, n, seeds, told, [*over, jackknife(effect, without)])


def _without_units(a: CellValues, b: CellValues | float, sign: float) -> list[NDArray[np.float64]] | None:
    """Differences without each unit, means over seeds, of each set of images that either arm rests on; None where an
    arm does not tell. Sets that both share are left out of both at once. A floor, which is of real images, and a value
    stay as they are."""
    if len(a.without) < len(a.by_item):
        return None
    ours, mine = _mean_without(a), float(np.mean(a.of_seeds))
    if not isinstance(b, CellValues) or b.metric.is_of_real:
        return [sign * values.to_numpy() for values in ours.values()]
    if len(b.without) < len(b.by_item):
        return None
    theirs, other = _mean_without(b), float(np.mean(b.of_seeds))
    found = []
    for side in ours:
        if set(ours[side].index) == set(theirs[side].index):
            found.append((ours[side] - theirs[side].reindex(ours[side].index)).to_numpy())
        else:
            found += [(ours[side] - other).to_numpy(), (mine - theirs[side]).to_numpy()]
    return [sign * values for values in found]


def _mean_without(cell: CellValues) -> dict[str, pd.Series]:
    """`real` and `made` -> the score without each of its units, mean over seeds."""
    mean = pd.concat(cell.without, axis=1, join="inner").mean(axis=1)
    return {side: mean[mean.index.str.startswith(f"{side}: ")] for side in ("real", "made")}
