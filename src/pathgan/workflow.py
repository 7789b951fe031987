"""Which file needs which: the input functions, parameters and targets of the rules.

A path says everything, so each function takes the wildcards of a path (`preset`, `paper`, `run`, ...)
and answers from the configuration of that paper under that preset.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from pathgan.config.datasets import Download, FolderDataset
from pathgan.config.loading import PRESETS, declared_presets, load_paper
from pathgan.config.models import (
    STYLE_NETWORK,
    CountTable,
    CurveFigure,
    ImageFigure,
    Panel,
    Paper,
    Workflow,
)
from pathgan.config.plan import (
    Cell,
    conditions_of,
    datasets_of,
    label_of,
    sample_sets,
    table_cells,
    truth_of,
)
from pathgan.config.runs import CycleRun, SegmentationRun, StyleRun, TranslatingRun
from pathgan.datasets.layouts import raw_files
from pathgan.errors import ConfigError
from pathgan.provenance import code_digest
from pathgan.score_plan import ScorePlan
from pathgan.slide_plan import SlidePlan
from pathgan.weights_plan import WeightsPlan

HYPER_PARAMETERS = "hyperparameters"


def share_source() -> None:
    """Lets jobs import the package from this checkout, wherever their environment comes from."""
    source = str(Path(__file__).resolve().parents[1])
    others = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part and part != source]
    os.environ["PYTHONPATH"] = os.pathsep.join([source, *others])


def _entries(paper: Paper, section: str) -> dict[str, Any]:
    """Name -> entry; for sample sets the run behind each."""
    if section == "samples":
        return {name: paper.runs[samples.run] for name, samples in sample_sets(paper).items()}
    entries: dict[str, Any] = getattr(paper, section)
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
        self.slides = SlidePlan(self)
        self.scores = ScorePlan(self)
        self.weights = WeightsPlan(root / "config" / "weights.yaml", self.data_root)
        for name in workflow.papers:
            if name not in self.papers:
                raise ConfigError(
                    f"config/config.yaml: papers: no paper called {name!r}; there are: {', '.join(self.papers)}"
                )

    # --- targets ------------------------------------------------------------------------------------------

    def targets(self, preset: str, paper: str) -> list[str]:
        """Every table and figure of a paper."""
        config, base = self.paper(preset, paper), f"results/{preset}/{paper}"
        names = (*config.tables, *self.slides.tables(config), HYPER_PARAMETERS)
        tables = [f"{base}/tables/{name}.csv" for name in names]
        return [*tables, *(f"{base}/figures/{name}.png" for name in config.figures)]

    def presets_of(self, section: str, kind: type, others: bool = False) -> str:
        """The wildcard `preset` as a pattern that looks ahead: it fits where the path is one of an entry of a kind.

        So rules are told apart that make the same path from runs or datasets of different kinds. `others`: fits where
        the path is not.
        """
        folder, end = {
            "runs": ("models", "/"),
            "datasets": ("data", r"\.(h5|csv)$"),
            "samples": ("samples", "/"),
        }[section]
        paths = [
            f"{preset}/{paper}/{folder}/{re.escape(name)}{end}"
            for paper in self.papers
            for preset in self.presets(paper)
            for name, entry in _entries(self.paper(preset, paper), section).items()
            if isinstance(entry, kind)
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

    def training(self, w: Any) -> list[str]:
        return list(dict.fromkeys(path for source in self.sources(w) for path in self._source_files(source)))

    def synthesis(self, w: Any) -> dict[str, str]:
        config = self._paper(w)
        samples = conditions_of(config, w.samples)
        if samples is None:
            raise ConfigError(self._unknown(w, "samples", w.samples))
        model = f"{self.base(w)}/models/{samples.run}/seed{w.seed}"
        weights = {"weights": f"{model}/generator.safetensors"}
        if isinstance(config.runs[samples.run], CycleRun):
            weights["inverse"] = f"{model}/inverse.safetensors"
        return {**weights, **self.store(w, samples.dataset)}

    def stylization(self, w: Any) -> dict[str, str]:
        """Source and style images of a sample set, and the weights of the network that compares them."""
        run = StyleRun.model_validate(self.sampled_run(w))
        inputs = self.store(w, run.source)
        inputs |= {f"style_{name}": path for name, path in self.store(w, run.target).items()}
        return inputs | self.weights.inputs(w, STYLE_NETWORK)

    def segmentation(self, w: Any) -> dict[str, str]:
        return {
            "weights": f"{self.base(w)}/models/{w.segmenter}/seed{w.seed}/segmenter.safetensors",
            "images": self._images(w, w.images, w.seed),
            **self.store(w, truth_of(self._paper(w), w.images)),
        }

    def style_sources(self, w: Any) -> dict[str, dict[str, str]]:
        """`Source`s of the images to translate and of those that lend their style."""
        run = StyleRun.model_validate(self.sampled_run(w))
        return {"source": self.sample_source(w), "style": self._source(w, run.target, "train")}

    def table(self, w: Any) -> list[str]:
        """The score files of every cell, and the manifests that say which items belong together."""
        scores = [path for paths in self.score_files(w).values() for path in paths]
        return [*scores, *self.manifests(w).values()]

    def manifests(self, w: Any) -> dict[str, str]:
        """Dataset -> manifest, of every dataset that a table is about."""
        table = self.entry(w, "tables", w.table)
        if isinstance(table, CountTable):
            names = [name for row in table.rows.values() for name in row.datasets]
        else:
            cells = table_cells(table)
            names = [cell.dataset for cell in cells]
            names += [name for run in dict.fromkeys(cell.run for cell in cells) for name in self._translated(w, run)]
        return {name: self.store(w, name)["manifest"] for name in names}

    def table_inputs(self, w: Any) -> dict[str, list[str]]:
        """Run -> the datasets that it is made with, of every run of a table."""
        table = self.entry(w, "tables", w.table)
        cells = [] if isinstance(table, CountTable) else table_cells(table)
        return {cell.run: datasets_of(self._paper(w), cell.run) for cell in cells}

    def _translated(self, w: Any, run: str) -> list[str]:
        """The dataset whose items a run's samples are named after, where it is not the one that they look like."""
        entry = self._paper(w).runs[run]
        return [entry.source] if isinstance(entry, TranslatingRun) else []

    def score_files(self, w: Any) -> dict[str, list[str]]:
        """`run/score` -> one score file a seed, of every cell of a table."""
        table = self.entry(w, "tables", w.table)
        cells: list[Cell] = [] if isinstance(table, CountTable) else table_cells(table)
        return {
            f"{cell.run}/{cell.score}": [
                f"{self.base(w)}/scores/{cell.run}/seed{seed}/{cell.score}.csv" for seed in self._paper(w).seeds
            ]
            for cell in cells
        }

    def figure(self, w: Any) -> list[str]:
        curves = [file for seeds in self.evaluations(w).values() for file in seeds]
        files = curves + [file for panel in self.panels(w) for file in panel.values() if file.endswith((".h5", ".csv"))]
        return list(dict.fromkeys(files))

    def evaluations(self, w: Any) -> dict[str, list[str]]:
        """Run -> one file of evaluations a seed, of a figure of curves; nothing for a figure of images."""
        figure = self.entry(w, "figures", w.figure)
        if not isinstance(figure, CurveFigure):
            return {}
        return {
            run: [f"{self.base(w)}/models/{run}/seed{seed}/evaluations.csv" for seed in self._paper(w).seeds]
            for run in figure.curves
        }

    def panels(self, w: Any) -> list[dict[str, str]]:
        """What each panel of a figure shows: `file`, its `field`, and the `manifest` where rows are picked."""
        figure = self.entry(w, "figures", w.figure)
        return [self._panel(w, panel) for panel in figure.panels] if isinstance(figure, ImageFigure) else []

    def _panel(self, w: Any, panel: Panel) -> dict[str, str]:
        seed = self._paper(w).seeds[0]
        is_dataset = panel.of in self._paper(w).datasets
        truth = self.store(w, truth_of(self._paper(w), panel.of))
        if panel.by:
            file = f"{self.base(w)}/segmentations/{panel.by}/seed{seed}/{panel.of}.h5"
            return {"file": file, "field": "instances"}
        if panel.show in ("reconstruction", "residual"):
            samples = self._images(w, panel.of, str(seed))
            return {
                "file": samples,
                "field": "reconstructions",
                "original": truth["store"],
                "manifest": truth["manifest"],
            }
        if panel.show == "image" and not is_dataset:
            return {"file": self._images(w, panel.of, str(seed)), "field": "images"}
        field = "images" if panel.show == "image" else "instances"
        return {"file": truth["store"], "field": field, "manifest": truth["manifest"]}

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
                column["label"] = column["label"].replace("{label}", label_of(self._paper(w), column["dataset"]))
        return table

    def figure_config(self, w: Any) -> Any:
        """A figure with the datasets' labels in its titles."""
        figure = self.entry(w, "figures", w.figure).model_dump(mode="json")
        for panel in figure.get("panels", ()):
            panel["title"] = panel["title"].replace("{label}", label_of(self._paper(w), panel["of"]))
        return figure

    def trained_run(self, w: Any) -> Any:
        """What training a run depends on: all of it but the watershed, which reads what was trained."""
        return self.entry(w, "runs", w.run).model_dump(mode="json", exclude={"watershed"})

    def memory(self, w: Any, attempt: int) -> int:
        """Memory [MB]: the papers' sets of thousands of tiles are held whole."""
        return (12_000 if w.preset == "paper" else 3_000) * attempt

    def training_memory(self, w: Any, attempt: int) -> int:
        """Memory [MB] of a run on tens of thousands of tiles in two stains, which are held whole."""
        return (40_000 if w.preset == "paper" else 4_000) * attempt

    def style_weights(self, w: Any) -> str | None:
        return self.weights.used(w, STYLE_NETWORK)

    def sampled_run(self, w: Any) -> Any:
        """The run behind a sample set."""
        samples = conditions_of(self._paper(w), w.samples)
        if samples is None:
            raise ConfigError(self._unknown(w, "samples", w.samples))
        return self._paper(w).runs[samples.run].model_dump(mode="json")

    def sources(self, w: Any) -> list[dict[str, str]]:
        """`Source`s of a training run: datasets' training splits, and sample sets with their conditions."""
        run = self.entry(w, "runs", w.run)
        if isinstance(run, CycleRun):
            sides = ((run.source, "train"), (run.target, "train"), (run.source, "test"))
            return [self._source(w, name, split) for name, split in sides]
        names = run.train_on if isinstance(run, SegmentationRun) else (run.dataset,)
        return [self._source(w, name, "train") for name in names]

    def sample_source(self, w: Any) -> dict[str, str]:
        """The conditions of a sample set, or the images that it translates; its own do not exist yet."""
        source = self._source(w, w.samples, "test")
        samples = conditions_of(self._paper(w), w.samples)
        assert samples is not None  # `synthesis` has refused others
        translated = isinstance(self._paper(w).runs[samples.run], TranslatingRun)
        return {**source, "images": source["instances"] if translated else ""}

    def image_source(self, w: Any) -> dict[str, str]:
        """The images that a segmenter reads: a dataset's test split, or a sample set."""
        return self._source(w, w.images, "test")

    def paper_files(self, w: Any) -> list[str]:
        """The file of a paper, and the one that it extends."""
        names = [w.paper, self._paper(w).extends]
        return [f"config/papers/{name}.yaml" for name in names if name]

    def published_as(self, w: Any) -> str:
        """The paper whose printed values stand beside ours."""
        return self._paper(w).extends or str(w.paper)

    def caveats(self, w: Any) -> dict[str, str]:
        """Dataset -> why its numbers may not be compared with the paper's, '' where they may."""
        config = self._paper(w)
        return {
            name: "; ".join(text for text in (config.caveat, dataset.caveat) if text)
            for name, dataset in config.datasets.items()
        }

    def gpus(self, w: Any) -> int:
        """GPUs to ask a scheduler for: one for the paper's sizes, none for a demo."""
        wanted = self.workflow.device == "gpu" or (self.workflow.device == "auto" and w.preset == "paper")
        return int(wanted)

    def _code(self, rule: str) -> str:
        """Digest of a rule's script and of all that it imports from the package."""
        return code_digest(self.root / "scripts" / f"{rule}.py")

    # --- pieces -------------------------------------------------------------------------------------------

    def _load(self, preset: str, paper: str) -> Paper:
        return load_paper(self._file(paper), preset, self.workflow.device)

    def _file(self, paper: str) -> Path:
        return self.root / "config" / "papers" / f"{paper}.yaml"

    def _paper(self, w: Wildcards) -> Paper:
        return self.paper(w.preset, w.paper)

    def base(self, w: Wildcards) -> str:
        return f"results/{w.preset}/{w.paper}"

    def entry(self, w: Wildcards, section: str, name: str) -> Any:
        entries = getattr(self._paper(w), section)
        if name not in entries:
            raise ConfigError(self._unknown(w, section, name))
        return entries[name]

    def _unknown(self, w: Wildcards, section: str, name: str) -> str:
        known = ", ".join(getattr(self._paper(w), section))
        return f"config/papers/{w.paper}.yaml (preset {w.preset}): {section}: no {name!r}; there are: {known}"

    def store(self, w: Wildcards, dataset: str) -> dict[str, str]:
        base = f"{self.base(w)}/data/{dataset}"
        return {"store": f"{base}.h5", "manifest": f"{base}.csv"}

    def _images(self, w: Wildcards, images: str, seed: str) -> str:
        base = self.base(w)
        is_dataset = images in self._paper(w).datasets
        return f"{base}/data/{images}.h5" if is_dataset else f"{base}/samples/{images}/seed{seed}.h5"

    def _source(self, w: Any, name: str, split: str) -> dict[str, str]:
        samples = conditions_of(self._paper(w), name)
        truth = self.store(w, truth_of(self._paper(w), name))
        return {
            "images": self._images(w, name, w.seed),
            "instances": truth["store"],
            "manifest": truth["manifest"],
            "split": samples.split if samples else split,
        }

    def _source_files(self, source: dict[str, str]) -> list[str]:
        return [source["images"], source["instances"], source["manifest"]]
