"""Options of `perceptual`: samples against the real images they were conditioned on, in the features of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pathgan.config.reads import Read, Reads
from pathgan.config.scores.score import Score, named_pairs
from pathgan.config.weights import PERCEPTUAL_NETWORK

if TYPE_CHECKING:
    from pathgan.config.papers import Paper
    from pathgan.config.runs.run import Run


class PerceptualScore(Score):
    """LPIPS (Zhang et al. 2018) of samples against the real images they were conditioned on, pair by pair."""

    kind: Literal["perceptual"]
    scorer: ClassVar[str] = "pathgan.scoring.perceptual_scores"
    needs_torch: ClassVar[bool] = True

    def reads(self, name: str, run: Run, paper: Paper) -> Reads:
        return named_pairs(name, run) | {"weights": Read("weights", PERCEPTUAL_NETWORK)}
