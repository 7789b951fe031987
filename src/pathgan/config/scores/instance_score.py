"""Options of `utility` and `segmentation`: found nuclei against true ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pathgan.config.reads import Read, Reads
from pathgan.config.scores.score import Score, samples_and_real
from pathgan.config.strict import Name

if TYPE_CHECKING:
    from pathgan.config.papers import Paper
    from pathgan.config.runs.run import Run


class InstanceScore(Score):
    """What the scores of instances share."""

    scorer: ClassVar[str] = "pathgan.scoring.instance_scores"
    items_have_names: ClassVar[bool] = True


class UtilityScore(InstanceScore):
    """A segmenter reads the run's samples; truth is the condition: dq, sq, pq, aji."""

    kind: Literal["utility"]
    segmenter: Name

    def reads(self, name: str, run: Run, paper: Paper) -> Reads:
        return samples_and_real(name, run) | {"predicted": Read("segmentations", name, self.segmenter)}

    def problems(self, where: str, paper: Paper) -> Iterator[str]:
        yield from paper.check(f"{where}.segmenter", self.segmenter, paper.segmenters, "segmentation run")


class SegmentationScore(InstanceScore):
    """The run, a segmenter, reads the dataset's test split: dq, sq, pq, aji."""

    kind: Literal["segmentation"]
    dataset: Name

    def suits(self, run: Run) -> bool:
        return run.finds_nuclei

    def about(self, run: Run) -> str | None:
        return self.dataset

    def reads(self, name: str, run: Run, paper: Paper) -> Reads:
        true = {"store": Read("store", self.dataset), "manifest": Read("manifest", self.dataset)}
        return {"predicted": Read("segmentations", self.dataset, name), **true}

    def problems(self, where: str, paper: Paper) -> Iterator[str]:
        yield from paper.check(f"{where}.dataset", self.dataset, paper.annotated, "dataset with masks")
