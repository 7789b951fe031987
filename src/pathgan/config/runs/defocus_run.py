"""Options of `defocus`: focus stacks made without a GAN, to hold one against."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pathgan.config.reads import Side, Use
from pathgan.config.runs.run import OneDatasetRun

if TYPE_CHECKING:
    from pathgan.config.papers import Paper


class DefocusRun(OneDatasetRun):
    """Focus stacks without a GAN, to hold one against: nothing is trained."""

    recipe: Literal["defocus"]
    how: Literal["blur", "shuffle"]  # the plane in focus, blurred as training stacks are; or the true planes, shuffled
    sampler: ClassVar[str] = "pathgan.sampling.defocus"
    sampling_minutes: ClassVar[int] = 60
    samples_on_gpu: ClassVar[bool] = False
    own_set_only: ClassVar[bool] = True
    makes_stacks: ClassVar[bool] = True

    @property
    def used_weights(self) -> tuple[str, ...]:
        return ()

    def sample_uses(self, images: str, split: Side) -> dict[str, Use]:
        return {"train": Use(images, "train", wants="images"), "test": Use(images, "test", wants="images")}

    def problems(self, where: str, name: str, paper: Paper) -> Iterator[str]:
        yield from paper.check(f"{where}.dataset", self.dataset, paper.stacks, "dataset of focus stacks")
