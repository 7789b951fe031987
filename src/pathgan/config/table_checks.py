"""Whether the cells of a table exist and mean what their headings say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pathgan.config.metric_table import METRICS, given_by, measured_by, metric_of
from pathgan.config.scores.distribution_score import OF_SOURCES
from pathgan.config.table_types import Cell, ScoreTable

if TYPE_CHECKING:
    from pathgan.config.papers import Paper


def column_problems(where: str, table: ScoreTable, paper: Paper) -> Iterator[str]:
    """Columns that say one metric and mean another."""
    for key, column in table.columns.items():
        named = key.rpartition("/")[2]
        if named != column.metric and named in METRICS:
            yield f"{where}.columns.{key}: is named after {named}, but its metric is {column.metric}"


def cell_problems(where: str, table: ScoreTable, paper: Paper) -> Iterator[str]:
    """Cells of runs that a score is not for, under another dataset, without their floors, or of no metric."""
    cells = table.cells
    if lacking := set(table.seeds or ()) - set(paper.seeds):
        yield f"{where}.seeds: expected some of the paper's, {paper.seeds}, got {lacking}"
    beside = {(cell.row, cell.dataset, cell.score, cell.metric) for cell in cells}
    for cell in cells:
        yield from paper.check(f"{where}.columns.{cell.column}.score", cell.score, paper.scores, "score")
        yield from _of_score(where, table, cell, paper)
        runs = paper.runs.keys() | paper.sample_sets.keys()
        yield from paper.check(f"{where}.rows.{cell.row}.run", cell.run, runs, "run")
        yield from paper.check(
            f"{where}.columns.{cell.column}.dataset", cell.dataset, paper.images, "dataset with images"
        )
        for floor in _floors(cell.metric):
            if (cell.row, cell.dataset, cell.score, floor) not in beside:
                yield f"{where}.columns.{cell.column}: {cell.metric} needs a column of {floor} beside it"


def _of_a_set(key: str) -> bool:
    try:
        return metric_of(key).of == "set"
    except KeyError:
        return False


def _floors(key: str) -> tuple[str, ...]:
    try:
        return metric_of(key).floors
    except KeyError:
        return ()  # which `_of_score` names


def _of_score(where: str, table: ScoreTable, cell: Cell, paper: Paper) -> Iterator[str]:
    score, run = paper.scores.get(cell.score), paper.run_behind(cell.run)
    row, column = f"{where}.rows.{cell.row}", f"{where}.columns.{cell.column}"
    if score is None:
        return
    known = set(measured_by(score, run))
    if cell.metric in OF_SOURCES and cell.metric in given_by(score.kind) and cell.metric not in known:
        yield f"{column}: {cell.metric} needs scores.{cell.score}.untranslated: true"
    elif run is not None and score.suits(run):
        yield from paper.check(f"{column}.metric", cell.metric, known, "metric")
        if cell.against:
            yield from paper.check(f"{column}.against", cell.against, known, "metric")
    yield from _of_folds(f"{row}.folds", table.rows[cell.row].folds, cell, paper)
    if run is None:
        return
    if not score.suits(run):
        yield f"{row}: {cell.score!r} is no score of the run {cell.run!r}"
        return
    for problem in score.misfits(cell.run, run, paper):
        of_option = problem.partition(":")[0] in type(score).model_fields
        yield f"scores.{cell.score}.{problem}" if of_option else f"{row}: {problem}"
    about = score.about(run)
    if about not in (None, cell.dataset):
        yield (
            f"{column}.dataset: expected {about!r}, which {cell.score!r} of {cell.run!r} is about, got {cell.dataset!r}"
        )


def _of_folds(where: str, folds: int | None, cell: Cell, paper: Paper) -> Iterator[str]:
    score, data = paper.scores[cell.score], paper.datasets.get(cell.dataset)
    if folds and not score.items_have_names:
        yield f"{where}: items of {cell.score!r} have no names of their own to pool"
    elif folds and _of_a_set(cell.metric):
        yield f"{where}: {cell.metric} is of a whole set, and cannot be pooled"
    elif folds and data is not None and data.folds != folds:
        yield f"{where}: expected {data.folds}, those of {cell.dataset!r}"
