"""Options of `memorisation`: whether samples are copies of training images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pathgan.config.reads import Reads
from pathgan.config.scores.embedded_score import EmbeddedScore
from pathgan.config.scores.score import both_embedded, samples_and_real

if TYPE_CHECKING:
    from pathgan.config.papers import Paper
    from pathgan.config.runs.run import Run


class MemorisationScore(EmbeddedScore):
    """How far samples of a class are from the training image next to them, and how far real images are that no model
    has seen: in pixels and in embeddings."""

    kind: Literal["memorisation"]
    scorer: ClassVar[str] = "pathgan.scoring.memorisation"

    def reads(self, name: str, run: Run, paper: Paper) -> Reads:
        return samples_and_real(name, run) | both_embedded(name, run, self.network)

    def category(self, name: str, run: Run, paper: Paper) -> str:
        return paper.category_of(name)

    def misfits(self, name: str, run: Run, paper: Paper) -> Iterator[str]:
        if not paper.category_of(name):
            yield f"{name!r} makes no samples of one class"
