"""Options of `perceptual_hash`: samples against real images, as hashes of channel means."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pathgan.config.reads import Reads
from pathgan.config.scores.embedded_score import EmbeddedScore
from pathgan.config.scores.score import both_embedded, named_pairs

if TYPE_CHECKING:
    from pathgan.config.papers import Paper
    from pathgan.config.runs.run import Run


class PerceptualHashScore(EmbeddedScore):
    """Samples against the real images of the run's test split, pair by pair, as hashes of channel means."""

    kind: Literal["perceptual_hash"]
    network: Literal["resnet18", "lite0", "squeezenet"] = "resnet18"  # type: ignore[assignment]
    scorer: ClassVar[str] = "pathgan.scoring.hash_scores"

    def reads(self, name: str, run: Run, paper: Paper) -> Reads:
        return named_pairs(name, run) | both_embedded(name, run, self.network)
