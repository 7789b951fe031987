"""A paper's tables of scores: ours, with intervals, beside the published numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pathgan.config.table_types import Cell, Metric, ScoreTable
from pathgan.config.verdicts import Judgement
from pathgan.errors import TableError
from pathgan.intervals import Interval, holm, interval_of_mean, interval_of_sets, mcnemar_exact
from pathgan.render.consistency import published_doubts
from pathgan.render.published_cells import BETWEEN, COLUMNS, beside_published, printed_cells
from pathgan.render.remarks import HOLM, Remarks, remarks
from pathgan.render.table_inputs import TableInputs
from pathgan.scoring.cell_values import Scores, cell_values

Groups = Mapping[str, Mapping[str, str]]  # dataset -> item -> the patient, slide or image it belongs to


def build(name: str, table: ScoreTable, given: TableInputs) -> pd.DataFrame:
    """The cells of a table of scores; see `build_table`."""
    metrics = {key: Metric.model_validate(entry) for key, entry in given.metrics.items()}
    return build_table(name, table, given.judge, given.made_with, given.scored, given.units, given.published, metrics)


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
    ours = cell_values(folds, scores, metric)
    said = remarks(ours.key, metric, ours.facts, ours.network)
    if cell.against:
        tested, notes = _test(ours.by_item, cell_values(folds, scores, metric, cell.against).by_item, groups)
        return tested, replace(said, notes=[*said.notes, *notes])
    seeds = np.array(ours.of_seeds)
    interval = _interval(metric, ours.by_item, seeds, groups)._asdict()
    return {"value": float(seeds.mean()), **interval, "n": ours.n, "seeds": len(seeds)}, said


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
