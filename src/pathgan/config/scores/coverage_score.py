"""Options of `coverage`: masks that a GAN made beside the real ones that it learned from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pathgan.config.reads import Read, Reads
from pathgan.config.scores.score import Score, samples_and_real
from pathgan.errors import ConfigError

if TYPE_CHECKING:
    from pathgan.config.papers import Paper
    from pathgan.config.runs.run import Run


class CoverageScore(Score):
    """Masks that a GAN of a class made beside the real masks that it learned from: nuclei, their area, empty masks."""

    kind: Literal["coverage"]
    scorer: ClassVar[str] = "pathgan.scoring.coverage"

    def reads(self, name: str, run: Run, paper: Paper) -> Reads:
        learned = paper.learned_masks_of(name)
        if learned is None:
            raise ConfigError(f"not for {name!r}, whose masks no GAN made")
        return samples_and_real(name, run) | {"store": Read("masks", learned.of, learned.masks or "")}

    def category(self, name: str, run: Run, paper: Paper) -> str:
        return paper.category_of(name)

    def misfits(self, name: str, run: Run, paper: Paper) -> Iterator[str]:
        if paper.learned_masks_of(name) is None:
            yield f"no GAN made masks of {name!r}"
