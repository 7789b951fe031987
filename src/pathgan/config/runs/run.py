"""What the workflow asks of every run: what it is made with, reads and leaves, and what is wrong with it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from pathgan.config.reads import Side, Use
from pathgan.config.strict import Name, Strict
from pathgan.config.training_options import Training

if TYPE_CHECKING:
    from pathgan.config.papers import Paper


class Run(Strict):
    """A model, or a method that needs no training."""

    recipe: str
    finds_nuclei: ClassVar[bool] = False
    generates: ClassVar[bool] = False  # samples
    translates: ClassVar[bool] = False  # images of one dataset into images of another
    makes_stacks: ClassVar[bool] = False
    made_in_focus: ClassVar[bool] = False  # its samples are planes in focus, of which stacks are made
    evaluated: ClassVar[tuple[str, ...]] = ()  # what evaluations.csv holds of it

    @property
    def ingredients(self) -> tuple[str, ...]:
        """The datasets, sample sets and runs that it is made with: trained on, started from, or applied to."""
        return ()

    @property
    def metric_suffixes(self) -> tuple[str, ...]:
        """What it is trained on several times, where each time gives scores of its own; as `accuracy/SUFFIX`."""
        return ()

    @property
    def applied_to(self) -> str:
        """The dataset whose test images or conditions its own set of samples is made of; '' if it makes none."""
        return ""

    @property
    def likeness(self) -> str:
        """The dataset whose images its samples should look like."""
        return self.applied_to

    def problems(self, where: str, name: str, paper: Paper) -> Iterator[str]:
        """What is wrong with the run `name` beside the other entries of its paper. where: its key, `runs.NAME`."""
        yield from ()


class TrainedRun(Run):
    """A run with weights of its own."""

    training: Training
    trainer: ClassVar[str]  # the module whose `train` trains it
    minutes: ClassVar[int] = 720  # that it may take at a paper's sizes
    memory_mb: ClassVar[tuple[int, int]] = (3_000, 12_000)  # of a process, and at a paper's sizes
    pretrained: ClassVar[str | None] = None

    @property
    def variant(self) -> str:
        """Told apart within a recipe by what a training leaves: part of the name of its rule."""
        return ""

    @property
    @abstractmethod
    def uses(self) -> dict[str, Use]:
        """What it is trained and judged on, by the names that its trainer knows."""

    @property
    def exports(self) -> dict[str, str]:
        """Output -> file, of what a training leaves."""
        return {"weights": "generator.safetensors", "history": "history.csv"}

    @property
    def starts_from(self) -> tuple[str, tuple[str, ...]] | None:
        """A run of the same seed, and those of its exports, whose weights are the first ones."""
        return None

    @property
    def first_network(self) -> str | None:
        """The network of `config/weights.yaml` whose weights are the first ones."""
        return None

    def facts(self, paper: Paper) -> dict[str, Any]:
        """What its trainer must know of other entries of the paper, as JSON."""
        return {}

    def trained_options(self) -> dict[str, Any]:
        """What a training depends on, as JSON."""
        return self.model_dump(mode="json")


class GeneratingRun(Run):
    """A run that makes sets of samples: at least one of its own name."""

    sampler: ClassVar[str]  # the module whose `make` makes samples
    sampling_minutes: ClassVar[int] = 120  # that it may take at a paper's sizes
    samples_on_gpu: ClassVar[bool] = True
    composer: ClassVar[str | None] = None  # the module whose `make` applies it to what another run draws
    own_set_only: ClassVar[bool] = False  # it makes a set of its own name and no other
    unconditioned: ClassVar[bool] = False  # its samples correspond to no image of a dataset
    draws_masks: ClassVar[bool] = False
    generates: ClassVar[bool] = True

    @property
    @abstractmethod
    def applied_to(self) -> str:
        """The dataset whose test images or conditions its own set of samples is made of."""

    @property
    def category_made(self) -> str:
        """The class that all its samples are of; '' where they are of several."""
        return ""

    @property
    def ratio_made(self) -> int | None:
        """Samples for each training image of its class; None where each sample is of an image."""
        return None

    @property
    def used_weights(self) -> tuple[str, ...]:
        """Those of its exports that make samples."""
        return ("weights",)

    @property
    def network_used(self) -> str | None:
        """The network of `config/weights.yaml` that its sampler needs."""
        return None

    def sample_uses(self, images: str, split: Side) -> dict[str, Use]:
        """What its sampler reads to make a set of samples of `images`, by the names that it knows."""
        return {"images": Use(images, split, wants="images")}

    def composes(self, other: GeneratingRun) -> bool:
        """Whether it can be applied to what another run draws."""
        return False

    def sampling_options(self) -> dict[str, Any]:
        """What making samples depends on, as JSON: the options of its sampler."""
        return self.model_dump(mode="json")


class OneDatasetRun(GeneratingRun):
    """A run that learns from one dataset, and is applied to the same one."""

    dataset: Name

    @property
    def ingredients(self) -> tuple[str, ...]:
        return (self.dataset,)

    @property
    def applied_to(self) -> str:
        return self.dataset


class TranslatingRun(GeneratingRun):
    """A run that turns images of one dataset into images that look like those of another."""

    source: Name
    target: Name
    translates: ClassVar[bool] = True

    @property
    def ingredients(self) -> tuple[str, ...]:
        return (self.source, self.target)

    @property
    def applied_to(self) -> str:
        return self.source

    @property
    def likeness(self) -> str:
        return self.target

    def problems(self, where: str, name: str, paper: Paper) -> Iterator[str]:
        for key in ("source", "target"):
            yield from paper.check(f"{where}.{key}", getattr(self, key), paper.images, "dataset with images")
