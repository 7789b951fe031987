"""From YAML to types: defaults, preset, templates, checks; one error that names file, key, expected, got."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from pathgan.config.datasets import (
    CellDataset,
    FocusPhantom,
    ImageDataset,
    PlainDataset,
    PolygonDataset,
    SlideDataset,
)
from pathgan.config.models import (
    NETWORKS,
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
    Weights,
    Workflow,
)
from pathgan.config.plan import (
    EVALUATED,
    FLOORS_OF,
    OF_SOURCES,
    SCORE_METRICS,
    category_of,
    datasets_of,
    generating_runs,
    mask_maker_of,
    metrics_of,
    run_behind,
    sample_sets,
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
from pathgan.errors import ConfigError

PRESETS: tuple[str, ...] = get_args(Workflow.model_fields["preset"].annotation)
DISCRIMINATORS = ("adapter", "recipe", "kind")  # a changed one replaces the whole entry
MERGED = ("slides", "datasets", "runs", "samples", "scores", "tables", "figures")

Tree = dict[str, Any]


def load_workflow(raw: Mapping[str, Any], source: str = "config/config.yaml") -> Workflow:
    """Types `config/config.yaml` as Snakemake merged it with `--config`. Raises ConfigError."""
    raw = dict(raw)
    if isinstance(raw.get("papers"), str):  # --config papers=sharpgan
        raw["papers"] = raw["papers"].split(",")
    try:
        return Workflow.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(explain(error, source, Workflow)) from None


def load_weights_table(path: Path) -> dict[str, Weights]:
    """`config/weights.yaml`: network -> where its trained weights come from. Raises ConfigError."""
    entries = {}
    tree = _read(path)
    if set(tree) != set(NETWORKS):
        raise ConfigError(f"{path}: expected the networks {', '.join(NETWORKS)}, got {', '.join(map(str, tree))}")
    for name, entry in tree.items():
        try:
            entries[name] = Weights.model_validate(entry)
        except ValidationError as error:
            raise ConfigError(explain(error, f"{path}: {name}", Weights)) from None
    return entries


def load_paper(path: Path, preset: str, device: str = "auto") -> Paper:
    """The paper in `path` under a preset; its `{preset}/gpu` overlay is added where device is `gpu`.

    Raises ConfigError for a wrong key, type or reference, and for a hyper-parameter without a source.
    """
    tree = _read_paper(path)
    presets = tree.pop("presets", {}) or {}
    known = {*PRESETS, *(f"{name}/gpu" for name in PRESETS)}
    if preset != "paper" and preset not in presets:
        raise ConfigError(
            f"{path}: presets.{preset}: expected an entry, if need be {{}}: it would be the paper's own size"
        )
    for name in presets:
        if name not in known:
            raise ConfigError(f"{path}: presets.{name}: expected one of {', '.join(sorted(known))}")
    for name in (preset, f"{preset}/gpu") if device == "gpu" else (preset,):
        tree = merge(tree, presets.get(name) or {})
    defaults = tree.pop("defaults", {}) or {}
    for section in MERGED:
        tree[section] = expand_templates(tree.get(section) or {}, f"{path}: {section}")
    for name, run in tree["runs"].items():
        if isinstance(run, dict):
            tree["runs"][name] = merge(defaults.get(run.get("recipe"), {}), run)
    try:
        paper = Paper.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(explain(error, f"{path} (preset {preset})", Paper)) from None
    problems = [*dict.fromkeys(_broken_references(paper)), *_unsourced(paper)]  # a column has the same in every row
    if problems:
        raise ConfigError("\n".join(f"{path} (preset {preset}): {problem}" for problem in problems))
    return paper


def declared_presets(path: Path) -> list[str]:
    """The presets under which a paper can be asked for."""
    return [preset for preset in PRESETS if preset == "paper" or preset in (_read(path).get("presets") or {})]


def _read_paper(path: Path) -> Tree:
    """The file, merged over the one that it `extends`, whose presets stay behind: they are about its data."""
    tree = _read(path)
    if "extends" not in tree:
        return tree
    base_path = path.with_name(f"{tree['extends']}.yaml")
    base = _read(base_path)
    if "extends" in base:
        raise ConfigError(f"{path}: extends: {base_path.name} extends {base['extends']} itself; name that one")
    base.pop("presets", None)
    merged: Tree = merge(base, tree)
    return merged


def _read(path: Path) -> Tree:
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(file.stem for file in path.parent.glob("*.yaml"))) or "none"
        raise ConfigError(f"{path}: no such paper; there are: {known}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML: {error}") from None
    if not isinstance(tree, dict):
        raise ConfigError(f"{path}: expected a mapping, got {type(tree).__name__}")
    return tree


def merge(base: Any, overlay: Any) -> Any:
    """Deep merge: mappings merge key by key, anything else is replaced.

    An overlay that changes the adapter, recipe or kind replaces the whole entry: its old options would
    mean nothing to the new kind. `null` removes an entry.
    """
    if not isinstance(base, dict) or not isinstance(overlay, dict):
        return overlay
    if any(key in base and key in overlay and base[key] != overlay[key] for key in DISCRIMINATORS):
        return overlay
    merged = {key: merge(base[key], overlay[key]) if key in overlay else base[key] for key in base}
    merged |= {key: overlay[key] for key in overlay if key not in base}
    return {key: value for key, value in merged.items() if value is not None or key not in overlay}


def expand_templates(tree: Any, where: str) -> Any:
    """Writes out every entry that has `for_each: {name: [values]}` once a combination of values.

    `{name}` is replaced in the entry's key and in every string below it.
    """
    if isinstance(tree, list):
        return [expand_templates(item, where) for item in tree]
    if not isinstance(tree, dict):
        return tree
    out: Tree = {}
    for key, entry in tree.items():
        if not (isinstance(entry, dict) and "for_each" in entry):
            out[key] = expand_templates(entry, where)
            continue
        axes = entry["for_each"]
        if not isinstance(axes, dict) or not all(isinstance(values, list) for values in axes.values()):
            raise ConfigError(f"{where}.{key}.for_each: expected name: [values], got {axes!r}")
        body = {name: value for name, value in entry.items() if name != "for_each"}
        for values in itertools.product(*axes.values()):
            filled = _fill({key: body}, dict(zip(axes, values, strict=True)))
            clash = filled.keys() & out.keys()
            if clash:
                raise ConfigError(f"{where}.{key}: for_each makes {clash.pop()!r} twice; name it in the key")
            out |= filled
    return out


def _fill(tree: Any, values: Mapping[str, str]) -> Any:
    if isinstance(tree, str):
        for name, value in values.items():
            tree = tree.replace(f"{{{name}}}", str(value))
        return tree
    if isinstance(tree, dict):
        return {_fill(key, values): _fill(value, values) for key, value in tree.items()}
    return [_fill(item, values) for item in tree] if isinstance(tree, list) else tree


def explain(error: ValidationError, source: str, model: type[BaseModel]) -> str:
    """One line a problem: file, key, what was expected, what came, and the nearest known key."""
    lines = []
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"])
        got = problem["input"]
        if problem["type"] == "extra_forbidden":
            names = _field_names(model)
            near = difflib.get_close_matches(str(problem["loc"][-1]), names, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            lines.append(f"{source}: {key}: unknown key{hint}")
        elif problem["type"] == "missing":
            lines.append(f"{source}: {key}: expected a value, the key is missing")
        else:
            shown = repr(got) if not isinstance(got, dict) else f"a mapping with {', '.join(map(str, got))}"
            lines.append(f"{source}: {key}: {problem['msg']}, got {shown}")
    return "\n".join(lines)


def _field_names(model: type[BaseModel]) -> set[str]:
    """Every field name in a model's schema."""
    schema = model.model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    return {name for part in parts for name in part.get("properties", {})}


