"""What the figures of a paper show."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import model_validator

from pathgan.config.reads import Read
from pathgan.config.scores.morphometry_score import NuclearFeature
from pathgan.config.strict import Name, Positive, Some, Strict

if TYPE_CHECKING:
    from pathgan.config.papers import Paper


class Figure(Strict):
    """A figure of the paper."""

    kind: str
    caption: str
    drawer: ClassVar[str]  # the module whose `draw` draws it

    @abstractmethod
    def reads(self, paper: Paper) -> list[dict[str, Read]]:
        """The files behind each thing that it shows, in the order that its drawer knows."""

    @abstractmethod
    def basis(self, paper: Paper) -> str:
        """How many things it shows, and of which seeds, for its caption."""

    def problems(self, where: str, paper: Paper) -> Iterator[str]:
        """What is wrong with it beside the other entries of its paper. where: its key, `figures.NAME`."""
        yield from ()


class Panel(Strict):
    title: str  # may hold {label}, that of the dataset
    show: Literal[
        "image", "mask", "distance_map", "skeleton_map", "segmentation", "outlines", "reconstruction", "residual"
    ]
    of: Name  # a dataset (test split) or a sample set; for the last two a run of the recipe `cycle`
    by: Name | None = None  # the segmenter, where a segmentation or its outlines are shown
    category: str = ""  # items of this class alone

    @model_validator(mode="after")
    def _segmenter(self) -> Panel:
        if (self.show in ("segmentation", "outlines")) != (self.by is not None):
            raise ValueError("`by` names a segmenter where `show: segmentation` or `outlines`, and only there")
        return self

    def reads(self, paper: Paper) -> dict[str, Read]:
        """`file`, the `original` beside it, and the `manifest` where test items are picked."""
        is_dataset = self.of in paper.datasets
        images = Read("store" if is_dataset else "samples", self.of)
        manifest = {"manifest": Read("manifest", self.of)} if is_dataset else {}
        if self.by:
            original = {"original": images} if self.show == "outlines" else {}
            return {"file": Read("segmentations", self.of, self.by), **original, **manifest}
        if self.show == "image":
            return {"file": images, **manifest}
        truth = paper.truth_of(self.of)
        named = {"manifest": Read("manifest", truth)} if truth in paper.datasets else {}
        if self.show in ("reconstruction", "residual"):
            return {"file": images, "original": Read("store", truth), **named}
        return {"file": Read("masks", self.of, paper.masks_behind(self.of) or ""), **named}


class ImageFigure(Figure):
    """A grid of images: one row per item, one column per panel; or the other way round; or one item in `columns`."""

    kind: Literal["images"]
    panels: Some[Panel]
    items: Some[int] = (0,)
    across: Literal["panels", "items"] = "panels"
    columns: Positive | None = None
    drawer: ClassVar[str] = "pathgan.render.image_grids"

    @model_validator(mode="after")
    def _one_item(self) -> ImageFigure:
        if self.columns and len(self.items) != 1:
            raise ValueError(f"columns: a figure in columns shows one item, got {len(self.items)}")
        return self

    def reads(self, paper: Paper) -> list[dict[str, Read]]:
        return [panel.reads(paper) for panel in self.panels]

    def basis(self, paper: Paper) -> str:
        tested = " of the test split" if any(panel.of in paper.datasets for panel in self.panels) else ""
        return f"{_counted(len(self.items), 'item')}{tested}{_outputs(self, paper)}."

    def problems(self, where: str, paper: Paper) -> Iterator[str]:
        for panel in self.panels:
            yield from paper.check(where, panel.of, paper.datasets.keys() | paper.sample_sets.keys(), "images")
            if panel.by:
                yield from paper.check(where, panel.by, paper.segmenters, "segmentation run")


class CurveFigure(Figure):
    """What a run's evaluations measured, against the epoch: one panel per metric, one curve per run."""

    kind: Literal["curves"]
    curves: dict[Name, str]  # run -> label
    metrics: dict[Name, str]  # column of evaluations.csv -> label
    drawer: ClassVar[str] = "pathgan.render.curves"

    def reads(self, paper: Paper) -> list[dict[str, Read]]:
        return [
            {f"seed{seed}": Read("export", run, "evaluations", seed) for seed in paper.seeds} for run in self.curves
        ]

    def basis(self, paper: Paper) -> str:
        n_seeds = len(paper.seeds)
        return f"Mean over {n_seeds} seeds; shaded is their range." if n_seeds > 1 else "One seed."

    def problems(self, where: str, paper: Paper) -> Iterator[str]:
        evaluated = {name: run.evaluated for name, run in paper.runs.items() if run.evaluated}
        for run in self.curves:
            yield from paper.check(f"{where}.curves", run, evaluated, "run that is evaluated")
            for metric in self.metrics:
                yield from paper.check(f"{where}.metrics", metric, evaluated.get(run, self.metrics), "evaluated metric")


