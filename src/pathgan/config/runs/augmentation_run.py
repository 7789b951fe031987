"""Options of `augmentation`: training images again, mirrored, turned and with noise (SynCGAN, Sec. 4.2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from pathgan.config.reads import Side, Use
from pathgan.config.runs.run import OneDatasetRun
from pathgan.config.strict import Positive

if TYPE_CHECKING:
    from pathgan.config.papers import Paper


class AugmentationRun(OneDatasetRun):
    """Training images of one class again, mirrored, turned and with noise: nothing is trained."""

    recipe: Literal["augmentation"]
    category: str
    ratio: Positive = 2  # samples for each training image of the class
    max_rotation_deg: Annotated[float, Field(ge=0, le=180)] = 180.0
    noise_sd: Annotated[float, Field(ge=0)] = 0.02  # of intensities in [0, 1]
    sampler: ClassVar[str] = "pathgan.sampling.augmentation"
    sampling_minutes: ClassVar[int] = 60
    samples_on_gpu: ClassVar[bool] = False
    own_set_only: ClassVar[bool] = True
    unconditioned: ClassVar[bool] = True

    @property
    def category_made(self) -> str:
        return self.category

    @property
    def ratio_made(self) -> int:
        return self.ratio

    @property
    def used_weights(self) -> tuple[str, ...]:
        return ()

    def sample_uses(self, images: str, split: Side) -> dict[str, Use]:
        return {"images": Use(self.dataset, "train", self.category, wants="images")}

    def problems(self, where: str, name: str, paper: Paper) -> Iterator[str]:
        yield from paper.check(f"{where}.dataset", self.dataset, paper.images, "dataset with images")