def _broken_references(paper: Paper) -> Iterator[str]:
    """References to runs, datasets, scores and sample sets that do not exist."""
    images = {name for name, data in paper.datasets.items() if not isinstance(data, PolygonDataset)}
    unmarked = SlideDataset | PlainDataset | CellDataset
    annotated = {name for name in images if not isinstance(paper.datasets[name], unmarked)}
    stacks = {name for name in images if isinstance(paper.datasets[name], CellDataset)}
    latent = {name for name, run in paper.runs.items() if isinstance(run, LatentRun)}
    samples = sample_sets(paper)
    generators = generating_runs(paper)
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


def hyper_parameters(paper: Paper) -> Iterator[tuple[str, Any]]:
    """Every leaf under `runs`: (`runs.NAME.training.crop_px`, value)."""

    def leaves(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(value, dict):
            for key, item in value.items():
                yield from leaves(f"{prefix}.{key}", item)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for item in value:
                rest = {key: entry for key, entry in item.items() if key != "kind"}
                yield from leaves(f"{prefix}.{item['kind']}", rest)
        else:
            yield prefix, value

    for name, run in paper.runs.items():
        yield from leaves(f"runs.{name}", run.model_dump(mode="json"))


def source_of(paper: Paper, key: str) -> str | None:
    """Where a hyper-parameter comes from: the first pattern of `sources` that matches its key."""
    return next((source for pattern, source in paper.sources.items() if fnmatchcase(key, pattern)), None)


def _unsourced(paper: Paper) -> Iterator[str]:
    for key, _ in hyper_parameters(paper):
        source = source_of(paper, key)
        if source is None:
            yield f"sources: {key} has no source; add a pattern that matches it, as 'default, Isola 2017'"
        elif not source.startswith(("paper", "default", "ours")):
            yield f"sources: {key}: expected 'paper, ...', 'default, ...' or 'ours: ...', got {source!r}"
