"""Whether the entries of a paper fit each other: every name that one of them uses must be another's."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from pathgan.config.datasets import (
    CellDataset,
    FocusPhantom,
    ImageDataset,
    PlainDataset,
    PolygonDataset,
    SlideDataset,
)
from pathgan.config.models import (
    AccuracyScore,
    CountTable,
    CoverageScore,
    CurveFigure,
    DistributionScore,
    FocusScore,
    ImageFigure,
    MemorisationScore,
    Paper,
    StackFigure,
)
from pathgan.config.plan import (
    EVALUATED,
    FLOORS_OF,
    OF_SOURCES,
    SCORE_METRICS,
    category_of,
    datasets_of,
    mask_maker_of,
    metrics_of,
    run_behind,
    scored_dataset,
    table_cells,
)
from pathgan.config.runs import (
    AugmentationRun,
    ClassificationRun,
    ClassRun,
    CycleRun,
    DefocusRun,
    FocusRun,
    LatentRun,
    MixtureRun,
    NoiseRun,
    PairedRun,
    Run,
    SegmentationRun,
    StackRun,
    TranslatingRun,
    WassersteinRun,
)


def broken_references(paper: Paper) -> Iterator[str]:
    """References to runs, datasets, scores and sample sets that do not exist."""
    images = {name for name, data in paper.datasets.items() if not isinstance(data, PolygonDataset)}
    unmarked = SlideDataset | PlainDataset | CellDataset
    annotated = {name for name in images if not isinstance(paper.datasets[name], unmarked)}
    stacks = {name for name in images if isinstance(paper.datasets[name], CellDataset)}
    latent = {name for name, run in paper.runs.items() if isinstance(run, LatentRun)}
    samples = paper.sample_sets
    generators = paper.generating_runs
    known_metrics = {metric for names in SCORE_METRICS.values() for metric in names}
    mixtures = {name for name, run in paper.runs.items() if isinstance(run, MixtureRun)}
    segmenters = mixtures | {name for name, run in paper.runs.items() if isinstance(run, SegmentationRun)}
    mask_makers = {name for name, run in paper.runs.items() if isinstance(run, NoiseRun) and run.makes == "masks"}

    def check(key: str, name: str, known: set[str], what: str) -> Iterator[str]:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(known))}"
            yield f"{key}: no {what} called {name!r}; {hint}"

    for name, dataset in paper.datasets.items():
        if isinstance(dataset, SlideDataset | CellDataset):
            yield from check(f"datasets.{name}.slides", dataset.slides, set(paper.slides), "set of slides")
        if isinstance(dataset, SlideDataset):
            slides = paper.slides.get(dataset.slides)
            if isinstance(slides, FocusPhantom):
                yield f"datasets.{name}.slides: {dataset.slides!r} holds focus stacks of cells; use `adapter: cells`"
            elif dataset.registered_to and slides:
                fixed = slides.fixed
                if dataset.registered_to != fixed:
                    yield f"datasets.{name}.registered_to: expected {fixed!r}, the fixed stain of {dataset.slides!r}"
    for name in sorted(samples.keys() & paper.datasets.keys()):
        yield f"samples.{name}: a dataset has the same name; rename one of them"
    for name, run in paper.runs.items():
        if isinstance(run, SegmentationRun):
            for item in run.train_on:
                yield from check(f"runs.{name}.train_on", item, images | samples.keys(), "dataset or sample set")
                if item in samples and samples[item].dataset in images:
                    yield f"runs.{name}.train_on: {item} holds test masks; declare a sample set of polygons"
        elif isinstance(run, TranslatingRun):
            for key in ("source", "target"):
                yield from check(f"runs.{name}.{key}", getattr(run, key), images, "dataset with images")
        elif isinstance(run, ClassificationRun):
            yield from check(f"runs.{name}.dataset", run.dataset, images, "dataset with images")
            for item in dict.fromkeys(item for items in run.train_on.values() for item in items):
                yield from check(f"runs.{name}.train_on", item, {run.dataset} | samples.keys(), "set of this dataset")
                if item in samples:
                    yield from _leaks(paper, name, run, item)
        elif isinstance(run, PairedRun | NoiseRun):
            if run.masks:
                yield from check(f"runs.{name}.masks", run.masks, mixtures, "run of the recipe `mixture`")
            needs_masks = isinstance(run, PairedRun) or run.makes == "masks"
            known, what = (annotated, "dataset with masks") if needs_masks and not run.masks else (images, "dataset")
            yield from check(f"runs.{name}.dataset", run.dataset, known, what)
        elif isinstance(run, AugmentationRun):
            yield from check(f"runs.{name}.dataset", run.dataset, images, "dataset with images")
        elif isinstance(run, LatentRun | FocusRun | DefocusRun):
            yield from check(f"runs.{name}.dataset", run.dataset, stacks, "dataset of focus stacks")
            if not isinstance(run, DefocusRun) and run.start_from:
                alike = {key for key, other in paper.runs.items() if key != name and _same_networks(run, other)}
                yield from check(f"runs.{name}.start_from", run.start_from, alike, "run of the same networks")
                if _starts_in_a_circle(paper, name):
                    yield f"runs.{name}.start_from: {run.start_from!r} starts, in the end, from {name!r} itself"
                    return
    for name, entry in paper.samples.items():
        yield from check(f"samples.{name}.run", entry.run, set(generators), "generating run")
        if isinstance(paper.runs.get(entry.run), ClassRun | LatentRun | DefocusRun):
            yield f"samples.{name}.run: {entry.run!r} makes a set of its own name; use that one"
        by = paper.runs.get(entry.run)
        makers = mask_makers if isinstance(by, PairedRun) else latent if isinstance(by, FocusRun) else set()
        yield from check(f"samples.{name}.dataset", entry.dataset, paper.datasets.keys() | makers, "dataset")
    for name, score in paper.scores.items():
        if score.kind == "utility":
            yield from check(f"scores.{name}.segmenter", score.segmenter, segmenters, "segmentation run")
        if score.kind == "segmentation":
            yield from check(f"scores.{name}.dataset", score.dataset, annotated, "dataset with masks")
        if score.kind == "distribution" and score.real:
            yield from check(f"scores.{name}.real", score.real, images, "dataset with images")
        if score.kind == "preservation":
            for category, real in score.classes.items():
                yield from check(f"scores.{name}.classes.{category}", real, images, "dataset with images")
    for name, table in paper.tables.items():
        if isinstance(table, CountTable):
            for key, row in table.rows.items():
                for entry_name in row.datasets:
                    counted = images | samples.keys()
                    yield from check(f"tables.{name}.rows.{key}.datasets", entry_name, counted, "dataset with images")
            continue
        for key, column in table.columns.items():
            where = f"tables.{name}.columns.{key}"
            yield from check(f"{where}.score", column.score, set(paper.scores), "score")
            named = key.rpartition("/")[2]
            if named != column.metric and named in known_metrics:
                yield f"{where}: is named after {named}, but its metric is {column.metric}"
        cells = table_cells(table)
        for cell in cells:
            scored_by, by = paper.scores.get(cell.score), run_behind(paper, cell.run)
            if scored_by:
                where = f"tables.{name}.columns.{cell.column}"
                metrics = set(metrics_of(scored_by, by))
                yield from check(f"{where}.metric", cell.metric, metrics, "metric")
                if cell.against:
                    yield from check(f"{where}.against", cell.against, metrics, "metric")
            if isinstance(scored_by, AccuracyScore) != isinstance(by, ClassificationRun):
                yield f"tables.{name}.rows.{cell.row}: {cell.score!r} is no score of the run {cell.run!r}"
            of_stacks = isinstance(by, StackRun) and cell.run in paper.runs
            if by and isinstance(scored_by, FocusScore) != isinstance(by, StackRun | LatentRun):
                yield f"tables.{name}.rows.{cell.row}: {cell.score!r} is no score of the run {cell.run!r}"
            elif isinstance(scored_by, FocusScore) and by and not of_stacks:
                yield f"tables.{name}.rows.{cell.row}: {cell.run!r} holds no stacks of test cells to compare with"
            data = paper.datasets.get(cell.dataset)
            folds = table.rows[cell.row].folds
            if folds and not isinstance(scored_by, AccuracyScore):
                yield f"tables.{name}.rows.{cell.row}.folds: items of {cell.score!r} have no names of their own to pool"
            elif folds and isinstance(data, ImageDataset) and data.split.folds != folds:
                yield f"tables.{name}.rows.{cell.row}.folds: expected {data.split.folds}, those of {cell.dataset!r}"
            if isinstance(scored_by, MemorisationScore) and by and not category_of(paper, cell.run):
                yield f"tables.{name}.rows.{cell.row}: {cell.run!r} makes no samples of one class"
            if isinstance(scored_by, CoverageScore) and by and not mask_maker_of(paper, cell.run):
                yield f"tables.{name}.rows.{cell.row}: no GAN made masks of {cell.run!r}"
            untranslated = isinstance(scored_by, DistributionScore) and scored_by.untranslated
            if untranslated and not isinstance(by, TranslatingRun):
                yield f"scores.{cell.score}.untranslated: {cell.run!r} translates nothing; take it away"
            if cell.metric in OF_SOURCES and not untranslated:
                yield f"tables.{name}.columns.{cell.column}: {cell.metric} needs scores.{cell.score}.untranslated: true"
        beside = {(cell.row, cell.dataset, cell.score, cell.metric) for cell in cells}
        for cell in cells:
            yield from check(f"tables.{name}.rows.{cell.row}.run", cell.run, paper.runs.keys() | samples.keys(), "run")
            where = f"tables.{name}.columns.{cell.column}"
            yield from check(f"{where}.dataset", cell.dataset, images, "dataset with images")
            scored = scored_dataset(paper, cell)
            if scored not in (None, cell.dataset):
                yield (
                    f"{where}.dataset: expected {scored!r}, which {cell.score!r} of {cell.run!r} is about, "
                    f"got {cell.dataset!r}"
                )
            for floor in FLOORS_OF.get(cell.metric, ()):
                if (cell.row, cell.dataset, cell.score, floor) not in beside:
                    yield f"{where}: {cell.metric} needs a column of {floor} beside it"
    for name, figure in paper.figures.items():
        if isinstance(figure, CurveFigure):
            cycles = {run for run, entry in paper.runs.items() if isinstance(entry, CycleRun)}
            for curve in figure.curves:
                yield from check(f"figures.{name}.curves", curve, cycles, "run of the recipe `cycle`")
            for metric in figure.metrics:
                yield from check(f"figures.{name}.metrics", metric, set(EVALUATED), "evaluated metric")
            continue
        shown = (figure.of,) if isinstance(figure, StackFigure) else getattr(figure, "profiles", ())
        for entry_name in shown:
            made = {key for key, entry in samples.items() if isinstance(paper.runs.get(entry.run), StackRun)}
            yield from check(f"figures.{name}", entry_name, stacks | made, "set of focus stacks")
        for panel in figure.panels if isinstance(figure, ImageFigure) else ():
            yield from check(f"figures.{name}", panel.of, paper.datasets.keys() | samples.keys(), "images")
            if panel.by:
                yield from check(f"figures.{name}", panel.by, segmenters, "segmentation run")


def _same_networks(run: WassersteinRun, other: Run) -> bool:
    """Whether weights of one fit the other."""
    keys = {"recipe", "width", "critic", "n_latent", "n_layers"}
    if run.model_dump(include=keys) != other.model_dump(include=keys):
        return False
    return not isinstance(run, LatentRun) or run.training.crop_px == other.training.crop_px  # type: ignore[union-attr]


def _starts_in_a_circle(paper: Paper, name: str) -> bool:
    seen, run = {name}, paper.runs.get(name)
    while isinstance(run, LatentRun | FocusRun) and run.start_from:
        if run.start_from in seen:
            return True
        seen.add(run.start_from)
        run = paper.runs.get(run.start_from)
    return False


def _leaks(paper: Paper, name: str, run: ClassificationRun, item: str) -> Iterator[str]:
    """Samples that a classifier must not train on: those of other images than its own training ones."""
    others = set(datasets_of(paper, item)) - {run.dataset}
    if others:
        yield (
            f"runs.{name}.train_on: {item!r} is made with {sorted(others)[0]!r}, whose training images may be test "
            f"images of {run.dataset!r}; name samples of a model that is trained on {run.dataset!r}"
        )
    elif not category_of(paper, item):
        yield f"runs.{name}.train_on: {item!r} is of no one class, so that its images have no label"
