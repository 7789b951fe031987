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
    Samples,
    ScoreTable,
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
    sample_sets,
    table_cells,
    truth_of,
)
from pathgan.config.runs import (
    AugmentationRun,
    ClassificationRun,
    ClassRun,
    CycleRun,
    NoiseRun,
    PairedRun,
    StyleRun,
    TranslatingRun,
)
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
    """Name -> entry; for sample sets what makes each."""
    if section == "samples":
        return {name: maker_of(paper, name) for name in sample_sets(paper)}
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

    def training(self, w: Any) -> list[str]:
        return _files(self.sources(w))

    def synthesis(self, w: Any) -> dict[str, str]:
        run = self._behind(w)
        model = f"{self.base(w)}/models/{self._samples(w).run}/seed{w.seed}"
        weights = {"weights": f"{model}/generator.safetensors"}
        if isinstance(run, CycleRun):
            weights["inverse"] = f"{model}/inverse.safetensors"
        source = self.sample_source(w)
        conditions = {"store": source["instances"], "manifest": source["manifest"]}
        return {**weights, **{name: path for name, path in conditions.items() if path}}

    def classification(self, w: Any) -> dict[str, Any]:
        """All images of a `classification` run, and the first weights of its network."""
        images: dict[str, Any] = {"images": self.training(w)}
        network = self.entry(w, "runs", w.run).network
        return images if self.first_weights(w) is None else images | self.weights.inputs(w, network)

    def first_weights(self, w: Any) -> str | None:
        """The sha256 of ImageNet's weights; None for random ones."""
        run = self.entry(w, "runs", w.run)
        return None if run.weights == "none" else self.weights.used(w, run.network)

    def drawing(self, w: Any) -> dict[str, str]:
        """The generator of a class, and the manifest that says how many images it learned from."""
        run = NoiseRun.model_validate(self.sampled_run(w))
        weights = f"{self.base(w)}/models/{w.samples}/seed{w.seed}/generator.safetensors"
        return {"weights": weights, "manifest": self.store(w, run.dataset)["manifest"]}

    def composition(self, w: Any) -> dict[str, str]:
        """The generators of masks and of images, and the manifest that says how many masks the first learned from."""
        samples, models = self._samples(w), f"{self.base(w)}/models"
        run = NoiseRun.model_validate(self.mask_run(w))
        return {
            "masks": f"{models}/{samples.dataset}/seed{w.seed}/generator.safetensors",
            "weights": f"{models}/{samples.run}/seed{w.seed}/generator.safetensors",
            "manifest": self.store(w, run.dataset)["manifest"],
        }

    def mask_run(self, w: Any) -> Any:
        """The run that makes the masks of a composition."""
        return self._paper(w).runs[self._samples(w).dataset].model_dump(mode="json")

    def augmentation(self, w: Any) -> dict[str, str]:
        return self.store(w, AugmentationRun.model_validate(self.sampled_run(w)).dataset)

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

    def segmented(self, w: Any) -> str:
        """The store of a dataset or sample set."""
        return self._images(w, w.images, w.seed)

    def style_sources(self, w: Any) -> dict[str, dict[str, str]]:
        """`Source`s of the images to translate and of those that lend their style."""
        run = StyleRun.model_validate(self.sampled_run(w))
        return {"source": self.sample_source(w), "style": self._source(w, run.target, "train")}

    def table(self, w: Any) -> list[str]:
        """The score files of every cell, and the manifests that say which items belong together."""
        scores = [path for paths in self.score_files(w).values() for path in paths]
        return [*scores, *self.manifests(w).values(), *(sample["file"] for sample in self.counted_samples(w).values())]

    def manifests(self, w: Any) -> dict[str, str]:
        """Dataset -> manifest, of every dataset that a table is about."""
        table = self.entry(w, "tables", w.table)
        if isinstance(table, CountTable):
            counted = [name for row in table.rows.values() for name in row.datasets]
            names = [name for name in counted if name in self._paper(w).datasets]
        else:
            cells = table_cells(table)
            names = [cell.dataset for cell in cells]
            names += [name for run in dict.fromkeys(cell.run for cell in cells) for name in self._translated(w, run)]
        return {name: self.store(w, name)["manifest"] for name in names}

    def counted_samples(self, w: Any) -> dict[str, dict[str, str]]:
        """Sample set -> its `file` and `category`, of every one that a table counts: those of the first seed."""
        table, paper = self.entry(w, "tables", w.table), self._paper(w)
        if not isinstance(table, CountTable):
            return {}
        names = [name for row in table.rows.values() for name in row.datasets if name not in paper.datasets]
        seed = str(paper.seeds[0])
        return {name: {"file": self._images(w, name, seed), "category": category_of(paper, name)} for name in names}

    def table_inputs(self, w: Any) -> dict[str, list[str]]:
        """Run -> the datasets that it is made with, of every run of a table."""
        table = self.entry(w, "tables", w.table)
        names = [cell.run for cell in table_cells(table)] if isinstance(table, ScoreTable) else self.counted_samples(w)
        return {name: datasets_of(self._paper(w), name) for name in names}

    def _translated(self, w: Any, run: str) -> list[str]:
        """The dataset whose items a run's samples are named after, where it is not the one that they look like."""
        entry = run_behind(self._paper(w), run)
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
        seed = str(self._paper(w).seeds[0])
        truth = self._truth(w, panel.of, seed)
        images = self._images(w, panel.of, seed)
        of_dataset = {"manifest": truth["manifest"]} if panel.of in self._paper(w).datasets else {}
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
        return self._behind(w).model_dump(mode="json")

    def sources(self, w: Any) -> list[dict[str, str]]:
        """`Source`s of a training run: datasets' training splits, and sample sets with their conditions."""
        run = self.entry(w, "runs", w.run)
        match run:
            case CycleRun():
                sides = ((run.source, "train"), (run.target, "train"), (run.source, "test"))
                return [self._source(w, name, split) for name, split in sides]
            case NoiseRun(makes="images"):
                return [self._shown(w, run.dataset, "train", run.category)]
            case NoiseRun():
                return [self._source(w, run.dataset, "train", run.category, run.masks)]
            case PairedRun():
                sides_of = ("train", "validation") if run.keep == "best" else ("train",)
                return [self._source(w, run.dataset, side, masks=run.masks) for side in sides_of]
            case ClassificationRun():
                training = self.training_sets(w)
                sets = [source for items in training["sets"].values() for source in items.values()]
                return [*sets, *training["held_out"].values()]
        return [self._source(w, name, "train") for name in run.train_on]

    def training_sets(self, w: Any) -> dict[str, dict[str, Any]]:
        """Of a `classification` run: its `sets` (set -> name -> `Source`), the `held_out` images by their side, and
        the `ratios` of samples to training images."""
        run = ClassificationRun.model_validate(self.entry(w, "runs", w.run))
        sets = {name: {item: self._shown(w, item, "train") for item in items} for name, items in run.train_on.items()}
        held_out = {side: self._shown(w, run.dataset, side) for side in ("validation", "test")}
        return {"sets": sets, "held_out": held_out, "ratios": self._ratios(w, run)}

    def _ratios(self, w: Any, run: ClassificationRun) -> dict[str, int]:
        """Sample set -> how many samples it must hold for each training image of its class."""
        paper, found = self._paper(w), {}
        for name in dict.fromkeys(item for items in run.train_on.values() for item in items):
            samples = conditions_of(paper, name)
            maker = samples and paper.runs.get(samples.dataset, paper.runs[samples.run])
            if isinstance(maker, ClassRun):
                found[name] = maker.ratio
        return found

    def sample_source(self, w: Any) -> dict[str, str]:
        """The conditions of a sample set, or the images that it translates; its own do not exist yet."""
        source = self._source(w, w.samples, "test")
        return {**source, "images": source["instances"] if isinstance(self._behind(w), TranslatingRun) else ""}

    def augmented_source(self, w: Any) -> dict[str, str]:
        """The training images that an augmentation starts from."""
        run = AugmentationRun.model_validate(self.sampled_run(w))
        return self._shown(w, run.dataset, "train", run.category)

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

    def scored(self, w: Any) -> Any:
        """The run that a score is of, or the one behind the samples that it is of."""
        run = run_behind(self._paper(w), w.run)
        return self.entry(w, "runs", w.run) if run is None else run

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

    def _truth(self, w: Any, name: str, seed: str) -> dict[str, str]:
        """The store that holds the instances of a dataset or sample set, or what samples are translated from; and its
        manifest, '' where it is a set of samples."""
        paper, truth = self._paper(w), truth_of(self._paper(w), name)
        store = (
            self.store(w, truth) if truth in paper.datasets else {"store": self._images(w, truth, seed), "manifest": ""}
        )
        samples = conditions_of(paper, name)
        run = paper.runs[samples.run] if samples else None
        if isinstance(run, PairedRun) and run.masks and truth in paper.datasets:
            store["store"] = self._masks(w, run.masks, truth, seed)
        return store

    def _masks(self, w: Any, masks: str, images: str, seed: str) -> str:
        return f"{self.base(w)}/segmentations/{masks}/seed{seed}/{images}.h5"

    def _source(self, w: Any, name: str, split: str, category: str = "", masks: str | None = None) -> dict[str, str]:
        """`masks`: the run whose nuclei take the place of the dataset's own."""
        samples, truth = conditions_of(self._paper(w), name), self._truth(w, name, w.seed)
        return {
            "images": self._images(w, name, w.seed),
            "instances": self._masks(w, masks, name, w.seed) if masks else truth["store"],
            "manifest": truth["manifest"],
            "split": samples.split if samples else split,
            "category": category or category_of(self._paper(w), name),
        }

    def _shown(self, w: Any, name: str, split: str, category: str = "") -> dict[str, str]:
        """A source whose images alone are wanted."""
        return {**self._source(w, name, split, category), "instances": ""}

    def _samples(self, w: Any) -> Samples:
        samples = conditions_of(self._paper(w), w.samples)
        if samples is None:
            raise ConfigError(self._unknown(w, "samples", w.samples))
        return samples

    def _behind(self, w: Any) -> Any:
        """The run behind a sample set."""
        return self._paper(w).runs[self._samples(w).run]


def _files(sources: list[dict[str, str]]) -> list[str]:
    """Each once: images, instances and manifest."""
    paths = [source[name] for source in sources for name in ("images", "instances", "manifest")]
    return list(dict.fromkeys(path for path in paths if path))
