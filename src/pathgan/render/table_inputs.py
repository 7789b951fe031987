"""What a table is built of, as the rule `tabulate` is given it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pathgan.stores.manifest import Manifest, read_manifest

PRINTED = ["table", "row", "column", "value", "sd", "note"]


@dataclass(frozen=True)
class TableInputs:
    """caveats: dataset -> why its numbers may not be compared with the paper's. made_with: run or sample set -> its
    datasets. scores: `run/score` -> one file per seed. manifests: dataset -> file. samples: sample set -> its `file` of
    counts and `category`. metrics: key -> `table_types.Metric`. printed: rows of published.csv.
    """

    caveats: Mapping[str, str]
    made_with: Mapping[str, Sequence[str]]
    scores: Mapping[str, Sequence[str]]
    manifests: Mapping[str, str]
    samples: Mapping[str, Mapping[str, str]]
    metrics: Mapping[str, Any]
    printed: Sequence[Mapping[str, str]]

    @property
    def published(self) -> pd.DataFrame:
        """The printed cells, all as text."""
        return pd.DataFrame(self.printed, columns=PRINTED)

    @property
    def only_proportions(self) -> bool:
        """Whether all columns are shares of right images."""
        return bool(self.metrics) and all(metric["all_right"] is not None for metric in self.metrics.values())

    def scored(self, run: str, score: str) -> list[pd.DataFrame]:
        """One tidy frame a seed."""
        return [pd.read_csv(file, dtype={"item": str}) for file in self.scores[f"{run}/{score}"]]

    def manifest(self, dataset: str) -> Manifest:
        return read_manifest(self.manifests[dataset])
