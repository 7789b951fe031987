"""Which file needs which: the input functions, parameters and targets of the rules.

A path says everything, so each function takes the wildcards of a path (`preset`, `paper`, `run`, ...)
and answers from the configuration of that paper under that preset.
"""

from __future__ import annotations

import csv
import re
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from pathgan.config.datasets import Download, FolderDataset
from pathgan.config.loading import PRESETS, PUBLISHED, declared_presets, load_paper
from pathgan.config.models import (
    CountTable,
    CurveFigure,
    ImageFigure,
    Panel,
    Paper,
    ScoreTable,
    StackFigure,
    Workflow,
)
from pathgan.config.plan import (
    Cell,
    category_of,
    conditions_of,
    datasets_of,
    label_of,
    maker_of,
    run_behind,
    table_cells,
    truth_of,
)
from pathgan.config.runs import (
    PairedRun,
    TranslatingRun,
)
from pathgan.datasets.layouts import raw_files
from pathgan.errors import ConfigError
from pathgan.provenance import code_digest
from pathgan.resources import Resources
from pathgan.sample_plan import SamplePlan
from pathgan.score_plan import ScorePlan
from pathgan.slide_plan import SlidePlan
from pathgan.training_plan import TrainingPlan
from pathgan.weights_plan import WeightsPlan

HYPER_PARAMETERS = "hyperparameters"


def _entries(paper: Paper, section: str) -> dict[str, Any]:
    """Name -> entry; for sample sets what makes each."""
    if section == "samples":
        return {name: maker_of(paper, name) for name in paper.sample_sets}
    entries: dict[str, Any] = getattr(paper, "runs" if section == "segmenters" else section)
    return entries


