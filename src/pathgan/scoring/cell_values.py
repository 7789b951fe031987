"""What the score files behind a cell of a table say: the values of a metric, item by item and seed by seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from pathgan.config.metric_names import of_network, of_own
from pathgan.config.table_types import SET, Cell, Metric
from pathgan.config.weights import STAND_INS
from pathgan.errors import TableError

Scores = Callable[[str, str], list[pd.DataFrame]]  # (run, score) -> one tidy frame per seed


@dataclass(frozen=True)
class CellValues:
    """by_item: a series per seed, over the items of all folds. fold: (items,) the fold that each is of. facts: the
    values that stand for a whole set in the same files, means over seeds. key: the metric as the paper's network names
    it. network: the one that gave the values, '' where the metric rests on none. without: per seed, a score of whole
    sets without each unit, `real: UNIT` or `made: UNIT`; empty where score files have none."""

    metric: Metric
    key: str
    network: str
    by_item: list[pd.Series]
    fold: list[int]
    facts: Mapping[str, float]
    without: list[pd.Series] = field(default_factory=list)

    @property
    def of_seeds(self) -> list[float]:
        """The mean over items, per seed."""
        return [float(values.mean()) for values in self.by_item]

    @property
    def n(self) -> int:
        """The images that a value rests on."""
        return int(self.facts[self.metric.counts]) if self.metric.of == "set" else len(self.by_item[0])


def cell_values(folds: Sequence[Cell], scores: Scores, metric: Metric, of: str | None = None) -> CellValues:
    """Of a cell, given as its folds. of: another metric than the cell's own, of the same files.

    Raises TableError where there are no values, or one is not a number.
    """
    cell, key = folds[0], of or of_own(folds[0].metric, metric.network)
    parts = [scores(fold.run, fold.score) for fold in folds]  # of each fold a frame per seed
    frames, network = _by_own_names([pd.concat(of_seed) for of_seed in zip(*parts, strict=True)], key, metric.network)
    every = pd.concat(frames)
    facts = every[every["item"] == SET].groupby("metric")["value"].mean().to_dict()
    if len(folds) > 1:
        facts = {name: value for name, value in facts.items() if not name.startswith("n_")}  # of a fold, not of all
    by_item = [_values(cell, key, frame) for frame in frames]
    sizes = [int((_named(of_fold[0], key, network)).sum()) for of_fold in parts]
    fold = np.repeat(np.arange(len(folds)), sizes).tolist()
    without = [frame[frame["metric"] == f"{key}_without"].set_index("item")["value"] for frame in frames]
    return CellValues(metric, key, network, by_item, fold, facts, [one for one in without if len(one)])


def _named(frame: pd.DataFrame, key: str, network: str) -> pd.Series:
    """Whether a row is of the metric `key`."""
    return pd.Series([of_own(name, network) == key for name in frame["metric"]], index=frame.index)


def _by_own_names(frames: list[pd.DataFrame], key: str, asked: str) -> tuple[list[pd.DataFrame], str]:
    """Scores by the names that they have on the features of the paper's network, and the network that gave them.

    It is the one `asked` for, or where the scores of `key` are not of that one, the one that stands in for it.
    """
    stand_in = STAND_INS.get(asked, "")
    network = stand_in if all((frame["metric"] == of_network(key, stand_in)).any() for frame in frames) else asked
    return [frame.assign(metric=[of_own(name, network) for name in frame["metric"]]) for frame in frames], network


def _values(cell: Cell, key: str, frame: pd.DataFrame) -> pd.Series:
    """The values of a metric by item."""
    found = frame[frame["metric"] == key]
    if found.empty or found["value"].isna().any():
        what = "missing" if found.empty else "not a number"
        raise TableError(f"{key!r} of {cell.run}/{cell.score} is {what}; make its scores again")
    return pd.Series(found["value"].to_numpy(), index=found["item"].astype(str))
