"""Which entries of a paper stand behind a cell of a table: everything that could change its number."""

from __future__ import annotations

from pathgan.config.papers import Paper
from pathgan.config.reads import Read, Use
from pathgan.config.runs.classification_run import ClassificationRun
from pathgan.config.runs.run import GeneratingRun, TrainedRun
from pathgan.config.table_types import Cell


def entries_behind(paper: Paper, cell: Cell) -> list[str]:
    """`datasets.cpm`, `runs.enhanced-cpm`, ...: the run of a cell, its score, and all that either is made with."""
    found: dict[str, None] = {}
    run, score = paper.run_behind(cell.run), paper.scores[cell.score]
    if isinstance(run, ClassificationRun):  # of which a cell shows what one of its sets, or two, have taught
        found[f"runs.{cell.run}"] = None
        for name in (run.dataset, *(item for of in sets_of(cell) for item in run.train_on.get(of, ()))):
            _add(paper, name, found)
    _add(paper, cell.run, found)
    if cell.dataset:
        _add(paper, cell.dataset, found)
    found[f"scores.{cell.score}"] = None
    if run is not None:
        for reads in score.reads(cell.run, run, paper).values():
            for read in (reads,) if isinstance(reads, Read) else reads:
                _add(paper, read.of, found)
                _add(paper, read.by, found)
    return list(found)


def sets_of(cell: Cell) -> set[str]:
    """The training sets of a classifier that a cell is about, as `orig+prop` of `accuracy/orig+prop`."""
    return {key.partition("/")[2] for key in (cell.metric, cell.against) if key}


def entries_of(paper: Paper, name: str) -> list[str]:
    """The same of a dataset, a run or a sample set."""
    found: dict[str, None] = {}
    _add(paper, name, found)
    return list(found)


def _add(paper: Paper, name: str | None, found: dict[str, None]) -> None:
    if name in paper.datasets:
        found[f"datasets.{name}"] = None
        slides = getattr(paper.datasets[name], "slides", None)
        if isinstance(slides, str):
            found[f"slides.{slides}"] = None
        example = getattr(paper.datasets[name], "example", "")
        if example:
            _add(paper, example, found)
        return
    declared, samples = paper.samples.get(name or ""), paper.sample_sets.get(name or "")
    key = samples.run if samples else name
    new = {f"samples.{name}"} if declared else set()
    new |= {f"runs.{key}"} if key in paper.runs else set()
    if new <= found.keys():
        return
    found.update(dict.fromkeys(sorted(new)))
    run = paper.runs[key or ""]
    uses: list[Use] = list(run.uses.values()) if isinstance(run, TrainedRun) else []
    if samples and isinstance(run, GeneratingRun):
        uses += run.sample_uses(samples.dataset, samples.split).values()
        _add(paper, samples.dataset if samples.dataset != name else None, found)
    for ingredient in (*run.ingredients, *(part for use in uses for part in (use.of, use.masks))):
        _add(paper, ingredient, found)
