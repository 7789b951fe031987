"""Options of `segmentation`: a SegNet, and the watershed that parts nuclei."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pathgan.config.network_options import SegNet
from pathgan.config.reads import Use
from pathgan.config.runs.run import TrainedRun
from pathgan.config.runs.watershed_options import Watershed
from pathgan.config.strict import Name, Some
from pathgan.config.training_options import SGD

if TYPE_CHECKING:
    from pathgan.config.papers import Paper


class SegmentationRun(TrainedRun):
    """A SegNet on the training split of real datasets, on sample sets, or on both."""

    recipe: Literal["segmentation"]
    train_on: Some[Name]
    network: SegNet = SegNet()
    watershed: Watershed = Watershed()
    optimizer: SGD = SGD()
    trainer: ClassVar[str] = "pathgan.recipes.segmentation"
    finds_nuclei: ClassVar[bool] = True

    @property
    def ingredients(self) -> tuple[str, ...]:
        return self.train_on

    @property
    def uses(self) -> dict[str, Use]:
        return {name: Use(name) for name in self.train_on}

    @property
    def exports(self) -> dict[str, str]:
        return {"weights": "segmenter.safetensors", "history": "history.csv"}

    def trained_options(self) -> dict[str, Any]:
        """All but the watershed, which reads what was trained."""
        return self.model_dump(mode="json", exclude={"watershed"})

    def problems(self, where: str, name: str, paper: Paper) -> Iterator[str]:
        for item in self.train_on:
            known = paper.images | paper.sample_sets.keys()
            yield from paper.check(f"{where}.train_on", item, known, "dataset or sample set")
            samples = paper.sample_sets.get(item)
            if samples and samples.dataset in paper.images:
                yield f"{where}.train_on: {item} holds test masks; declare a sample set of polygons"
