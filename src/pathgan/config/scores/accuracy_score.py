"""Options of `accuracy`: what classifiers say of test images."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pathgan.config.reads import Read, Reads
from pathgan.config.scores.score import Score

if TYPE_CHECKING:
    from pathgan.config.papers import Paper
    from pathgan.config.runs.run import Run


class AccuracyScore(Score):
    """Whether a `classification` run is right about each test image: 100 or 0 [%], one metric per training set."""

    kind: Literal["accuracy"]
    scorer: ClassVar[str] = "pathgan.scoring.accuracy_scores"
    items_have_names: ClassVar[bool] = True

    def suits(self, run: Run) -> bool:
        return bool(run.metric_suffixes)

    def metrics_of(self, run: Run | None, keys: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(f"{family}{name}" for family in keys for name in run.metric_suffixes) if run else ()

    def about(self, run: Run) -> str | None:
        return run.ingredients[0] if run.metric_suffixes else None

    def reads(self, name: str, run: Run, paper: Paper) -> Reads:
        tested = run.ingredients[0]
        real = {"store": Read("store", tested), "manifest": Read("manifest", tested)}
        return {"predicted": Read("export", name, "predictions"), **real}