class _OfStacks(Figure):
    """What figures of focus stacks share."""

    @property
    @abstractmethod
    def shown(self) -> tuple[str, ...]:
        """Datasets of stacks (test split) or sample sets."""

    def reads(self, paper: Paper) -> list[dict[str, Read]]:
        return [
            {"file": Read("store", name), "manifest": Read("manifest", name)}
            if name in paper.datasets
            else {"file": Read("samples", name)}
            for name in self.shown
        ]

    def problems(self, where: str, paper: Paper) -> Iterator[str]:
        for name in self.shown:
            yield from paper.check(where, name, paper.stacks | paper.made_stacks, "set of focus stacks")


class StackFigure(_OfStacks):
    """Focus stacks: one row per stack, one column per plane."""

    kind: Literal["stacks"]
    of: Name  # a dataset of stacks (test split) or a sample set
    items: Some[int] = (0, 1, 2, 3)
    drawer: ClassVar[str] = "pathgan.render.stack_figures"

    def basis(self, paper: Paper) -> str:
        return f"{_counted(len(self.items), 'stack')}{_outputs(self, paper)}."

    @property
    def shown(self) -> tuple[str, ...]:
        return (self.of,)


class ProfileFigure(_OfStacks):
    """How sharp each plane is, of real stacks and of synthetic ones: means and the middle 80 %."""

    kind: Literal["profiles"]
    profiles: dict[Name, str]  # dataset (test split) or sample set -> label
    drawer: ClassVar[str] = "pathgan.render.sharpness_profiles"

    def basis(self, paper: Paper) -> str:
        return f"All test stacks{_outputs(self, paper)}."

    @property
    def shown(self) -> tuple[str, ...]:
        return tuple(self.profiles)


class NucleiFigure(Figure):
    """What nuclei are like: form, stain and texture in several sets of images, where the same run finds them."""

    kind: Literal["nuclei"]
    sets: dict[Name, str]  # dataset or sample set -> label; the first is what others are held against
    segmenter: Name
    features: Some[NuclearFeature] = ("area", "eccentricity", "haematoxylin", "contrast", "neighbour_px")
    split: Literal["train", "test", "all"] = "test"  # of a dataset
    category: str = ""  # of a dataset, this class alone
    stain: Literal["eosin", "dab"] = "eosin"  # beside haematoxylin
    drawer: ClassVar[str] = "pathgan.render.nuclei_distributions"

    def basis(self, paper: Paper) -> str:
        return f"Labels count nuclei; lines are medians{_outputs(self, paper)}."

    def reads(self, paper: Paper) -> list[dict[str, Read]]:
        return [
            {"images": Read("store", name), "manifest": Read("manifest", name)} | self._found(name)
            if name in paper.datasets
            else {"images": Read("samples", name)} | self._found(name)
            for name in self.sets
        ]

    def _found(self, name: str) -> dict[str, Read]:
        return {"instances": Read("segmentations", name, self.segmenter)}

    def problems(self, where: str, paper: Paper) -> Iterator[str]:
        for name in self.sets:
            yield from paper.check(f"{where}.sets", name, paper.images | paper.sample_sets.keys(), "images")
        yield from paper.check(f"{where}.segmenter", self.segmenter, paper.segmenters, "segmentation run")


class MaskFigure(Figure):
    """How large and how many nuclei are in masks that were drawn, beside the masks that they are made after."""

    kind: Literal["masks"]
    sets: dict[Name, str]  # dataset of masks that is `like` another -> label; it may hold {label}, the other's
    drawer: ClassVar[str] = "pathgan.render.mask_distributions"

    def basis(self, paper: Paper) -> str:
        return "All masks of the training split, and all that were drawn."

    def reads(self, paper: Paper) -> list[dict[str, Read]]:
        examples = {name: getattr(paper.datasets[name], "example", "") for name in self.sets}
        return [
            {"drawn": Read("store", drawn), "real": Read("store", real), "manifest": Read("manifest", real)}
            for drawn, real in examples.items()
        ]

    def problems(self, where: str, paper: Paper) -> Iterator[str]:
        made_after = {name for name, dataset in paper.datasets.items() if getattr(dataset, "example", "")}
        for name in self.sets:
            yield from paper.check(f"{where}.sets", name, made_after, "dataset of masks that is `like` another")


def _counted(n: int, what: str) -> str:
    return f"One {what}" if n == 1 else f"{n} {what}s"


def _outputs(figure: Figure, paper: Paper) -> str:
    """Of which seed what networks made is, where the figure shows any."""
    names = {read.of for reads in figure.reads(paper) for read in reads.values()}
    if names <= paper.datasets.keys():
        return ""
    n = len(paper.seeds)
    return "; network outputs: " + (f"the first of {n} seeds" if n > 1 else "one seed")
