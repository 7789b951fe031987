"""A paper under one preset: its entries by name, and what they have to do with each other."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from functools import cached_property
from typing import Annotated

from pydantic import ConfigDict, Field

from pathgan.config.dataset_types import Dataset
from pathgan.config.figure_types import Figure
from pathgan.config.kinds import OneOf
from pathgan.config.reads import Side, Use
from pathgan.config.runs.run import GeneratingRun, Run, TrainedRun
from pathgan.config.scores.score import Score
from pathgan.config.slide_types import SlideSet
from pathgan.config.strict import Name, Seeds, Strict, TableName
from pathgan.config.table_checks import cell_problems, column_problems
from pathgan.config.table_names import OWN_TABLES
from pathgan.config.table_types import ScoreTable, Table


class Samples(Strict):
    """A run applied to the conditions of a dataset, or to the masks of a run that makes them. Every generating run
    has a set of its own name: its dataset's test split, or of a run of one class as many samples as it says."""

    run: Name
    dataset: Name
    split: Annotated[Side, Field(json_schema_extra={"enum": ["test", "all"]})] = "all"
    dropout: bool = False  # also at synthesis, as in pix2pix, where it takes the place of noise

    def problems(self, where: str, paper: Paper) -> Iterator[str]:
        """What is wrong with it beside the other entries of its paper. where: its key, `samples.NAME`."""
        run = paper.runs.get(self.run)
        yield from paper.check(f"{where}.run", self.run, paper.generating_runs, "generating run")
        if not isinstance(run, GeneratingRun):
            return
        if run.own_set_only:
            yield f"{where}.run: {self.run!r} makes a set of its own name; use that one"
        if self.dropout and not getattr(getattr(run, "generator", None), "dropout", 0):
            yield f"{where}.dropout: the generator of {self.run!r} has none; take it away"
        drawn = {name for name, other in paper.generating_runs.items() if run.composes(other)}
        yield from paper.check(f"{where}.dataset", self.dataset, paper.datasets.keys() | drawn, "dataset")


