"""Options of `reconstruction`: what comes back after two translations, against the image that it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pathgan.config.reads import Read, Reads
from pathgan.config.scores.score import Score

if TYPE_CHECKING:
    from pathgan.config.papers import Paper
    from pathgan.config.runs.run import Run


SCORED = ("ssim", "ms_ssim", "psnr", "mae")  # of what comes back


class ReconstructionScore(Score):
    """Source images of the test split against their reconstructions, image by image (Liu et al., Fig. 3)."""

    kind: Literal["reconstruction"]
    scorer: ClassVar[str] = "pathgan.scoring.reconstruction_scores"
    items_have_names: ClassVar[bool] = True

    def suits(self, run: Run) -> bool:
        return run.evaluated == SCORED

    def about(self, run: Run) -> str | None:
        return run.applied_to

    def reads(self, name: str, run: Run, paper: Paper) -> Reads:
        real = {"store": Read("store", run.applied_to), "manifest": Read("manifest", run.applied_to)}
        return {"predicted": Read("samples", name), **real}
