"""Options of `spectrum`: how much detail of each size samples hold, beside real images."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pathgan.config.reads import Reads
from pathgan.config.scores.score import Score, samples_and_real

if TYPE_CHECKING:
    from pathgan.config.papers import Paper
    from pathgan.config.runs.run import Run


class SpectrumScore(Score):
    """Radial power spectra of a run's samples beside those of real images."""

    kind: Literal["spectrum"]
    split: Literal["train", "test", "all"] = "test"  # of the real images
    scorer: ClassVar[str] = "pathgan.scoring.spectrum_scores"

    def reads(self, name: str, run: Run, paper: Paper) -> Reads:
        return samples_and_real(name, run)

    def category(self, name: str, run: Run, paper: Paper) -> str:
        return paper.category_of(name)
