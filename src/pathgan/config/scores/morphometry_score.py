"""Options of `morphometry`: nuclei of samples beside nuclei of real images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pathgan.config.reads import Read, Reads
from pathgan.config.scores.score import Score, samples_and_real
from pathgan.config.strict import Name

if TYPE_CHECKING:
    from pathgan.config.papers import Paper
    from pathgan.config.runs.run import Run

NuclearFeature = Literal[  # as metrics.morphometry measures them, in its order
    "area",
    "perimeter",
    "eccentricity",
    "solidity",
    "haematoxylin",
    "haematoxylin_sd",
    "contrast",
    "homogeneity",
    "neighbour_px",
]


class MorphometryScore(Score):
    """Form, stain and texture of the nuclei in a run's samples and in real images, found in both by the same run."""

    kind: Literal["morphometry"]
    segmenter: Name
    split: Literal["train", "test", "all"] = "test"  # of the real images
    stain: Literal["eosin", "dab"] = "eosin"  # beside haematoxylin
    scorer: ClassVar[str] = "pathgan.scoring.morphometry_scores"

    def reads(self, name: str, run: Run, paper: Paper) -> Reads:
        return samples_and_real(name, run) | {
            "real_instances": Read("segmentations", run.likeness, self.segmenter),
            "fake_instances": Read("segmentations", name, self.segmenter),
        }

    def category(self, name: str, run: Run, paper: Paper) -> str:
        return paper.category_of(name)

    def problems(self, where: str, paper: Paper) -> Iterator[str]:
        yield from paper.check(f"{where}.segmenter", self.segmenter, paper.segmenters, "segmentation run")
