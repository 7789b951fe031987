"""Options of `paired`: a conditional GAN on aligned pairs (pix2pix, Sharp-GAN and its successors)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from pathgan.config.network_options import PatchGAN, UNet
from pathgan.config.reads import Side, Use
from pathgan.config.runs.run import GeneratingRun, OneDatasetRun, TrainedRun
from pathgan.config.strict import Name, Strict
from pathgan.config.training_options import Adam, Adversarial, check_one_of_a_kind

if TYPE_CHECKING:
    from pathgan.config.dataset_types import Tiles
    from pathgan.config.papers import Paper


class Pixel(Strict):
    """L1 between fake and real, or the mean square of their difference."""

    kind: Literal["pixel"]
    weight: float = 100.0
    norm: Literal["l1", "squared"] = "l1"


class Smoothness(Strict):
    """Ls1 of Enhanced Sharp-GAN."""

    kind: Literal["smoothness"]
    weight: float = 1.0


class Sharpness(Strict):
    """Ls2 of Enhanced Sharp-GAN, or over all neighbours as in Sharp-GAN."""

    kind: Literal["sharpness"]
    weight: float = 1.0
    neighbours: Literal["outside", "all"] = "outside"
    contrast: Annotated[float, Field(gt=0)] = 0.1  # lambda of Eq. 7, grey in [0, 1]


Loss = Annotated[Adversarial | Pixel | Smoothness | Sharpness, Field(discriminator="kind")]


class PairedRun(OneDatasetRun, TrainedRun):
    """A conditional GAN on aligned pairs (pix2pix and its kin)."""

    recipe: Literal["paired"]
    condition: Literal["mask", "distance_map", "skeleton_map"]
    masks: Name | None = None  # a run of the recipe `mixture` whose nuclei are the condition, not the dataset's own
    keep: Literal["last", "best"] = "last"  # weights: the last, or those with the smallest loss on validation images
    generator: UNet = UNet()
    discriminator: PatchGAN = PatchGAN()
    losses: tuple[Loss, ...]  # one of a kind
    optimizer: Adam = Adam()
    trainer: ClassVar[str] = "pathgan.recipes.paired"
    sampler: ClassVar[str] = "pathgan.sampling.conditional"
    composer: ClassVar[str] = "pathgan.sampling.composed_images"

    @model_validator(mode="after")
    def _one_of_a_kind(self) -> PairedRun:
        check_one_of_a_kind(self.losses)
        if (self.keep == "best") != (self.training.evaluations > 0):
            raise ValueError("keep: best needs training.evaluations above 0, and the latter serves nothing else")
        return self

    @property
    def variant(self) -> str:
        return "best" if self.keep == "best" else ""

    @property
    def uses(self) -> dict[str, Use]:
        sides: tuple[Side, ...] = ("train", "validation") if self.keep == "best" else ("train",)
        return {side: Use(self.dataset, side, masks=self.masks) for side in sides}

    @property
    def exports(self) -> dict[str, str]:
        if self.keep == "last":
            return super().exports
        return super().exports | {"last": "last.safetensors", "evaluations": "evaluations.csv"}

    def sample_uses(self, images: str, split: Side) -> dict[str, Use]:
        return {"conditions": Use(images, split, masks=self.masks, wants="instances")}

    def composes(self, other: GeneratingRun) -> bool:
        return other.draws_masks

    def sampling_options(self) -> dict[str, Any]:
        """Nothing of its losses: a changed one makes other weights, and asks nothing else of who applies them."""
        return {
            "condition": self.condition,
            "generator": self.generator.model_dump(mode="json"),
            "crop_px": self.training.crop_px,
            "precision": self.training.precision,
        }

    def problems(self, where: str, name: str, paper: Paper) -> Iterator[str]:
        if self.masks:
            mixtures = paper.runs_of("mixture")
            yield from paper.check(f"{where}.masks", self.masks, mixtures, "run of the recipe `mixture`")
        known, what = (paper.images, "dataset") if self.masks else (paper.annotated, "dataset with masks")
        yield from paper.check(f"{where}.dataset", self.dataset, known, what)
        yield from self._sides_that_cannot_be_halved(where, getattr(paper.datasets.get(self.dataset), "tiles", None))

    def _sides_that_cannot_be_halved(self, where: str, tiles: Tiles | None) -> Iterator[str]:
        crop_px = self.training.crop_px
        depth = self.generator.depth_for(crop_px)
        if crop_px % 2**depth:
            yield f"{where}.training.crop_px: expected a multiple of 2^depth = {2**depth}, got {crop_px}"
        elif tiles is not None and tiles.tile_px % 2**depth:
            yield (
                f"datasets.{self.dataset}.tiles.tile_px: expected a multiple of 2^depth = {2**depth} of {where}, "
                f"got {tiles.tile_px}; change it, or set {where}.generator.depth"
            )
