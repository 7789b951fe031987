"""What a table is built of, as the rule `tabulate` is given it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from pathgan.config.table_types import Cell
from pathgan.config.verdicts import Judgement, Word
from pathgan.render.comparisons import data_verdict
from pathgan.render.published_cells import BETWEEN
from pathgan.stores.dataset_counts import read_counts
from pathgan.stores.manifest import Manifest, read_manifest, units_of

PRINTED = ["table", "row", "column", "value", "sd", "note"]


@dataclass(frozen=True)
class TableInputs:
    """caveats: dataset -> why its numbers may not be compared with the paper's. made_with: run or sample set -> its
    datasets. scores: `run/score` -> one file per seed. manifests: dataset -> file. samples: sample set -> its `file` of
    counts and `category`. metrics: key -> `table_types.Metric`. printed: rows of published.csv. verdicts: of
    `comparison_plan`, of printed cells. counts: dataset -> file of what it holds. expected: dataset -> its `label`, and
    what the paper `counted`.
    """

    caveats: Mapping[str, str]
    made_with: Mapping[str, Sequence[str]]
    scores: Mapping[str, Sequence[str]]
    manifests: Mapping[str, str]
    samples: Mapping[str, Mapping[str, str]]
    metrics: Mapping[str, Any]
    printed: Sequence[Mapping[str, str]]
    verdicts: Sequence[Mapping[str, Any]]
    counts: Mapping[str, str]
    expected: Mapping[str, Mapping[str, Any]]

    def judge(self, cell: tuple[str, str], datasets: Sequence[str]) -> Judgement:
        """Whether a cell, row and column, may be compared. datasets: whose caveats are its own."""
        told = self._told.get(cell)
        caveats = (reason for name in datasets for reason in self.caveats[name].split(BETWEEN))
        judgement = Judgement().but("data", "no", list(filter(None, caveats)))
        if told is None:  # nobody printed it
            return judgement
        for respect, word in told["words"].items():
            judgement = judgement.but(respect, word, told["reasons"])
        if judgement.words["data"] != "no":  # else it says already that they are other data
            for name in told["datasets"]:
                judgement = judgement.but("data", *self._of_data[name])
        return judgement

    @cached_property
    def _told(self) -> dict[tuple[str, str], Mapping[str, Any]]:
        return {(told["row"], told["column"]): told for told in self.verdicts}

    @cached_property
    def _of_data(self) -> dict[str, tuple[Word, list[str]]]:
        return {
            name: data_verdict(one["label"], read_counts(self.counts[name]), one["counted"])
            for name, one in self.expected.items()
        }

    @property
    def published(self) -> pd.DataFrame:
        """The printed cells, all as text."""
        return pd.DataFrame(self.printed, columns=PRINTED)

    def scored(self, run: str, score: str) -> list[pd.DataFrame]:
        """One tidy frame a seed."""
        return [pd.read_csv(file, dtype={"item": str}) for file in self.scores[f"{run}/{score}"]]

    def manifest(self, dataset: str) -> Manifest:
        return read_manifest(self.manifests[dataset])

    def units_of(self, folds: Sequence[Cell]) -> dict[str, str]:
        """The `units` of the datasets that a cell, given as its folds, is about or its run is made with."""
        about = [dataset for cell in folds for dataset in (cell.dataset, *self.made_with.get(cell.run, ()))]
        return {item: unit for name in about for item, unit in self.units.get(name, {}).items()}

    @cached_property
    def units(self) -> dict[str, dict[str, str]]:
        """Dataset -> item -> its patient where data know it, though images were split, else what it was held out
        with."""
        return {name: units_of([file]) for name, file in self.manifests.items()}
