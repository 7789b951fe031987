"""The papers of the workflow under their presets, and the file behind each name in them."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Protocol

from pathgan.config.claim_loading import load_claims
from pathgan.config.claim_types import Claims
from pathgan.config.loading import PUBLISHED, declared_presets, load_paper
from pathgan.config.papers import Paper
from pathgan.config.reads import Read, Reads, Use
from pathgan.config.runs.run import TrainedRun
from pathgan.config.strict import NAME
from pathgan.config.workflow import FULL_SIZE, Workflow
from pathgan.errors import ConfigError
from pathgan.plan import paths
from pathgan.plan.paths import fill
from pathgan.plan.weights_plan import WeightsPlan
from pathgan.provenance.places import BESIDES

Files = dict[str, str | list[str]]


class Wildcards(Protocol):
    """Of a path: each has these two."""

    preset: str
    paper: str


class Library:
    """root: the folder of the Snakefile."""

    def __init__(self, workflow: Workflow, root: Path):
        self.workflow = workflow
        self.root = root
        self.data_root = Path(workflow.data_root)
        self.papers = sorted(path.stem for path in (root / paths.PAPER).parent.glob("*.yaml"))
        for name in self.papers:
            if not re.fullmatch(NAME, name) or name in BESIDES:
                raise ConfigError(
                    f"config/papers/{name}.yaml: expected a name of small letters, digits, dots, _ and -, and none of "
                    f"{', '.join(BESIDES)}; rename the file"
                )
        self.weights = WeightsPlan(root / paths.WEIGHTS_TABLE, self.data_root)
        self.paper = lru_cache(maxsize=None)(self._load)
        self.claims = lru_cache(maxsize=None)(self._load_claims)
        self.presets = lru_cache(maxsize=None)(lambda paper: declared_presets(self._file(paper)))
        for name in workflow.papers:
            if name not in self.papers:
                raise ConfigError(
                    f"config/config.yaml: papers: no paper called {name!r}; there are: {', '.join(self.papers)}"
                )

    def load_all(self) -> None:
        """Raises ConfigError for a mistake in any paper under any preset, before a rule asks for one."""
        for paper in self.papers:
            for preset in self.presets(paper):
                self.paper(preset, paper)
            self.claims(paper)

    # --- entries ------------------------------------------------------------------------------------------

    def of(self, w: Wildcards) -> Paper:
        return self.paper(w.preset, w.paper)

    def entry(self, w: Wildcards, section: str, name: str) -> Any:
        """Raises ConfigError for a name that is not in the section of the paper."""
        entries = getattr(self.of(w), section)
        if name not in entries:
            raise ConfigError(self.unknown(w, section, name))
        return entries[name]

    def unknown(self, w: Wildcards, section: str, name: str) -> str:
        known = ", ".join(getattr(self.of(w), section))
        return f"{fill(paths.PAPER, paper=w.paper)} (preset {w.preset}): {section}: no {name!r}; there are: {known}"

    def _load(self, preset: str, paper: str) -> Paper:
        return load_paper(self._file(paper), preset, self.workflow.device)

    def _load_claims(self, paper: str) -> Claims | None:
        path = self.root / fill(paths.CLAIMS, paper=paper)
        if not path.exists():
            return None
        if base := self.paper(FULL_SIZE, paper).extends:
            raise ConfigError(f"{path}: {paper} extends {base}, whose claims hold for it; take this file away")
        printed = {(row["table"], row["row"], row["column"]): row["value"] for row in self.published(paper)}
        presets = dict.fromkeys([FULL_SIZE, *self.presets(paper)])
        return load_claims(path, [self.paper(preset, paper) for preset in presets], printed)

    def published(self, paper: str) -> list[dict[str, str]]:
        """The printed cells of a paper, as text: `table`, `row`, `column`, `value`, `sd`, `note`."""
        return [row for row in self._published if row["paper"] == paper]

    @cached_property
    def _published(self) -> list[dict[str, str]]:
        with (self.root / PUBLISHED).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file, restval=""))

    def _file(self, paper: str) -> Path:
        return self.root / fill(paths.PAPER, paper=paper)

    # --- files --------------------------------------------------------------------------------------------

    def path(self, w: Wildcards, pattern: str, **names: object) -> str:
        """A pattern of `paths` for the paper and preset of `w`."""
        return fill(pattern, preset=w.preset, paper=w.paper, **names)

    def images(self, w: Wildcards, name: str, seed: object) -> str:
        """The store of a dataset or sample set."""
        if name in self.of(w).datasets:
            return self.path(w, paths.STORE, dataset=name)
        return self.path(w, paths.SAMPLES, samples=name, seed=seed)

    def instances(self, w: Wildcards, name: str, seed: object, masks: str | None = None) -> str:
        """The store that holds the instances of a dataset or sample set: its own, those of the dataset that samples
        were made of, or what the run `masks` found."""
        truth = self.of(w).truth_of(name)
        masks = masks or self.of(w).masks_behind(name)
        if masks:
            return self.path(w, paths.SEGMENTATION, segmenter=masks, seed=seed, images=truth)
        return self.images(w, truth, seed)

    def export(self, w: Wildcards, run: str, output: str, seed: object) -> str:
        """A file that a training leaves."""
        entry = self.entry(w, "runs", run)
        assert isinstance(entry, TrainedRun)
        return self.path(w, paths.MODEL, run=run, seed=seed, file=entry.exports[output])

    def file(self, w: Wildcards, read: Read, seed: object) -> str:
        """Where what an entry reads lies. seed: the reader's own."""
        seed = seed if read.seed is None else read.seed
        match read.what:
            case "store":
                return self.path(w, paths.STORE, dataset=read.of)
            case "manifest":
                return self.path(w, paths.MANIFEST, dataset=read.of)
            case "samples":
                return self.path(w, paths.SAMPLES, samples=read.of, seed=seed)
            case "segmentations":
                return self.path(w, paths.SEGMENTATION, segmenter=read.by, seed=seed, images=read.of)
            case "masks":
                return self.instances(w, read.of, seed, read.by or None)
            case "export":
                return self.export(w, read.of, read.by, seed)
            case "embeddings":
                network = self.weights.network(w, read.by)
                if read.of in self.of(w).datasets:
                    return self.path(w, paths.EMBEDDINGS_OF_DATASET, network=network, dataset=read.of)
                return self.path(w, paths.EMBEDDINGS_OF_SAMPLES, network=network, samples=read.of, seed=seed)
            case "weights":
                return str(self.weights.file(read.of))

    def files(self, w: Wildcards, reads: Reads, seed: object) -> Files:
        """The same of several, by name."""
        return {
            name: self.file(w, one, seed) if isinstance(one, Read) else [self.file(w, read, seed) for read in one]
            for name, one in reads.items()
        }

    def source(self, w: Any, use: Use) -> dict[str, str]:
        """A `stores.source.Source`, as JSON, of images that a job with a seed uses."""
        paper, samples = self.of(w), self.of(w).sample_sets.get(use.of)
        truth = paper.truth_of(use.of)
        return {
            "images": self.images(w, use.of, w.seed) if use.wants in ("both", "images") else "",
            "instances": self.instances(w, use.of, w.seed, use.masks) if use.wants in ("both", "instances") else "",
            "manifest": self.path(w, paths.MANIFEST, dataset=truth) if truth in paper.datasets else "",
            "split": samples.split if samples else use.split,
            "category": use.category or paper.category_of(use.of),
        }

    def sources(self, w: Any, uses: Mapping[str, Use]) -> dict[str, dict[str, str]]:
        """The same of several, by name."""
        return {name: self.source(w, use) for name, use in uses.items()}


def files_of(sources: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Each file of several sources once: images, instances and manifests."""
    named: Sequence[str] = [
        source[name] for source in sources.values() for name in ("images", "instances", "manifest") if source[name]
    ]
    return list(dict.fromkeys(named))
