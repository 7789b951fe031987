"""Options of `stain`: how much of each stain samples hold, beside real images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pathgan.config.reads import Read, Reads
from pathgan.config.scores.score import Score, samples_and_real

if TYPE_CHECKING:
    from pathgan.config.papers import Paper
    from pathgan.config.runs.run import Run


class StainScore(Score):
    """Histograms of stain density in a run's samples and in real images, and integrated density."""

    kind: Literal["stain"]
    split: Literal["train", "test", "all"] = "test"  # of the real images
    counterstain: Literal["eosin", "dab"] = "eosin"  # beside haematoxylin
    untranslated: bool = False  # also of the images before their translation: what doing nothing would score
    scorer: ClassVar[str] = "pathgan.scoring.stain_scores"

    def reads(self, name: str, run: Run, paper: Paper) -> Reads:
        found = samples_and_real(name, run)
        if self.untranslated:
            found |= {
                "source_store": Read("store", run.applied_to),
                "source_manifest": Read("manifest", run.applied_to),
            }
        return found

    def metrics_of(self, run: Run | None, keys: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(key for key in keys if self.untranslated or not key.endswith("_source"))

    def misfits(self, name: str, run: Run, paper: Paper) -> Iterator[str]:
        if self.untranslated and not run.translates:
            yield f"untranslated: {name!r} translates nothing; take it away"

    def category(self, name: str, run: Run, paper: Paper) -> str:
        return paper.category_of(name)
