"""How training goes: schedules, optimisers, and the loss that all GANs share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from pathgan.config.strict import Fraction, Positive, Px, Strict


class Adversarial(Strict):
    """-log D (Goodfellow 2014, non-saturating), or (D - 1)^2 (LSGAN, Mao 2017)."""

    kind: Literal["adversarial"]
    weight: float = 1.0
    form: Literal["log", "least_squares"] = "log"


class ExponentialDecay(Strict):
    """The learning rate is multiplied by `factor` after every so many epochs."""

    kind: Literal["exponential"]
    factor: Annotated[float, Field(gt=0, le=1)]
    every_epochs: Annotated[float, Field(gt=0)]
    continuous: bool = False  # it falls with every step by as much in all, and not at once

    def rate(self, epoch: float, epochs: float) -> float:
        """The factor after `epoch` of `epochs`."""
        passed = epoch / self.every_epochs
        return float(self.factor ** (passed if self.continuous else int(passed)))


class LinearDecay(Strict):
    """The learning rate falls evenly to zero over the last part of the training."""

    kind: Literal["linear"]
    from_share: Annotated[float, Field(ge=0, lt=1)] = 0.5  # of the training that has passed when it begins to fall

    def rate(self, epoch: float, epochs: float) -> float:
        """The factor after `epoch` of `epochs`."""
        return min(1.0, (1 - epoch / epochs) / (1 - self.from_share))


Decay = Annotated[ExponentialDecay | LinearDecay, Field(discriminator="kind")]


class Training(Strict):
    """How long and on what a run trains."""

    epochs: Positive | None = None
    iterations: Positive | None = None
    batch_size: Positive = 1  # of each process
    gpus: Positive = 1  # processes that train together, each with a GPU of its own where there are any
    load_px: Px | None = None  # images are enlarged to this side before they are cropped
    crop_px: Px = 256
    learning_rate: Annotated[float, Field(gt=0)] = 2e-4
    augment: Literal["none", "flips", "sixfold", "traditional"] = "none"
    precision: Literal["fp32", "bf16"] = "fp32"
    decay: Decay | None = None
    evaluations: Annotated[int, Field(ge=0)] = 0  # evenly spread, on test images of a `cycle`, else validation ones
    evaluated_images: Positive = 32  # at most, of a `cycle`
    history_every: Positive = 50  # iterations a row of history.csv averages
    checkpoint_minutes: Annotated[float, Field(gt=0)] = 5.0

    @model_validator(mode="after")
    def _one_length(self) -> Training:
        if (self.epochs is None) == (self.iterations is None):
            raise ValueError("give epochs or iterations, exactly one of them")
        return self


class Adam(Strict):
    """Kingma & Ba 2015."""

    beta1: Fraction = 0.5
    beta2: Fraction = 0.999


class SGD(Strict):
    """Stochastic gradient descent with momentum."""

    momentum: Fraction = 0.9
    weight_decay: float = 0.0


def check_one_of_a_kind(losses: Sequence[Any]) -> None:
    """Raises ValueError for two losses of one kind: their values would share a name."""
    kinds = [loss.kind for loss in losses]
    if len(kinds) != len(set(kinds)):
        raise ValueError(f"losses: expected one of a kind, got {', '.join(kinds)}")
