"""Options of `preservation`: whether a classifier of real images still reads samples as of their class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import model_validator

from pathgan.config.reads import Read, Reads
from pathgan.config.scores.embedded_score import EmbeddedScore
from pathgan.config.scores.score import samples_and_real
from pathgan.config.strict import Name
from pathgan.errors import ConfigError

if TYPE_CHECKING:
    from pathgan.config.papers import Paper
    from pathgan.config.runs.run import Run


class PreservationScore(EmbeddedScore):
    """Whether a linear classifier of real images (training split) still reads a run's samples as of their class."""

    kind: Literal["preservation"]
    classes: dict[str, Name]  # class -> dataset of real images
    scorer: ClassVar[str] = "pathgan.scoring.preservation_scores"

    @model_validator(mode="after")
    def _several(self) -> PreservationScore:
        if len(self.classes) < 2:
            raise ValueError(f"classes: expected two or more, got {', '.join(self.classes) or 'none'}")
        return self

    def reads(self, name: str, run: Run, paper: Paper) -> Reads:
        real = list(self.classes.values())
        return {
            **samples_and_real(name, run),
            "source_manifest": Read("manifest", run.applied_to),
            "fake_embeddings": Read("embeddings", name, self.network),
            "class_stores": [Read("store", dataset) for dataset in real],
            "class_manifests": [Read("manifest", dataset) for dataset in real],
            "class_embeddings": [Read("embeddings", dataset, self.network) for dataset in real],
        }

    def category(self, name: str, run: Run, paper: Paper) -> str:
        classes = {dataset: category for category, dataset in self.classes.items()}
        if run.likeness not in classes:
            raise ConfigError(f"classes: expected one for {run.likeness!r}, which {name!r} should look like")
        return classes[run.likeness]

    def problems(self, where: str, paper: Paper) -> Iterator[str]:
        for category, real in self.classes.items():
            yield from paper.check(f"{where}.classes.{category}", real, paper.images, "dataset with images")
