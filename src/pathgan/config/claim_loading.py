"""The claims of a paper, read and checked: every cell, metric and margin that they name must be there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from pathgan.config.claim_pairs import Cells, pairs_of
from pathgan.config.claim_types import NEED_MARGIN, Claim, Claims, Contrast, Course, Operation, Place, Quantity
from pathgan.config.loading import explain
from pathgan.config.metric_table import metric_of
from pathgan.config.papers import Paper
from pathgan.config.runs.run import TrainedRun
from pathgan.config.table_types import ScoreTable
from pathgan.config.yaml_files import read_yaml
from pathgan.errors import ConfigError


def load_claims(path: Path, papers: Sequence[Paper], printed: Mapping[Place, str]) -> Claims:
    """The claims in `path`. papers: the paper under its presets, one of which must have each cell. printed: its printed
    cells, as text.

    Raises ConfigError for a wrong key, type or reference.
    """
    try:
        claims = Claims.model_validate(read_yaml(path))
    except ValidationError as error:
        raise ConfigError(explain(error, str(path), Claims)) from None
    problems = list(dict.fromkeys(_problems(claims, papers, printed)))
    if problems:
        raise ConfigError("\n".join(f"{path}: {problem}" for problem in problems))
    return claims


def cells_of(paper: Paper) -> Cells:
    """The cells of its tables of scores."""
    tables = ((name, table) for name, table in paper.tables.items() if isinstance(table, ScoreTable))
    return {name: {(cell.row, cell.column) for cell in table.cells if not cell.against} for name, table in tables}


def _merged(found: Sequence[Cells]) -> dict[str, set[tuple[str, str]]]:
    merged: dict[str, set[tuple[str, str]]] = {}
    for cells in found:
        for table, keys in cells.items():
            merged.setdefault(table, set()).update(keys)
    return merged


def metric_at(papers: Sequence[Paper], place: Place) -> str:
    """The metric of a cell, which one of the papers has. Raises KeyError where none does."""
    for paper in papers:
        table = paper.tables.get(place[0])
        if isinstance(table, ScoreTable) and place[2] in table.columns:
            return table.columns[place[2]].metric
    raise KeyError(place)


def direction_of(contrast: Contrast, metrics: tuple[str, ...]) -> str:
    """Which is better, `higher` or `lower`, of the metrics of the two arms; '' where nobody says."""
    if contrast.direction:
        return contrast.direction
    if contrast.near or contrast.of == "sd":
        return "lower"  # a distance, or a spread
    known = (metric_of(metric).better for metric in metrics)
    return next((better for better in known if better in ("higher", "lower")), "")


def _problems(claims: Claims, papers: Sequence[Paper], printed: Mapping[Place, str]) -> Iterator[str]:
    paper, cells = papers[0], _merged([cells_of(paper) for paper in papers])
    for table in claims.margins:
        yield from paper.check(f"margins.{table}", table, cells, "table of scores")
    for name, claim in claims.claims.items():
        where = f"claims.{name}"
        for dataset in claim.counted:
            yield from paper.check(f"{where}.counted", dataset, paper.datasets, "dataset")
        for key, equation in claim.arithmetic.items():
            quantities = (equation.value, *(() if equation.claimed is None else (equation.claimed,)))
            for quantity in quantities:
                yield from _of_quantity(f"{where}.arithmetic.{key}", quantity, printed)
        if claim.printed:
            yield from _unprinted(f"{where}.printed", claim.printed, printed)
        if claim.reading:
            known = {name for one in papers for name in one.sample_sets.keys() | one.images}
            for name in (claim.reading.of, claim.reading.against):
                yield from paper.check(f"{where}.reading", name, known, "sample set or dataset")
        if claim.course:
            for run in claim.course.runs:
                yield from _of_course(f"{where}.course", run, claim.course, paper)
        for index, contrast in enumerate(claim.decided_on):
            yield from _of_contrast(f"{where}.decided_on.{index}", claim, contrast, claims, papers, cells)
        if claim.printed and not claim.decided_on:
            yield from _of_contrast(f"{where}.printed", claim, claim.printed, claims, papers, cells)


def _of_quantity(where: str, quantity: Quantity, printed: Mapping[Place, str]) -> Iterator[str]:
    if isinstance(quantity, Operation):
        for part in (*quantity.sum, *quantity.product, *(quantity.difference or ()), *(quantity.ratio or ())):
            yield from _of_quantity(where, part, printed)
    elif isinstance(quantity, str) and tuple(quantity.split(":")) not in printed:
        yield f"{where}: expected a printed cell as table:row:column, got {quantity!r}, which published.csv lacks"


def _unprinted(where: str, contrast: Contrast, printed: Mapping[Place, str]) -> Iterator[str]:
    known: dict[str, set[tuple[str, str]]] = {}
    for table, row, column in printed:
        known.setdefault(table, set()).add((row, column))
    for table, row, column in pairs_of(contrast, known)[1]:
        yield f"{where}: {table} has no printed cell {row} / {column}"


def _of_course(where: str, name: str, course: Course, paper: Paper) -> Iterator[str]:
    yield from paper.check(where, name, paper.runs, "run")
    run = paper.runs.get(name)
    if run is None:
        return
    if not (isinstance(run, TrainedRun) and course.export in run.exports):
        yield f"{where}: {name!r} leaves no {course.export}"
    elif course.export == "evaluations":
        for measure in course.measures:
            yield from paper.check(f"{where}.measures", measure, run.evaluated, "measure")


def _of_contrast(
    where: str, claim: Claim, contrast: Contrast, claims: Claims, papers: Sequence[Paper], cells: Cells
) -> Iterator[str]:
    for arm in (contrast.a, *contrast.b):
        table = arm.rpartition(":")[0] or contrast.table
        yield from papers[0].check(f"{where}.table", table, cells, "table of scores")
        if table not in cells:
            return
    pairs, lacking = pairs_of(contrast, cells)
    yield from (f"{where}: {table} has no cell {row} / {column}" for table, row, column in lacking)
    for pair in pairs:
        metrics = tuple(metric_at(papers, place) for place in (pair.a, pair.b) if place)
        yield from _of_direction(where, claim, contrast, metrics)
        if claim.rule in NEED_MARGIN and claims.margin(claim, contrast, metrics[0]) is None:
            yield f"{where}.margin: expected one, of {metrics[0]}; the rule {claim.rule!r} needs it"


def _of_direction(where: str, claim: Claim, contrast: Contrast, metrics: tuple[str, ...]) -> Iterator[str]:
    known = {metric_of(metric).better for metric in metrics} & {"higher", "lower"}
    plain = contrast.of == "mean" and not contrast.near
    if contrast.direction and known and plain and contrast.direction not in known:
        yield f"{where}.direction: of {metrics[0]} {known.pop()} is better, got {contrast.direction!r}"
    elif claim.rule in ("better", "no_worse") and not direction_of(contrast, metrics):
        yield f"{where}.direction: expected higher or lower, as {metrics[0]} says neither"
