"""Options of `similarity`: samples against the real images they were conditioned on."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pathgan.config.reads import Reads
from pathgan.config.scores.score import Score, named_pairs

if TYPE_CHECKING:
    from pathgan.config.papers import Paper
    from pathgan.config.runs.run import Run


class SimilarityScore(Score):
    """Samples against the real images they were conditioned on, pair by pair."""

    kind: Literal["similarity"]
    scorer: ClassVar[str] = "pathgan.scoring.similarity_scores"
    items_have_names: ClassVar[bool] = True

    def reads(self, name: str, run: Run, paper: Paper) -> Reads:
        return named_pairs(name, run)
