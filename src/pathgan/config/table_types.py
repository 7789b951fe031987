"""What the tables of a paper hold, and what a table must know of each metric."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from pathgan.config.strict import Digits, Name, Positive, Seeds, Some, Strict

if TYPE_CHECKING:
    from pathgan.config.papers import Paper

SET = "set"  # the item, in a score file, of a score or fact of the whole set
MetricKey = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_/+-]*$")]


class Metric(Strict):
    """What a table must know of a metric; one whose key ends in / stands for all that begin so."""

    key: str
    better: Literal["higher", "lower", "near zero", "near real", ""]  # '' where neither is: floors, sizes, spreads
    of: Literal["items", "set"] = "items"  # one value per item, or one of the whole set
    floors: tuple[str, ...] = ()  # metrics without which it means nothing: a table must show them beside it
    is_of_real: bool = False  # of real images alone: the same for every seed, so that seeds give no interval
    network: str = ""  # on whose features it rests, by its name in `config/weights.yaml`
    all_right: float | None = None  # what a proportion is when all images are right; None for another kind
    counts: Literal["n_images", "n_real", "n_floor"] = "n_images"  # the fact that says what a value of a set rests on


class Heading(Strict):
    label: str
    digits: Digits | None = None  # the table's where not given


class Row(Strict):
    label: str
    run: str  # may hold {dataset}, the cell's; a sample set is as good, where samples are scored
    dataset: str | None = None  # the column's where not given
    folds: Positive | None = None  # of a cross-validation: run and dataset hold {fold}, 0 and up, all items count once

    @model_validator(mode="after")
    def _of_folds(self) -> Row:
        for name in (self.run, self.dataset or ""):
            if ("{fold}" in name) != (self.folds is not None):
                raise ValueError(f"folds: expected with {{fold}} in run and dataset, and nowhere else; got {name!r}")
        return self


class Column(Heading):
    label: str  # may hold {label}, the dataset's
    dataset: Name | None = None
    score: str  # may hold {dataset}, the cell's
    metric: MetricKey
    against: MetricKey | None = None  # the cell is the p of McNemar's exact test that both are right equally often


@dataclass(frozen=True)
class Cell:
    """One cell of a table, or one fold of it: which score file, and which metric in it."""

    row: str
    column: str
    run: str
    score: str
    metric: str
    dataset: str
    against: str | None = None


class Table(Strict):
    """A table of the paper, and where it has no counterpart for what is printed."""

    kind: str
    caption: str
    omitted: dict[str, str] = Field(default={})  # published row or column -> why this preset has none
    builder: ClassVar[str]  # the module whose `build` makes its cells

    def problems(self, where: str, paper: Paper) -> Iterator[str]:
        """What is wrong with it beside the other entries of its paper. where: its key, `tables.NAME`."""
        yield from ()


class ScoreTable(Table):
    """One cell a row and column: the mean over seeds of one metric of one score of one run."""

    kind: Literal["scores"]
    rows: dict[str, Row]
    columns: dict[str, Column]
    digits: Digits = 3
    seeds: Seeds | None = None  # the paper's where not given
    published_n: Positive | None = None  # images behind a printed percentage of right answers
    builder: ClassVar[str] = "pathgan.render.score_tables"

    @property
    def cells(self) -> list[Cell]:
        """Row by row and fold by fold; the dataset is '' where neither row nor column names one."""
        return [
            Cell(
                row,
                name,
                spec.run.replace("{dataset}", dataset).replace("{fold}", str(fold)),
                column.score.replace("{dataset}", dataset),
                column.metric,
                dataset,
                column.against,
            )
            for row, spec in self.rows.items()
            for name, column in self.columns.items()
            for fold in range(spec.folds or 1)
            for dataset in [(spec.dataset or column.dataset or "").replace("{fold}", str(fold))]
        ]


class CountRow(Strict):
    label: str
    datasets: Some[Name]  # or sample sets


class CountColumn(Heading):
    split: Literal["train", "validation", "test"]
    category: str | None = None  # any class where not given


class CountTable(Table):
    """How many images of a class lie on each side of a split; samples count as training images."""

    kind: Literal["counts"]
    rows: dict[str, CountRow]
    columns: dict[str, CountColumn]
    digits: Literal[0] = 0
    builder: ClassVar[str] = "pathgan.render.count_tables"

    @property
    def counted(self) -> list[str]:
        """The datasets and sample sets of all rows."""
        return [name for row in self.rows.values() for name in row.datasets]

    def problems(self, where: str, paper: Paper) -> Iterator[str]:
        known = paper.images | paper.sample_sets.keys()
        for key, row in self.rows.items():
            for name in row.datasets:
                yield from paper.check(f"{where}.rows.{key}.datasets", name, known, "dataset with images")
