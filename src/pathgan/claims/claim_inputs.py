"""What claims are decided on, as the rule `decide` is given it: cells of tables, with what stands behind each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from pathgan.claims.evidence import Level, level_of_data, level_of_settings, weakest
from pathgan.config.claim_pairs import Cells
from pathgan.config.claim_types import Place
from pathgan.config.table_types import Cell, Metric, ScoreTable
from pathgan.render.table_inputs import TableInputs
from pathgan.scoring.cell_values import CellValues, cell_values
from pathgan.stores.dataset_counts import read_counts


@dataclass(frozen=True)
class ClaimInputs:
    """claims: of `claim_types.Claims`. printed: id -> what printed numbers say: `supports`, `effects`, the same
    in words (`effect`), and `why`. tables: name -> its `table`, what it is `given` (`TableInputs`), and what stands
    `behind` each of its cells. datasets: name -> `label`, `caveat`, `standing`, file of `counts`, and what the paper
    `counted`. courses: `RUN/EXPORT` -> its `files`, one per seed, and what stands `behind` it. readings: id ->
    `key`, files of `answers`, and what stands `behind` the images that were read. preset: its name.
    """

    claims: Mapping[str, Any]
    printed: Mapping[str, Mapping[str, Any]]
    tables: Mapping[str, Mapping[str, Any]]
    datasets: Mapping[str, Mapping[str, Any]]
    courses: Mapping[str, Mapping[str, Any]]
    readings: Mapping[str, Mapping[str, Any]]
    preset: str

    @cached_property
    def cells(self) -> Cells:
        """Those of all tables."""
        return {name: set(table.folds) for name, table in self._tables.items()}

    def values(self, place: Place) -> CellValues:
        """The scores of a cell."""
        return self._tables[place[0]].values(place[1:])

    def units(self, places: Sequence[Place]) -> dict[str, str]:
        """Item -> its patient, slide or image, of all items of several cells."""
        return {item: unit for place in places for item, unit in self._tables[place[0]].units(place[1:]).items()}

    def behind(self, place: Place) -> Mapping[str, Any]:
        """`datasets`, `words` of the verdicts on its settings, and whether anything behind a cell is `trained`."""
        return self._tables[place[0]].behind[place[1:]]

    def level(self, behind: Sequence[Mapping[str, Any]]) -> tuple[Level, list[str]]:
        """On what several cells or runs rest, and why that is no more."""
        level, told = self.level_of_data([name for one in behind for name in one["datasets"]])
        settings = weakest(level_of_settings(one["words"]) for one in behind)
        return weakest([level, settings]), told if level == weakest([level, settings]) else []

    def level_of_data(self, datasets: Iterable[str]) -> tuple[Level, list[str]]:
        """What images of several datasets can say of the paper, and why no more."""
        found = [self._standings[name] for name in datasets]
        level = weakest(one for one, _ in found)
        return level, list(dict.fromkeys(told for one, told in found if told and one == level))

    def course(self, name: str) -> list[pd.DataFrame]:
        """What was measured while a run trained, `RUN/EXPORT`, a frame per seed."""
        return [pd.read_csv(file) for file in self.courses[name]["files"]]

    @cached_property
    def _tables(self) -> dict[str, _CellsOfTable]:
        return {name: _CellsOfTable(told) for name, told in self.tables.items()}

    @cached_property
    def _standings(self) -> dict[str, tuple[Level, str]]:
        return {
            name: level_of_data(
                one["label"], one["caveat"], one["standing"], read_counts(one["counts"]), one["counted"]
            )
            for name, one in self.datasets.items()
        }


class _CellsOfTable:
    def __init__(self, told: Mapping[str, Any]):
        self._given = TableInputs(**told["given"])
        self.folds: dict[tuple[str, str], list[Cell]] = {}
        for cell in ScoreTable.model_validate(told["table"]).cells:
            if not cell.against:
                self.folds.setdefault((cell.row, cell.column), []).append(cell)
        self.behind = {(one["row"], one["column"]): one for one in told["behind"]}
        self._values: dict[tuple[str, str], CellValues] = {}

    def values(self, key: tuple[str, str]) -> CellValues:
        if key not in self._values:
            metric = Metric.model_validate(self._given.metrics[self.folds[key][0].metric])
            self._values[key] = cell_values(self.folds[key], self._given.scored, metric)
        return self._values[key]

    def units(self, key: tuple[str, str]) -> dict[str, str]:
        return self._given.units_of(self.folds[key])
