"""Options of `style`: neural style transfer (Gatys et al. 2016)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from pathgan.config.reads import Side, Use
from pathgan.config.runs.run import GeneratingRun
from pathgan.config.strict import Name, Positive

if TYPE_CHECKING:
    from pathgan.config.papers import Paper


class StyleRun(GeneratingRun):
    """Neural style transfer (Gatys et al. 2016): nothing is trained, each image is fitted by itself."""

    recipe: Literal["style"]
    source: Name  # whose test images lend their content,
    target: Name  # and a training image of these, drawn with the seed, its style
    content_weight: Annotated[float, Field(gt=0)] = 1.0  # of conv4_2
    style_weight: Annotated[float, Field(gt=0)] = 1e3  # of conv1_1 to conv5_1, each divided by its channels squared
    iterations: Positive = 500
    batch_size: Positive = 8  # images fitted side by side, each as if it were alone
    precision: Literal["fp32", "bf16"] = "fp32"
    sampler: ClassVar[str] = "pathgan.sampling.style_transfer"
    sampling_minutes: ClassVar[int] = 1440
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

    @property
    def used_weights(self) -> tuple[str, ...]:
        return ()

    @property
    def network_used(self) -> str:
        return "vgg19"

    def sample_uses(self, images: str, split: Side) -> dict[str, Use]:
        return {"source": Use(images, split, wants="images"), "style": Use(self.target, wants="images")}

    def problems(self, where: str, name: str, paper: Paper) -> Iterator[str]:
        for key in ("source", "target"):
            yield from paper.check(f"{where}.{key}", getattr(self, key), paper.images, "dataset with images")
