"""What the front page is made of, as the rule `write_page` is given it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from pathgan.claims.evidence import LEVELS, Level, level_of_data
from pathgan.provenance.ancestry import Ancestry, ancestry
from pathgan.render.published_cells import BETWEEN, DOUBT
from pathgan.stores.dataset_counts import read_counts


@dataclass(frozen=True)
class DatasetLevel:
    """What images of a data set can say of the paper, and `why` no more."""

    label: str
    level: Level
    why: str


@dataclass(frozen=True)
class PaperInputs:
    """A paper under a preset.

    datasets: name -> `ComparisonPlan.described`. scores: table -> its `file`, class (`kind`), layout (`table`), and
    what is `better` in each column. slides: table of slides -> file. words: table of words -> file. figures: name ->
    `file` and `caption`.
    """

    title: str
    cite: str
    caveat: str
    seeds: Sequence[int]
    datasets: Mapping[str, Mapping[str, Any]]
    scores: Mapping[str, Mapping[str, Any]]
    slides: Mapping[str, str]
    words: Mapping[str, str]
    figures: Mapping[str, Mapping[str, str]]

    @cached_property
    def levels(self) -> list[DatasetLevel]:
        """Of each data set in use, as far as the settings allow; those of equal label, level and reason once."""
        changed = (self.read("hyperparameters")["origin"] == "changed").any()
        found: dict[tuple[str, Level, str], DatasetLevel] = {}
        for one in self.datasets.values():
            level, why = level_of_data(
                one["label"], one["caveat"], one["standing"], read_counts(one["counts"]), one["counted"]
            )
            if changed and level == LEVELS[-1]:
                level, why = "paper's data, smaller", "settings were changed"
            found.setdefault((one["label"], level, why), DatasetLevel(one["label"], level, why))
        return list(found.values())

    @property
    def evidence(self) -> dict[Level, list[str]]:
        """Level -> labels of the data sets that are of it, the strongest first."""
        found = {level: [one.label for one in self.levels if one.level == level] for level in reversed(LEVELS)}
        return {level: list(dict.fromkeys(labels)) for level, labels in found.items() if labels}

    @property
    def doubts(self) -> list[tuple[str, str]]:
        """Printed cells whose values do not fit, `table1/row/column`, and why."""
        return [
            (f"{one['table']}/{one['row']}/{one['column']}", note)
            for one in self.read("comparability").to_dict("records")
            for note in one["note"].split(BETWEEN)
            if note.startswith(DOUBT)
        ]

    @property
    def artefacts(self) -> list[str]:
        """Every table and figure."""
        tables = [one["file"] for one in self.scores.values()]
        return [*tables, *self.slides.values(), *self.words.values(), *(one["file"] for one in self.figures.values())]

    @cached_property
    def behind(self) -> Ancestry:
        """The records of everything that is shown."""
        return ancestry(self.artefacts)

    def read(self, name: str) -> pd.DataFrame:
        """A table of words, as text."""
        return pd.read_csv(self.words[name], dtype=str, keep_default_na=False)


def read_cells(file: str | Path) -> pd.DataFrame:
    """The cells of a table (`published_cells.COLUMNS`)."""
    texts = dict.fromkeys(("row", "column", "over", "comparable", "note"), str)
    numbers = ("value", "low", "high", "n", "seeds", "published", "published_sd")
    return pd.read_csv(file, dtype=texts, keep_default_na=False, na_values={name: [""] for name in numbers})
