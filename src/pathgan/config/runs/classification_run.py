"""Options of `classification`: a network trained anew on each of several sets, and tested on the same images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from pathgan.config.reads import Use
from pathgan.config.runs.run import TrainedRun
from pathgan.config.strict import Name
from pathgan.config.training_options import Adam, Training

if TYPE_CHECKING:
    from pathgan.config.papers import Paper

HELD_OUT = {"@validation": "validation", "@test": "test"}  # names no set can have -> the sides that judge
SetName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_+-]*$")]


class ClassificationRun(TrainedRun):
    """A network trained anew on each of several sets, from the same first weights, and tested on the same images."""

    recipe: Literal["classification"]
    network: Literal["resnet152", "densenet161", "inception_v3"]
    dataset: Name  # of the images that validate and test it
    train_on: dict[SetName, tuple[Name, ...]]  # set -> what is in it
    weights: Literal["imagenet", "none"] = "imagenet"  # at first
    keep: Literal["last", "best"] = "best"  # weights, as in `paired`; by the loss on validation images
    auxiliary_weight: Annotated[float, Field(ge=0)] = 0.4  # of Inception-V3's second classifier, which needs 299 px
    optimizer: Adam = Adam(beta1=0.9)
    training: Training  # crop_px: the side that images are brought to
    trainer: ClassVar[str] = "pathgan.recipes.classifier_training"
    minutes: ClassVar[int] = 1440

    @model_validator(mode="after")
    def _sets(self) -> ClassificationRun:
        if not self.train_on:
            raise ValueError("train_on: expected one set or more")
        if self.training.load_px:
            raise ValueError("training.load_px: images are brought to crop_px; take it away")
        if self.training.gpus > 1:
            raise ValueError("training.gpus: classifiers train one after the other on one GPU; take it away")
        if (self.keep == "best") != (self.training.evaluations > 0):
            raise ValueError("keep: best needs training.evaluations above 0, and the latter serves nothing else")
        return self

    @property
    def items(self) -> tuple[str, ...]:
        """Everything that is in one of its sets, once."""
        return tuple(dict.fromkeys(item for items in self.train_on.values() for item in items))

    @property
    def ingredients(self) -> tuple[str, ...]:
        return (self.dataset, *self.items)

    @property
    def metric_suffixes(self) -> tuple[str, ...]:
        return tuple(self.train_on)

    @property
    def uses(self) -> dict[str, Use]:
        held_out = {name: Use(self.dataset, side, wants="images") for name, side in HELD_OUT.items()}  # type: ignore[arg-type]
        return {item: Use(item, wants="images") for item in self.items} | held_out

    @property
    def exports(self) -> dict[str, str]:
        return {name: f"{name}.csv" for name in ("predictions", "training_sets", "history", "evaluations")}

    @property
    def first_network(self) -> str | None:
        return None if self.weights == "none" else self.network

    def facts(self, paper: Paper) -> dict[str, Any]:
        """ratios: sample set -> how many samples it must hold for each training image of its class."""
        makers = {item: paper.class_maker_of(item) for item in self.items}
        return {"ratios": {item: maker.ratio_made for item, maker in makers.items() if maker}}

    def problems(self, where: str, name: str, paper: Paper) -> Iterator[str]:
        yield from paper.check(f"{where}.dataset", self.dataset, paper.images, "dataset with images")
        for item in self.items:
            known = {self.dataset} | paper.sample_sets.keys()
            yield from paper.check(f"{where}.train_on", item, known, "set of this dataset")
            if item in paper.sample_sets:
                yield from self._leaks(where, paper, item)

    def _leaks(self, where: str, paper: Paper, item: str) -> Iterator[str]:
        """Samples that a classifier must not train on: those of other images than its own training ones."""
        others = set(paper.datasets_of(item)) - {self.dataset}
        if others:
            yield (
                f"{where}.train_on: {item!r} is made with {sorted(others)[0]!r}, whose training images may be test "
                f"images of {self.dataset!r}; name samples of a model that is trained on {self.dataset!r}"
            )
        elif not paper.category_of(item):
            yield f"{where}.train_on: {item!r} is of no one class, so that its images have no label"
