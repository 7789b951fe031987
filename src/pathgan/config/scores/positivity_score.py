"""Options of `positivity`: Ki-67-positive nuclei in samples against those in the registered stain."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pathgan.config.reads import Reads
from pathgan.config.scores.score import Score, named_pairs
from pathgan.config.strict import Fraction

if TYPE_CHECKING:
    from pathgan.config.papers import Paper
    from pathgan.config.runs.run import Run


class PositivityScore(Score):
    """Ki-67-positive nuclei in samples against those in the registered stain, tile by tile."""

    kind: Literal["positivity"]
    min_nuclear: Fraction = 0.02  # share of a real tile's area; a smaller one says little of its nuclei
    scorer: ClassVar[str] = "pathgan.scoring.positivity_scores"

    def reads(self, name: str, run: Run, paper: Paper) -> Reads:
        return named_pairs(name, run)
