"""Which images readers are shown, and where their answers lie: behind `pathgan reading` and the rule `decide`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pathgan.claims.reading_page import KEY, ImageSet, Question
from pathgan.config.claim_types import Claim
from pathgan.config.papers import Paper
from pathgan.errors import DataError
from pathgan.plan import paths
from pathgan.plan.comparison_plan import ComparisonPlan
from pathgan.plan.library import Library
from pathgan.stores.manifest import units_of


class ReadingPlan:
    """Answers from the claims of a paper that readers may decide."""

    def __init__(self, library: Library, comparison: ComparisonPlan):
        self._library, self._comparison = library, comparison

    def folder(self, w: Any) -> Path:
        """Where the key and the answers lie, as a path of the project."""
        return Path(self._library.path(w, paths.READING))

    def questions(self, w: Any) -> list[Question]:
        """What is asked of the images of a paper under a preset. Raises DataError for images that are not made yet."""
        paper = self._library.of(w)
        return [
            Question(
                name,
                claim,
                self._set(w, claim.reading.of),
                self._set(w, claim.reading.against),
                paper.category_of(claim.reading.of),
            )
            for name, claim in self._asked(w).items()
            if claim.reading
        ]

    def given(self, w: Any) -> dict[str, dict[str, Any]]:
        """Id -> `key`, files of `answers`, and what stands `behind` the images of a claim that readers have decided."""
        folder = self.folder(w)
        answers = sorted(str(folder / file.name) for file in (self._library.root / folder).glob("answers*.csv"))
        if not answers:
            return {}
        return {
            name: {"key": str(folder / KEY), "answers": answers, "behind": self._behind(w, claim)}
            for name, claim in self._asked(w).items()
        }

    def _asked(self, w: Any) -> dict[str, Claim]:
        """The claims with a reading whose images there are."""
        paper, claims = self._library.of(w), self._library.claims(self._comparison.reproduced(w))
        return {
            name: claim
            for name, claim in (claims.claims.items() if claims else ())
            if claim.reading and {claim.reading.of, claim.reading.against} <= _known(paper)
        }

    def _behind(self, w: Any, claim: Claim) -> list[dict[str, Any]]:
        assert claim.reading is not None
        return [self._comparison.behind_entry(w, name) for name in (claim.reading.of, claim.reading.against)]

    def _set(self, w: Any, name: str) -> ImageSet:
        paper = self._library.of(w)
        store = Path(self._library.images(w, name, paper.seeds[0]))
        if not store.exists():
            raise DataError(f"{store}: not made yet; make it: snakemake --cores all {store}")
        if name in paper.datasets:
            manifest = Path(self._library.path(w, paths.MANIFEST, dataset=name))
            return ImageSet(name, store, manifest, units_of([manifest]))
        truth = paper.truth_of(name)
        manifest = Path(self._library.path(w, paths.MANIFEST, dataset=truth))
        return ImageSet(name, store, None, units_of([manifest]) if manifest.exists() else {})


def _known(paper: Paper) -> set[str]:
    return paper.images | paper.sample_sets.keys()