def _archive(origin: Download) -> str:
    """The name of an archive as a file may bear it: without a query, of letters, digits, dots, _ and -."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", Path(urlsplit(origin.url).path).name)


class Wildcards(Protocol):
    preset: str
    paper: str


class Plan:
    """The workflow's knowledge of papers. `root`: the folder of the Snakefile."""

    def __init__(self, workflow: Workflow, root: Path):
        self.workflow = workflow
        self.root = root
        self.data_root = Path(workflow.data_root)
        self.papers = sorted(path.stem for path in (root / "config" / "papers").glob("*.yaml"))
        self.paper = lru_cache(maxsize=None)(self._load)
        self.presets = lru_cache(maxsize=None)(lambda paper: declared_presets(self._file(paper)))
        self.code = lru_cache(maxsize=None)(self._code)
        self.resources = Resources(workflow)
        self.slides = SlidePlan(self)
        self.training = TrainingPlan(self)
        self.samples = SamplePlan(self)
        self.scores = ScorePlan(self)
        self.weights = WeightsPlan(root / "config" / "weights.yaml", self.data_root)
        for name in workflow.papers:
            if name not in self.papers:
                raise ConfigError(
                    f"config/config.yaml: papers: no paper called {name!r}; there are: {', '.join(self.papers)}"
                )

    # --- targets ------------------------------------------------------------------------------------------

    def targets(self, preset: str, paper: str) -> list[str]:
        """Every table and figure of a paper, and the page that says where they come from."""
        return [*self.results(preset, paper), f"results/{preset}/{paper}/provenance.html"]

    def results(self, preset: str, paper: str) -> list[str]:
        """Every table and figure of a paper."""
        config, base = self.paper(preset, paper), f"results/{preset}/{paper}"
        names = (*config.tables, *self.slides.tables(config), HYPER_PARAMETERS)
        tables = [f"{base}/tables/{name}.csv" for name in names]
        return [*tables, *(f"{base}/figures/{name}.png" for name in config.figures)]

    def presets_of(self, section: str, kind: Any, others: bool = False, **options: Any) -> str:
        """The wildcard `preset` as a pattern that looks ahead: it fits where the path is one of an entry of a kind.

        So rules are told apart that make the same path from runs or datasets of different kinds. `options`: the entry
        has these, where it has such options. `others`: fits where the path is not one.
        """
        folder, end = {
            "runs": ("models", "/"),
            "datasets": ("data", r"\.(h5|csv)$"),
            "samples": ("samples", "/"),
            "segmenters": ("segmentations", "/"),
        }[section]
        paths = [
            f"{preset}/{paper}/{folder}/{re.escape(name)}{end}"
            for paper in self.papers
            for preset in self.presets(paper)
            for name, entry in _entries(self.paper(preset, paper), section).items()
            if isinstance(entry, kind) and all(getattr(entry, key, value) == value for key, value in options.items())
        ]
        return f"(?{'!' if others else '='}{'|'.join(paths) or '(?!)'})({'|'.join(PRESETS)})"

    # --- inputs -------------------------------------------------------------------------------------------

    def raw(self, w: Any) -> list[str]:
        """The files that a dataset is read from, or the receipt of the download that brings them.

        The receipt stays the input once it is there: files that appear would make a new set of inputs.
        """
        dataset = self.entry(w, "datasets", w.dataset)
        found = [str(path) for path in raw_files(dataset, self.data_root)]
        if isinstance(getattr(dataset, "origin", None), Download):
            receipt = self.data_root / dataset.folder / f"{_archive(dataset.origin)}.fetched.json"
            nothing = not any(receipt.parent.glob("*"))  # a user's own files are never downloaded over
            return [str(receipt)] if receipt.exists() or nothing else found
        return found

    def download(self, w: Any) -> Any:
        """Where an archive comes from. Raises ConfigError where no dataset names it, or several do not agree."""
        origins = (
            dataset.origin
            for paper in self.papers
            for preset in self.presets(paper)
            for dataset in self.paper(preset, paper).datasets.values()
            if isinstance(dataset, FolderDataset) and dataset.folder == w.folder
        )
        found = {origin for origin in origins if isinstance(origin, Download) and _archive(origin) == w.archive}
        if len(found) != 1:
            what = "several datasets name it, with other checksums or limits" if found else "no dataset names it"
            raise ConfigError(f"config/papers: the archive {w.archive} of the folder {w.folder}: {what}")
        return found.pop().model_dump(mode="json")

    def segmentation(self, w: Any) -> dict[str, str]:
        return {
            "weights": f"{self.base(w)}/models/{w.segmenter}/seed{w.seed}/segmenter.safetensors",
            "images": self.images(w, w.images, w.seed),
            **self.store(w, truth_of(self.of(w), w.images)),
        }

    def segmented(self, w: Any) -> str:
        """The store of a dataset or sample set."""
        return self.images(w, w.images, w.seed)

    def table(self, w: Any) -> list[str]:
        """The score files of every cell, and the manifests that say which items belong together."""
        scores = [path for paths in self.score_files(w).values() for path in paths]
        return [*scores, *self.manifests(w).values(), *(sample["file"] for sample in self.counted_samples(w).values())]

    def manifests(self, w: Any) -> dict[str, str]:
        """Dataset -> manifest, of every dataset that a table is about."""
        table = self.entry(w, "tables", w.table)
        if isinstance(table, CountTable):
            counted = [name for row in table.rows.values() for name in row.datasets]
            names = [name for name in counted if name in self.of(w).datasets]
        else:
            cells = table_cells(table)
            names = [cell.dataset for cell in cells]
            names += [name for run in dict.fromkeys(cell.run for cell in cells) for name in self._translated(w, run)]
        return {name: self.store(w, name)["manifest"] for name in names}

    def counted_samples(self, w: Any) -> dict[str, dict[str, str]]:
        """Sample set -> its `file` of counts and `category`, of all that a table counts: of the first seed."""
        table, paper = self.entry(w, "tables", w.table), self.of(w)
        if not isinstance(table, CountTable):
            return {}
        names = [name for row in table.rows.values() for name in row.datasets if name not in paper.datasets]
        seed = str(paper.seeds[0])
        return {
            name: {"file": f"{self.base(w)}/counts/{name}/seed{seed}.csv", "category": category_of(paper, name)}
            for name in names
        }

    def table_inputs(self, w: Any) -> dict[str, list[str]]:
        """Run -> the datasets that it is made with, of every run of a table."""
        table = self.entry(w, "tables", w.table)
        names = [cell.run for cell in table_cells(table)] if isinstance(table, ScoreTable) else self.counted_samples(w)
        return {name: datasets_of(self.of(w), name) for name in names}

    def _translated(self, w: Any, run: str) -> list[str]:
        """The dataset whose items a run's samples are named after, where it is not the one that they look like."""
        entry = run_behind(self.of(w), run)
        return [entry.source] if isinstance(entry, TranslatingRun) else []

    def score_files(self, w: Any) -> dict[str, list[str]]:
        """`run/score` -> one score file a seed, of every cell of a table."""
        table = self.entry(w, "tables", w.table)
        cells: list[Cell] = [] if isinstance(table, CountTable) else table_cells(table)
        return {
            f"{cell.run}/{cell.score}": [
                f"{self.base(w)}/scores/{cell.run}/seed{seed}/{cell.score}.csv" for seed in self.of(w).seeds
            ]
            for cell in cells
        }

    def figure(self, w: Any) -> list[str]:
        curves = [file for seeds in self.evaluations(w).values() for file in seeds]
        shown = [*self.panels(w), *self.shown_stacks(w).values()]
        files = curves + [file for part in shown for file in part.values() if file.endswith((".h5", ".csv"))]
        return list(dict.fromkeys(files))

    def shown_stacks(self, w: Any) -> dict[str, dict[str, str]]:
        """Set -> its `file`, and the `manifest` where test rows are picked, of a figure of focus stacks or profiles."""
        figure = self.entry(w, "figures", w.figure)
        names = [figure.of] if isinstance(figure, StackFigure) else list(getattr(figure, "profiles", ()))
        seed = str(self.of(w).seeds[0])
        of_dataset = {name: {"manifest": self.store(w, name)["manifest"]} for name in self.of(w).datasets}
        return {name: {"file": self.images(w, name, seed), **of_dataset.get(name, {})} for name in names}

    def evaluations(self, w: Any) -> dict[str, list[str]]:
        """Run -> one file of evaluations a seed, of a figure of curves; nothing for a figure of images."""
        figure = self.entry(w, "figures", w.figure)
        if not isinstance(figure, CurveFigure):
            return {}
        return {
            run: [f"{self.base(w)}/models/{run}/seed{seed}/evaluations.csv" for seed in self.of(w).seeds]
            for run in figure.curves
        }

    def panels(self, w: Any) -> list[dict[str, str]]:
        """What each panel of a figure shows: `file`, its `field`, and the `manifest` where rows are picked."""
        figure = self.entry(w, "figures", w.figure)
        return [self._panel(w, panel) for panel in figure.panels] if isinstance(figure, ImageFigure) else []

    def _panel(self, w: Any, panel: Panel) -> dict[str, str]:
        seed = str(self.of(w).seeds[0])
        truth = self._truth(w, panel.of, seed)
        images = self.images(w, panel.of, seed)
        of_dataset = {"manifest": truth["manifest"]} if panel.of in self.of(w).datasets else {}
        if panel.by:
            file = f"{self.base(w)}/segmentations/{panel.by}/seed{seed}/{panel.of}.h5"
            outlined = {"original": images} if panel.show == "outlines" else {}
            return {"file": file, "field": "instances", **outlined, **of_dataset}
        if panel.show in ("reconstruction", "residual"):
            original = {"original": truth["store"], "manifest": truth["manifest"]}
            return {"file": images, "field": "reconstructions", **original}
        if panel.show == "image":
            return {"file": images, "field": "images", **of_dataset}
        return {
            "file": truth["store"],
            "field": "instances",
            **({"manifest": truth["manifest"]} if truth["manifest"] else {}),
        }

    # --- parameters ---------------------------------------------------------------------------------------

    def slice(self, section: str, wildcard: str) -> Any:
        """A function of wildcards: the configuration of one entry, for `params`, so that a change re-runs."""

        def params(w: Any) -> Any:
            return self.entry(w, section, getattr(w, wildcard)).model_dump(mode="json")

        return params

    def table_config(self, w: Any) -> Any:
        """A table with the datasets' labels in its headings."""
        table = self.entry(w, "tables", w.table).model_dump(mode="json")
        for column in table["columns"].values():
            if column.get("dataset"):
                column["label"] = column["label"].replace("{label}", label_of(self.of(w), column["dataset"]))
        return table

    def figure_config(self, w: Any) -> Any:
        """A figure with the datasets' labels in its titles."""
        figure = self.entry(w, "figures", w.figure).model_dump(mode="json")
        for panel in figure.get("panels", ()):
            panel["title"] = panel["title"].replace("{label}", label_of(self.of(w), panel["of"]))
        return figure

    def image_source(self, w: Any) -> dict[str, str]:
        """The images that a segmenter reads: a dataset's test split, or a sample set."""
        return self.source(w, w.images, "test")

    def paper_files(self, w: Any) -> list[str]:
        """The file of a paper, and the one that it extends."""
        names = [w.paper, self.of(w).extends]
        return [f"config/papers/{name}.yaml" for name in names if name]

    def published(self, w: Any) -> list[dict[str, str]]:
        """The printed cells of a table, as text: those of the paper, or of the one that it extends."""
        paper = self.of(w).extends or str(w.paper)
        return [
            {key: value for key, value in row.items() if key != "paper"}
            for row in self._printed
            if (row["paper"], row["table"]) == (paper, w.table)
        ]

    @cached_property
    def _printed(self) -> list[dict[str, str]]:
        with (self.root / PUBLISHED).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file, restval=""))

    def caveats(self, w: Any) -> dict[str, str]:
        """Dataset -> why its numbers may not be compared with the paper's, '' where they may."""
        config = self.of(w)
        return {
            name: "; ".join(text for text in (config.caveat, dataset.caveat) if text)
            for name, dataset in config.datasets.items()
        }

    def _code(self, rule: str) -> str:
        """Digest of a rule's script and of all that it imports from the package."""
        return code_digest(self.root / "scripts" / f"{rule}.py")

    # --- pieces -------------------------------------------------------------------------------------------

    def _load(self, preset: str, paper: str) -> Paper:
        return load_paper(self._file(paper), preset, self.workflow.device)

    def _file(self, paper: str) -> Path:
        return self.root / "config" / "papers" / f"{paper}.yaml"

    def of(self, w: Wildcards) -> Paper:
        return self.paper(w.preset, w.paper)

    def base(self, w: Wildcards) -> str:
        return f"results/{w.preset}/{w.paper}"

    def entry(self, w: Wildcards, section: str, name: str) -> Any:
        entries = getattr(self.of(w), section)
        if name not in entries:
            raise ConfigError(self.unknown(w, section, name))
        return entries[name]

    def scored(self, w: Any) -> Any:
        """The run that a score is of, or the one behind the samples that it is of."""
        run = run_behind(self.of(w), w.run)
        return self.entry(w, "runs", w.run) if run is None else run

    def unknown(self, w: Wildcards, section: str, name: str) -> str:
        known = ", ".join(getattr(self.of(w), section))
        return f"config/papers/{w.paper}.yaml (preset {w.preset}): {section}: no {name!r}; there are: {known}"

    def store(self, w: Wildcards, dataset: str) -> dict[str, str]:
        base = f"{self.base(w)}/data/{dataset}"
        return {"store": f"{base}.h5", "manifest": f"{base}.csv"}

    def images(self, w: Wildcards, images: str, seed: str) -> str:
        base = self.base(w)
        is_dataset = images in self.of(w).datasets
        return f"{base}/data/{images}.h5" if is_dataset else f"{base}/samples/{images}/seed{seed}.h5"

    def _truth(self, w: Any, name: str, seed: str) -> dict[str, str]:
        """The store that holds the instances of a dataset or sample set, or what samples are translated from; and its
        manifest, '' where it is a set of samples."""
        paper, truth = self.of(w), truth_of(self.of(w), name)
        store = (
            self.store(w, truth) if truth in paper.datasets else {"store": self.images(w, truth, seed), "manifest": ""}
        )
        samples = conditions_of(paper, name)
        run = paper.runs[samples.run] if samples else None
        if isinstance(run, PairedRun) and run.masks and truth in paper.datasets:
            store["store"] = self._masks(w, run.masks, truth, seed)
        return store

    def _masks(self, w: Any, masks: str, images: str, seed: str) -> str:
        return f"{self.base(w)}/segmentations/{masks}/seed{seed}/{images}.h5"

    def source(self, w: Any, name: str, split: str, category: str = "", masks: str | None = None) -> dict[str, str]:
        """`masks`: the run whose nuclei take the place of the dataset's own."""
        samples, truth = conditions_of(self.of(w), name), self._truth(w, name, w.seed)
        return {
            "images": self.images(w, name, w.seed),
            "instances": self._masks(w, masks, name, w.seed) if masks else truth["store"],
            "manifest": truth["manifest"],
            "split": samples.split if samples else split,
            "category": category or category_of(self.of(w), name),
        }

    def shown(self, w: Any, name: str, split: str, category: str = "") -> dict[str, str]:
        """A source whose images alone are wanted."""
        return {**self.source(w, name, split, category), "instances": ""}
