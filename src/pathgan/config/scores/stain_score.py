"""Options of `stain`: how much of each stain samples hold, beside real images."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pathgan.config.reads import Reads
from pathgan.config.scores.score import Score, samples_and_real

if TYPE_CHECKING:
    from pathgan.config.papers import Paper
    from pathgan.config.runs.run import Run


class StainScore(Score):
    """Histograms of stain density in a run's samples and in real images, and integrated density."""

    kind: Literal["stain"]
    split: Literal["train", "test", "all"] = "test"  # of the real images
    counterstain: Literal["eosin", "dab"] = "eosin"  # beside haematoxylin
    scorer: ClassVar[str] = "pathgan.scoring.stain_scores"

    def reads(self, name: str, run: Run, paper: Paper) -> Reads:
        return samples_and_real(name, run)

    def category(self, name: str, run: Run, paper: Paper) -> str:
        return paper.category_of(name)