class Paper(Strict):
    """A paper under one preset: everything the rules need to know."""

    model_config = ConfigDict(defer_build=True)  # until all kinds are known

    title: str
    cite: str
    extends: Name | None = None  # a paper of which this file says the differences; published values are its
    caveat: str = ""  # why no number of this preset may be compared with the paper's
    seeds: Seeds = (0,)
    slides: dict[Name, Annotated[SlideSet, OneOf("slides")]] = Field(default={})
    datasets: dict[Name, Annotated[Dataset, OneOf("datasets")]]
    runs: dict[Name, Annotated[Run, OneOf("runs")]]
    samples: dict[Name, Samples] = Field(default={})
    scores: dict[Name, Annotated[Score, OneOf("scores")]]
    tables: dict[TableName, Annotated[Table, OneOf("tables")]]
    figures: dict[TableName, Annotated[Figure, OneOf("figures")]]
    sources: dict[str, str] = Field(default={})  # pattern of settings -> where they come from; the first one counts
    fully_sourced: bool = False  # a setting without a source is an error

    # --- names of a kind ----------------------------------------------------------------------------------

    @cached_property
    def images(self) -> set[str]:
        """Datasets with images."""
        return {name for name, dataset in self.datasets.items() if dataset.has_images}

    @cached_property
    def annotated(self) -> set[str]:
        """Datasets with images and masks."""
        return {name for name in self.images if self.datasets[name].has_masks}

    @cached_property
    def stacks(self) -> set[str]:
        """Datasets of focus stacks."""
        return {name for name in self.images if self.datasets[name].has_stacks}

    @cached_property
    def made_stacks(self) -> set[str]:
        """Sample sets of focus stacks."""
        behind = {name: self.generating_runs.get(entry.run) for name, entry in self.sample_sets.items()}
        return {name for name, run in behind.items() if run is not None and run.makes_stacks}

    @cached_property
    def segmenters(self) -> set[str]:
        """Runs that find nuclei in images."""
        return {name for name, run in self.runs.items() if run.finds_nuclei}

    @cached_property
    def generating_runs(self) -> dict[str, GeneratingRun]:
        return {name: run for name, run in self.runs.items() if isinstance(run, GeneratingRun)}

    @cached_property
    def sample_sets(self) -> dict[str, Samples]:
        """The declared sample sets, and one of its own name a generating run: of its dataset's test split, or of its
        class."""
        runs = self.generating_runs.items()
        own = {name: Samples(run=name, dataset=run.applied_to, split="test") for name, run in runs}
        return {**own, **self.samples}

    def runs_of(self, recipe: str) -> set[str]:
        return {name for name, run in self.runs.items() if run.recipe == recipe}

    # --- what stands behind a name ------------------------------------------------------------------------

    def run_behind(self, name: str) -> Run | None:
        """The run of this name, or the one that makes the sample set of this name."""
        samples = self.sample_sets.get(name)
        return self.runs.get(samples.run if samples else name)

    def drawn_by(self, name: str) -> GeneratingRun | None:
        """The run that draws what another one is applied to, of a set that two make one after the other: masks and
        their images (SynCGAN, Eq. 7), or planes in focus and their stacks (MI-GAN); None for other sets."""
        samples = self.sample_sets.get(name)
        if samples is None or samples.dataset in self.datasets:
            return None
        return self.generating_runs.get(samples.dataset)

    def class_maker_of(self, name: str) -> GeneratingRun | None:
        """The run that decides how many samples of a class a set holds; None where that is no run's to say."""
        samples = self.sample_sets.get(name)
        maker = (self.drawn_by(name) or self.generating_runs.get(samples.run)) if samples else None
        return maker if maker is not None and maker.category_made else None

    def datasets_of(self, name: str) -> list[str]:
        """Every dataset that a run, sample set or dataset is made with: trained on, or applied to by itself."""
        found: dict[str, None] = {}
        seen: set[str] = set()

        def collect(name: str) -> None:
            if name in seen:
                return
            seen.add(name)
            run, samples = self.run_behind(name), self.sample_sets.get(name)
            if run is None:
                found.update({name: None} if name in self.datasets else {})
                return
            for ingredient in run.ingredients:
                collect(ingredient)
            if samples and samples.dataset != name:
                collect(samples.dataset)

        collect(name)
        return list(found)

    def category_of(self, name: str) -> str:
        """The class that all samples of a set are of; '' where they are of several."""
        run, samples = self.run_behind(name), self.sample_sets.get(name)
        if isinstance(run, GeneratingRun) and run.category_made:
            return run.category_made
        return self.category_of(samples.dataset) if samples and self.drawn_by(name) else ""

    def learned_masks_of(self, name: str) -> Use | None:
        """What the GAN that made the masks of a set learned them from; None where they are real, or there are none."""
        samples = self.sample_sets.get(name)
        makers = [self.runs.get(entry) for entry in (samples.run, samples.dataset)] if samples else []
        for run in makers:
            if isinstance(run, GeneratingRun) and isinstance(run, TrainedRun) and run.draws_masks:
                return next(iter(run.uses.values()))
        return None

    def is_phantom(self, dataset: str) -> bool:
        """Whether its images are drawn, cut from slides that are, or masks that are made after such."""
        entry = self.datasets[dataset]
        slides, example = self.slides.get(getattr(entry, "slides", "")), getattr(entry, "example", "")
        return (
            entry.is_phantom or (slides is not None and slides.is_phantom) or bool(example and self.is_phantom(example))
        )

    def truth_of(self, name: str) -> str:
        """The dataset that holds the true instances of a dataset or sample set, or the sample set itself."""
        samples = self.sample_sets.get(name)
        if samples is None or samples.dataset not in self.datasets or self.generating_runs[samples.run].unconditioned:
            return name
        return samples.dataset

    def masks_behind(self, name: str) -> str | None:
        """The run whose nuclei, not the dataset's own, a set of samples was conditioned on."""
        samples = self.sample_sets.get(name)
        if samples is None or self.truth_of(name) not in self.datasets:
            return None
        uses = self.generating_runs[samples.run].sample_uses(samples.dataset, samples.split)
        return next((use.masks for use in uses.values()), None)

    def label_of(self, name: str) -> str:
        """What a heading calls a dataset or sample set: the label of the dataset that it looks like."""
        samples = self.sample_sets.get(name)
        dataset = self.generating_runs[samples.run].likeness if samples else name
        return self.datasets[dataset].label or dataset

    def starts_in_a_circle(self, name: str) -> bool:
        """Whether a run starts, in the end, from its own weights."""
        seen, run = {name}, self.runs.get(name)
        while isinstance(run, TrainedRun) and run.starts_from:
            earlier = run.starts_from[0]
            if earlier in seen:
                return True
            seen.add(earlier)
            run = self.runs.get(earlier)
        return False

    # --- checks -------------------------------------------------------------------------------------------

    def problems(self) -> Iterator[str]:
        """Everything that does not fit: every name that one entry uses must be another's."""
        for section in ("datasets", "runs", "samples", "scores", "tables", "figures"):
            entries = getattr(self, section)
            for name, entry in entries.items():
                where = f"{section}.{name}"
                yield from entry.problems(where, name, self) if section == "runs" else entry.problems(where, self)
                if isinstance(entry, ScoreTable):
                    yield from column_problems(where, entry, self)
                    yield from cell_problems(where, entry, self)
        for name in sorted(self.tables.keys() & set(OWN_TABLES)):
            yield f"tables.{name}: every paper has a table of this name; take another"
        for name in sorted(name for name in self.datasets if name.endswith(".counts")):
            yield f"datasets.{name}: what is counted in a data set is called so; take another name"
        for name in sorted(self.sample_sets.keys() & self.datasets.keys()):
            yield f"samples.{name}: a dataset has the same name; rename one of them"

    def check(self, key: str, name: str, known: Collection[str], what: str) -> Iterator[str]:
        """A problem where `name`, said at `key`, is not among those that are known."""
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(known))}"
            yield f"{key}: no {what} called {name!r}; {hint}"
