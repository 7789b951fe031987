"""How large networks are: the options of each architecture in `networks`, with the defaults of their papers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pathgan.config.strict import Fraction, Positive, Strict, Width


class UNet(Strict):
    """The generator of pix2pix (Isola 2017)."""

    width: Width = 64
    depth: Positive | None = None  # log2(crop_px) where not given: U-Net-256 has 8
    dropout: Fraction = 0.5
    affine: bool = False  # norms that learn a scale and a shift
    upsampling: Literal["transposed", "bilinear"] = "transposed"  # convolution; or enlarged, then a 3x3 convolution

    def depth_for(self, crop_px: int) -> int:
        """How often it halves the sides of its images."""
        return self.depth or crop_px.bit_length() - 1


class PatchGAN(Strict):
    """A discriminator of overlapping patches (Isola 2017)."""

    width: Width = 64
    layers: Positive = 3
    init: Literal["normal", "xavier"] = "normal"


class ResidualNet(Strict):
    """The generator of CycleGAN (Zhu 2017), and with `skips` that of Liu et al."""

    width: Width = 64
    downsamplings: Positive = 2
    blocks: Positive = 9
    skips: Literal["none", "concatenate", "add"] = "none"  # from encoder to decoder at equal resolution
    activation: Literal["relu", "leaky_relu"] = "relu"
    init: Literal["normal", "xavier"] = "normal"


class SegNet(Strict):
    """Encoder and decoder with remembered maxima (Badrinarayanan 2017)."""

    width: Width = 64
    stages: Annotated[int, Field(ge=1, le=5)] = 5


class Critic(Strict):
    """Six convolutions; `layer` and `batch` normalise all but the last."""

    width: Width = 64
    norm: Literal["layer", "batch", "none"] = "layer"
