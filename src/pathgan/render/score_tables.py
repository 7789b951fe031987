"""A paper's tables of scores: ours, with intervals, beside the published numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pathgan.config.metric_names import of_network, of_own
from pathgan.config.table_types import SET, Cell, Metric, ScoreTable
from pathgan.config.verdicts import Judgement
from pathgan.config.weights import STAND_INS
from pathgan.errors import TableError
from pathgan.intervals import Interval, holm, interval_of_mean, interval_of_sets, mcnemar_exact
from pathgan.render.published_cells import BETWEEN, COLUMNS, beside_published, printed_cells, published_doubts
from pathgan.render.remarks import HOLM, Remarks, remarks
from pathgan.render.table_inputs import TableInputs
from pathgan.stores.manifest import Manifest

Scores = Callable[[str, str], list[pd.DataFrame]]  # (run, score) -> one tidy frame a seed
Groups = Mapping[str, Mapping[str, str]]  # dataset -> item -> the patient, slide or image it belongs to


def build(name: str, table: ScoreTable, given: TableInputs) -> pd.DataFrame:
    """The cells of a table of scores; see `build_table`."""
    metrics = {key: Metric.model_validate(entry) for key, entry in given.metrics.items()}
    groups = {dataset: _units(given.manifest(dataset)) for dataset in given.manifests}
    return build_table(name, table, given.judge, given.made_with, given.scored, groups, given.published, metrics)


def _units(manifest: Manifest) -> dict[str, str]:
    """Item -> its patient where data know it, though images were split, else what it was held out with."""
    return {row["id"]: row["patient"] or row["group"] for row in manifest}


def build_table(
    name: str,
    table: ScoreTable,
    judge: Callable[[tuple[str, str], Sequence[str]], Judgement],
    inputs: Mapping[str, Sequence[str]],
    scores: Scores,
    groups: Groups,
    published: pd.DataFrame,
    metrics: Mapping[str, Metric],
) -> pd.DataFrame:
    """One row per cell (COLUMNS). `published`: the rows of published.csv for this paper, all as text.

    `judge`: of a row and column, and the datasets behind them, whether they may be compared. `inputs`: run -> the
    datasets that it is made with. `metrics`: key -> what is known of it, of all columns.

    Raises TableError for a cell whose metric is missing or NaN, and for a published cell that the table lacks.
    """
    cells = table.cells
    printed = printed_cells(name, published, {(cell.row, cell.column) for cell in cells}, table.omitted)
    doubts = published_doubts(printed["value"].to_dict(), table.published_n)
    rows = []
    for key, group in groupby(cells, lambda cell: (cell.row, cell.column)):
        folds = list(group)
        about = [dataset for cell in folds for dataset in (cell.dataset, *inputs.get(cell.run, ()))]
        known = {item: origin for dataset in about for item, origin in groups.get(dataset, {}).items()}
        try:
            ours, said = _ours(folds, scores, known, metrics)
        except TableError as error:
            raise TableError(f"{name}, {key[0]} / {key[1]}: {error}") from None
        judged = judge(key, about).but("metric", "no", said.metric).but("settings", "no", said.settings)
        rows.append(beside_published(key, ours, printed, judged, said.notes, doubts.get(key)))
    return _with_holm(pd.DataFrame(rows, columns=list(COLUMNS)), table)


def _with_holm(cells: pd.DataFrame, table: ScoreTable) -> pd.DataFrame:
    """With the p of all tests of a table corrected together, where there are several."""
    tests = cells["column"].isin([name for name, column in table.columns.items() if column.against])
    if tests.sum() < 2:
        return cells
    alone = cells.loc[tests, "value"]
    notes = [f"{HOLM}{tests.sum()} tests: {p:.3g} by itself" for p in alone]
    told = [BETWEEN.join(filter(None, pair)) for pair in zip(cells.loc[tests, "note"], notes, strict=True)]
    return cells.assign(
        value=cells["value"].mask(tests, pd.Series(holm(alone.tolist()), index=alone.index)),
        note=cells["note"].mask(tests, pd.Series(told, index=alone.index)),
    )


def _ours(
    folds: Sequence[Cell], scores: Scores, groups: Mapping[str, str], metrics: Mapping[str, Metric]
) -> tuple[dict[str, Any], Remarks]:
    """value, low, high, n and seeds of a cell, of all its folds together, and what must be said beside them."""
    cell, metric = folds[0], metrics[folds[0].metric]
    key = of_own(cell.metric, metric.network)
    frames = [pd.concat(parts) for parts in zip(*(scores(fold.run, fold.score) for fold in folds), strict=True)]
    frames, network = _by_own_names(frames, key, metric.network)
    every = pd.concat(frames)
    facts = every[every["item"] == SET].groupby("metric")["value"].mean().to_dict()
    if len(folds) > 1:
        facts = {name: value for name, value in facts.items() if not name.startswith("n_")}  # of a fold, not of all
    found = [_values(cell, key, frame) for frame in frames]
    said = remarks(key, metric, facts, network)
    if cell.against:
        ours, notes = _test(found, [_values(cell, cell.against, frame) for frame in frames], groups)
        return ours, replace(said, notes=[*said.notes, *notes])
    seeds, is_of_set = np.array([values.mean() for values in found]), metric.of == "set"
    n = int(facts[metric.counts]) if is_of_set else len(found[0])
    interval = _interval(metric, found, seeds, groups)._asdict()
    return {"value": float(seeds.mean()), **interval, "n": n, "seeds": len(seeds)}, said


def _by_own_names(frames: list[pd.DataFrame], key: str, asked: str) -> tuple[list[pd.DataFrame], str]:
    """Scores by the names that they have on the features of the paper's network, and the network that gave them.

    It is the one `asked` for, or where the scores of `key` are not of that one, the one that stands in for it.
    """
    stand_in = STAND_INS.get(asked, "")
    network = stand_in if all((frame["metric"] == of_network(key, stand_in)).any() for frame in frames) else asked
    return [frame.assign(metric=[of_own(name, network) for name in frame["metric"]]) for frame in frames], network


def _values(cell: Cell, metric: str, frame: pd.DataFrame) -> pd.Series:
    """The values of a metric by item. Raises TableError where there are none, or one is not a number."""
    found = frame[frame["metric"] == metric]
    if found.empty or found["value"].isna().any():
        what = "missing" if found.empty else "not a number"
        raise TableError(f"{metric!r} of {cell.run}/{cell.score} is {what}; make its scores again")
    return pd.Series(found["value"].to_numpy(), index=found["item"].astype(str))


def _interval(
    metric: Metric, found: Sequence[pd.Series], seeds: NDArray[np.float64], groups: Mapping[str, str]
) -> Interval:
    """Over units and seeds; of a score of whole sets over seeds. What is of real images alone has none."""
    if metric.is_of_real:
        return Interval(np.nan, np.nan, "")
    if metric.of == "set" or any(not values.index.equals(found[0].index) for values in found):
        return interval_of_sets(seeds)
    units = [groups.get(item, item) for item in found[0].index]
    return interval_of_mean(np.stack([values.to_numpy() for values in found]), units, metric.all_right)


def _test(
    found: Sequence[pd.Series], others: Sequence[pd.Series], groups: Mapping[str, str]
) -> tuple[dict[str, Any], list[str]]:
    """The largest p over seeds that both are right equally often on the same images: no seed says more than it."""
    ps = [mcnemar_exact(one.to_numpy() > 0, other.to_numpy() > 0) for one, other in zip(found, others, strict=True)]
    clusters = {groups.get(item, item) for item in found[0].index}
    notes = [] if len(clusters) == len(found[0]) else ["p takes tiles of one image for independent"]
    ours = {"value": max(ps), "low": np.nan, "high": np.nan, "over": "", "n": len(found[0]), "seeds": len(ps)}
    return ours, notes
