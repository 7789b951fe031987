"""Options of `noise`: a GAN from noise to images or masks of one class (SynCGAN, Sec. 3.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import model_validator

from pathgan.config.network_options import PatchGAN, UNet
from pathgan.config.reads import Side, Use
from pathgan.config.runs.run import OneDatasetRun, TrainedRun
from pathgan.config.strict import Fraction, Name, Positive, Strict
from pathgan.config.training_options import Adam

if TYPE_CHECKING:
    from pathgan.config.papers import Paper


class Labels(Strict):
    """What the discriminator of a `noise` run is told, so that it does not win at once (SynCGAN, Sec. 3.4)."""

    real: tuple[Fraction, Fraction] = (0.9, 1.0)  # drawn evenly from here, one per image
    fake: tuple[Fraction, Fraction] = (0.0, 0.1)
    flipped: Fraction = 0.05  # of iterations: real for fake and the other way round


class NoiseRun(OneDatasetRun, TrainedRun):
    """A GAN from noise to images or to masks of one class."""

    recipe: Literal["noise"]
    category: str
    makes: Literal["images", "masks"] = "images"
    masks: Name | None = None  # as in `paired`: those that it learns, where it makes masks
    ratio: Positive = 2  # samples for each training image of the class
    generator: UNet = UNet(upsampling="bilinear")
    n_latent: Positive | None = None  # numbers of N(0, 1) that it is fed with, by a linear layer; else an image of them
    discriminator: PatchGAN = PatchGAN()
    labels: Labels = Labels()
    optimizer: Adam = Adam()
    trainer: ClassVar[str] = "pathgan.recipes.noise"
    sampler: ClassVar[str] = "pathgan.sampling.drawing"
    own_set_only: ClassVar[bool] = True
    unconditioned: ClassVar[bool] = True

    @model_validator(mode="after")
    def _used(self) -> NoiseRun:
        if self.masks and self.makes == "images":
            raise ValueError("masks: a run that makes images learns no masks; take it away")
        if self.training.evaluations:
            raise ValueError("training.evaluations: a GAN from noise has no loss on held-out images; take it away")
        return self

    @property
    def draws_masks(self) -> bool:  # type: ignore[override]
        return self.makes == "masks"

    @property
    def uses(self) -> dict[str, Use]:
        wants: Literal["images", "instances"] = "images" if self.makes == "images" else "instances"
        return {"class": Use(self.dataset, "train", self.category, self.masks, wants)}

    @property
    def category_made(self) -> str:
        return self.category

    @property
    def ratio_made(self) -> int:
        return self.ratio

    def sample_uses(self, images: str, split: Side) -> dict[str, Use]:
        return {"learned": Use(self.dataset, "train", self.category, wants="nothing")}

    def sampling_options(self) -> dict[str, Any]:
        return {
            "makes": self.makes,
            "ratio": self.ratio,
            "generator": self.generator.model_dump(mode="json"),
            "n_latent": self.n_latent,
            "crop_px": self.training.crop_px,
            "precision": self.training.precision,
        }

    def problems(self, where: str, name: str, paper: Paper) -> Iterator[str]:
        if self.masks:
            mixtures = paper.runs_of("mixture")
            yield from paper.check(f"{where}.masks", self.masks, mixtures, "run of the recipe `mixture`")
        needs_masks = self.makes == "masks" and not self.masks
        known, what = (paper.annotated, "dataset with masks") if needs_masks else (paper.images, "dataset")
        yield from paper.check(f"{where}.dataset", self.dataset, known, what)
