"""Options of `labelling`: the Ki-67 labelling index of virtual slides beside registered ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from pathgan.config.reads import Reads
from pathgan.config.scores.score import Score, named_pairs

if TYPE_CHECKING:
    from pathgan.config.papers import Paper
    from pathgan.config.runs.run import Run


class LabellingScore(Score):
    """The share of nuclei that are Ki-67-positive, slide by slide, in samples and in the registered stain."""

    kind: Literal["labelling"]
    radius_px: Annotated[float, Field(ge=2)] = 6.0  # of a typical nucleus: 12 at 0.25 um/px, 6 at 0.5
    scorer: ClassVar[str] = "pathgan.scoring.labelling_scores"

    def reads(self, name: str, run: Run, paper: Paper) -> Reads:
        return named_pairs(name, run)
