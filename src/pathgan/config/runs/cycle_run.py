"""Options of `cycle`: two generators between two sets of images without pairs (CycleGAN and its kin)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from pathgan.config.network_options import PatchGAN, ResidualNet
from pathgan.config.reads import Use
from pathgan.config.runs.run import TrainedRun, TranslatingRun
from pathgan.config.strict import Strict
from pathgan.config.training_options import Adam, Adversarial, check_one_of_a_kind


class Cycle(Strict):
    """L1 between an image and what comes back after both translations, in both directions."""

    kind: Literal["cycle"]
    weight: float = 10.0
    norm: Literal["l1", "squared"] = "l1"


class Identity(Strict):
    """L1 between an image and what the generator into its own set makes of it, in both directions."""

    kind: Literal["identity"]
    weight: float = 5.0


class StructuralCycle(Strict):
    """1 - SSIM of the same, in both directions."""

    kind: Literal["structural_cycle"]
    weight: float = 5.0


CycleLoss = Annotated[Adversarial | Cycle | StructuralCycle | Identity, Field(discriminator="kind")]


class CycleRun(TranslatingRun, TrainedRun):
    """Two generators between two stains, on images without pairs (CycleGAN and its kin)."""

    recipe: Literal["cycle"]
    generator: ResidualNet = ResidualNet()
    discriminator: PatchGAN = PatchGAN()
    losses: tuple[CycleLoss, ...]  # one of a kind
    pool_size: Annotated[int, Field(ge=0)] = 50  # fakes of earlier steps that the discriminators also see
    optimizer: Adam = Adam()
    trainer: ClassVar[str] = "pathgan.recipes.cycle"
    sampler: ClassVar[str] = "pathgan.sampling.translation"
    minutes: ClassVar[int] = 2880
    memory_mb: ClassVar[tuple[int, int]] = (4_000, 40_000)
    evaluated: ClassVar[tuple[str, ...]] = ("ssim", "ms_ssim", "psnr", "mae")  # of a reconstruction, while it trains

    @model_validator(mode="after")
    def _one_of_a_kind(self) -> CycleRun:
        check_one_of_a_kind(self.losses)
        return self

    @property
    def uses(self) -> dict[str, Use]:
        return {
            "source": Use(self.source, wants="images"),
            "target": Use(self.target, wants="images"),
            "evaluated": Use(self.source, "test", wants="images"),
        }

    @property
    def exports(self) -> dict[str, str]:
        return super().exports | {"inverse": "inverse.safetensors", "evaluations": "evaluations.csv"}

    @property
    def used_weights(self) -> tuple[str, ...]:
        return ("weights", "inverse")

    def sampling_options(self) -> dict[str, Any]:
        return {
            "generator": self.generator.model_dump(mode="json"),
            "crop_px": self.training.crop_px,
            "precision": self.training.precision,
        }
