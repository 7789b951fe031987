"""Options of `distribution`: samples against real images, as sets of embeddings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from pathgan.config.reads import Read, Reads
from pathgan.config.scores.embedded_score import EmbeddedScore
from pathgan.config.strict import Name, Positive

if TYPE_CHECKING:
    from pathgan.config.papers import Paper
    from pathgan.config.runs.run import Run

OF_SOURCES = ("fid_source", "kid_source")  # of the images before a translation


class DistributionScore(EmbeddedScore):
    """The run's samples against a set of real images, as sets of embeddings: FID, KID, precision, recall."""

    kind: Literal["distribution"]
    real: Name | None = None  # a dataset; the run's own where not given:
    side: Literal["target", "source"] = "target"  # of a translation, what it should look like or what it is made of
    untranslated: bool = False  # also of the images before their translation: what doing nothing would score
    split: Literal["train", "test", "all"] = "test"
    subset_size: Annotated[int, Field(ge=2)] = 50  # of KID; smaller where a set is
    n_subsets: Positive = 100
    scorer: ClassVar[str] = "pathgan.scoring.distribution_scores"

    def about(self, run: Run) -> str | None:
        if not run.generates:
            return None
        return self.real or (run.likeness if self.side == "target" else run.applied_to)

    def metrics_of(self, run: Run | None, keys: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(key for key in keys if self.untranslated or key not in OF_SOURCES)

    def reads(self, name: str, run: Run, paper: Paper) -> Reads:
        real = self.about(run)
        assert real is not None
        found = {
            "predicted": Read("samples", name),
            "store": Read("store", real),
            "manifest": Read("manifest", real),
            "real_embeddings": Read("embeddings", real, self.network),
            "fake_embeddings": Read("embeddings", name, self.network),
        }
        if self.untranslated:
            source = run.applied_to
            found |= {"source_store": Read("store", source), "source_manifest": Read("manifest", source)}
            found["source_embeddings"] = Read("embeddings", source, self.network)
        return found

    def category(self, name: str, run: Run, paper: Paper) -> str:
        return paper.category_of(name)

    def problems(self, where: str, paper: Paper) -> Iterator[str]:
        if self.real:
            yield from paper.check(f"{where}.real", self.real, paper.images, "dataset with images")

    def misfits(self, name: str, run: Run, paper: Paper) -> Iterator[str]:
        if self.untranslated and run.generates and not run.translates:
            yield f"untranslated: {name!r} translates nothing; take it away"
