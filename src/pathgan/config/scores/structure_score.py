"""Options of `structure`: whether a translation keeps the nuclei of its source where they were."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pathgan.config.reads import Read, Reads
from pathgan.config.scores.score import Score
from pathgan.config.strict import Name

if TYPE_CHECKING:
    from pathgan.config.papers import Paper
    from pathgan.config.runs.run import Run


class StructureScore(Score):
    """Nuclei that the same run finds in a translation and in the image that it is of."""

    kind: Literal["structure"]
    segmenter: Name  # which needs no training
    scorer: ClassVar[str] = "pathgan.scoring.structure_scores"

    def suits(self, run: Run) -> bool:
        return run.translates

    def reads(self, name: str, run: Run, paper: Paper) -> Reads:
        return {
            "predicted": Read("samples", name),
            "store": Read("store", run.applied_to),
            "manifest": Read("manifest", run.applied_to),
            "real_instances": Read("segmentations", run.applied_to, self.segmenter),
            "fake_instances": Read("segmentations", name, self.segmenter),
        }

    def problems(self, where: str, paper: Paper) -> Iterator[str]:
        yield from paper.check(f"{where}.segmenter", self.segmenter, paper.segmenters, "segmentation run")
