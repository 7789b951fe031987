"""What is trained and how: networks, losses, schedules and runs, as frozen types with defaults."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pathgan.config.base import Fraction, Name, Positive, Strict


class UNet(Strict):
    width: Positive = 64
    depth: Positive | None = None  # log2(crop_px) where not given: U-Net-256 has 8
    dropout: Fraction = 0.5


class PatchGAN(Strict):
    width: Positive = 64
    layers: Positive = 3


class ResidualNet(Strict):
    """The generator of CycleGAN (Zhu 2017), and with `skips` that of Liu et al."""

    width: Positive = 64
    downsamplings: Positive = 2
    blocks: Positive = 9
    skips: Literal["none", "concatenate", "add"] = "none"  # from encoder to decoder at equal resolution
    activation: Literal["relu", "leaky_relu"] = "relu"
    init: Literal["normal", "xavier"] = "normal"


class SegNet(Strict):
    width: Positive = 64
    stages: Annotated[int, Field(ge=1, le=5)] = 5


class Adversarial(Strict):
    """-log D (Goodfellow 2014, non-saturating), or (D - 1)^2 (LSGAN, Mao 2017)."""

    kind: Literal["adversarial"]
    weight: float = 1.0
    form: Literal["log", "least_squares"] = "log"


class Pixel(Strict):
    """L1 between fake and real."""

    kind: Literal["pixel"]
    weight: float = 100.0


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
Loss = Annotated[Adversarial | Pixel | Smoothness | Sharpness, Field(discriminator="kind")]


class ExponentialDecay(Strict):
    """The learning rate is multiplied by `factor` after every so many epochs."""

    kind: Literal["exponential"]
    factor: Annotated[float, Field(gt=0, le=1)]
    every_epochs: Annotated[float, Field(gt=0)]

    def rate(self, epoch: float, epochs: float) -> float:
        """The factor after `epoch` of `epochs`."""
        return float(self.factor ** int(epoch / self.every_epochs))


class LinearDecay(Strict):
    """The learning rate falls evenly to zero over the last part of the training."""

    kind: Literal["linear"]
    from_share: Annotated[float, Field(ge=0, lt=1)] = 0.5  # of the training that has passed when it begins to fall

    def rate(self, epoch: float, epochs: float) -> float:
        """The factor after `epoch` of `epochs`."""
        return min(1.0, (1 - epoch / epochs) / (1 - self.from_share))


Decay = Annotated[ExponentialDecay | LinearDecay, Field(discriminator="kind")]


class Training(Strict):
    epochs: Positive | None = None
    iterations: Positive | None = None
    batch_size: Positive = 1
    load_px: Positive | None = None  # images are enlarged to this side before they are cropped
    crop_px: Positive = 256
    learning_rate: Annotated[float, Field(gt=0)] = 2e-4
    augment: Literal["none", "flips", "traditional"] = "none"
    precision: Literal["fp32", "bf16"] = "fp32"
    decay: Decay | None = None
    evaluations: Annotated[int, Field(ge=0)] = 0  # on test images, evenly over the training
    evaluated_images: Positive = 32  # at most
    history_every: Positive = 50  # iterations a row of history.csv averages
    checkpoint_minutes: Annotated[float, Field(gt=0)] = 5.0

    @model_validator(mode="after")
    def _one_length(self) -> Training:
        if (self.epochs is None) == (self.iterations is None):
            raise ValueError("give epochs or iterations, exactly one of them")
        return self


class Adam(Strict):
    beta1: Fraction = 0.5
    beta2: Fraction = 0.999


class SGD(Strict):
    momentum: Fraction = 0.9
    weight_decay: float = 0.0


def check_one_of_a_kind(losses: Sequence[Loss | CycleLoss]) -> None:
    kinds = [loss.kind for loss in losses]
    if len(kinds) != len(set(kinds)):
        raise ValueError(f"losses: expected one of a kind, got {', '.join(kinds)}")


class PairedRun(Strict):
    """A conditional GAN on aligned pairs (pix2pix and its kin)."""

    recipe: Literal["paired"]
    dataset: Name
    condition: Literal["mask", "distance_map", "skeleton_map"]
    generator: UNet = UNet()
    discriminator: PatchGAN = PatchGAN()
    losses: tuple[Loss, ...]  # one of a kind
    optimizer: Adam = Adam()
    training: Training

    @model_validator(mode="after")
    def _one_of_a_kind(self) -> PairedRun:
        check_one_of_a_kind(self.losses)
        return self


class Watershed(Strict):
    """From a nucleus probability to instances (Naylor et al. 2018)."""

    threshold: Fraction = 0.5
    h: Annotated[int, Field(ge=0, le=255)] = 7  # of 255
    min_area_px: int = 20


class SegmentationRun(Strict):
    """A SegNet on the training split of real datasets, on sample sets, or on both."""

    recipe: Literal["segmentation"]
    train_on: tuple[Name, ...]
    network: SegNet = SegNet()
    watershed: Watershed = Watershed()
    optimizer: SGD = SGD()
    training: Training


class CycleRun(Strict):
    """Two generators between two stains, on images without pairs (CycleGAN and its kin)."""

    recipe: Literal["cycle"]
    source: Name
    target: Name
    generator: ResidualNet = ResidualNet()
    discriminator: PatchGAN = PatchGAN()
    losses: tuple[CycleLoss, ...]  # one of a kind
    pool_size: Annotated[int, Field(ge=0)] = 50  # fakes of earlier steps that the discriminators also see
    optimizer: Adam = Adam()
    training: Training

    @model_validator(mode="after")
    def _one_of_a_kind(self) -> CycleRun:
        check_one_of_a_kind(self.losses)
        return self


class StyleRun(Strict):
    """Neural style transfer (Gatys et al. 2016): nothing is trained, each image is fitted by itself."""

    recipe: Literal["style"]
    source: Name  # whose test images lend their content,
    target: Name  # and a training image of these, drawn with the seed, its style
    content_weight: Annotated[float, Field(gt=0)] = 1.0  # of conv4_2
    style_weight: Annotated[float, Field(gt=0)] = 1e3  # of conv1_1 to conv5_1, each divided by its channels squared
    iterations: Positive = 500
    batch_size: Positive = 8  # images fitted side by side, each as if it were alone
    precision: Literal["fp32", "bf16"] = "fp32"


Run = Annotated[PairedRun | SegmentationRun | CycleRun | StyleRun, Field(discriminator="recipe")]
TranslatingRun = CycleRun | StyleRun
GeneratingRun = PairedRun | TranslatingRun
