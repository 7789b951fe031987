"""Options of `focus`: synthetic focus stacks against real ones of the same cells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pathgan.config.reads import Reads
from pathgan.config.scores.embedded_score import EmbeddedScore
from pathgan.config.scores.score import both_embedded, named_pairs

if TYPE_CHECKING:
    from pathgan.config.papers import Paper
    from pathgan.config.runs.run import Run


class FocusScore(EmbeddedScore):
    """Focus stacks against the real ones of the same cells: sharpness over planes, and each plane's KID."""

    kind: Literal["focus"]
    scorer: ClassVar[str] = "pathgan.scoring.stack_scores"

    def metrics_of(self, run: Run | None, keys: tuple[str, ...]) -> tuple[str, ...]:
        planes = ("0" if plane == 0 else f"{plane:+d}" for plane in range(-5, 6))
        return (*(key for key in keys if key != "kid/"), *(f"kid/{plane}" for plane in planes))

    def suits(self, run: Run) -> bool:
        return run.makes_stacks or run.made_in_focus

    def reads(self, name: str, run: Run, paper: Paper) -> Reads:
        return named_pairs(name, run) | both_embedded(name, run, self.network)

    def misfits(self, name: str, run: Run, paper: Paper) -> Iterator[str]:
        if name not in paper.runs or not run.makes_stacks:
            yield f"{name!r} holds no stacks of test cells to compare with"
