"""Options of `style`: neural style transfer (Gatys et al. 2016)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from pathgan.config.reads import Side, Use
from pathgan.config.runs.run import TranslatingRun
from pathgan.config.strict import Positive


class StyleRun(TranslatingRun):
    """Neural style transfer (Gatys et al. 2016): nothing is trained, each image is fitted by itself.

    Test images of `source` lend their content. One training image of `target`, drawn with the seed, lends its style.
    """

    recipe: Literal["style"]
    content_weight: Annotated[float, Field(gt=0)] = 1.0  # of conv4_2
    style_weight: Annotated[float, Field(gt=0)] = 1e3  # of conv1_1 to conv5_1, each divided by its channels squared
    iterations: Positive = 500
    batch_size: Positive = 8  # images fitted side by side, each as if it were alone
    precision: Literal["fp32", "bf16"] = "fp32"
    sampler: ClassVar[str] = "pathgan.sampling.style_transfer"
    sampling_minutes: ClassVar[int] = 1440

    @property
    def used_weights(self) -> tuple[str, ...]:
        return ()

    @property
    def network_used(self) -> str:
        return "vgg19"

    def sample_uses(self, images: str, split: Side) -> dict[str, Use]:
        return {"source": Use(images, split, wants="images"), "style": Use(self.target, wants="images")}
