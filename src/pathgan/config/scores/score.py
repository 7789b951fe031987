"""What the workflow asks of every score: what it reads, which metrics it gives, and which runs it is for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from pathgan.config.reads import Read, Reads
from pathgan.config.strict import Strict

if TYPE_CHECKING:
    from pathgan.config.papers import Paper
    from pathgan.config.runs.run import Run


class Score(Strict):
    """A way to judge what a run makes."""

    kind: str
    scorer: ClassVar[str]  # the module whose `score` computes it
    needs_torch: ClassVar[bool] = False  # and the conda environment that has it
    items_have_names: ClassVar[bool] = False  # the same in every fold, so that folds can be pooled

    def suits(self, run: Run) -> bool:
        """Whether it is a score of such runs."""
        return run.generates and not (run.makes_stacks or run.made_in_focus)

    def metrics_of(self, run: Run | None, keys: tuple[str, ...]) -> tuple[str, ...]:
        """What it measures of a run. keys: those of its kind in `metric_table`."""
        return keys

    def about(self, run: Run) -> str | None:
        """The dataset whose images it compares a run's with; None where it is not for such a run."""
        return run.likeness if run.generates else None

    @abstractmethod
    def reads(self, name: str, run: Run, paper: Paper) -> Reads:
        """The files behind it, as fields of `scoring.score_files.Inputs`. name: of the run or sample set to score."""

    def category(self, name: str, run: Run, paper: Paper) -> str:
        """The class that samples are of or should be of; '' where no class is asked for."""
        return ""

    def problems(self, where: str, paper: Paper) -> Iterator[str]:
        """What is wrong with it beside the other entries of its paper. where: its key, `scores.NAME`."""
        yield from ()

    def misfits(self, name: str, run: Run, paper: Paper) -> Iterator[str]:
        """Why it cannot be of the run or sample set `name`, which suits it by kind."""
        yield from ()


def samples_and_real(name: str, run: Run) -> dict[str, Read]:
    """The samples of a set, and the images that they should look like."""
    real = {"store": Read("store", run.likeness), "manifest": Read("manifest", run.likeness)}
    return {"predicted": Read("samples", name), **real}


def named_pairs(name: str, run: Run) -> dict[str, Read]:
    """The same where image is held against image: those of a translation are named after what they are made of."""
    named = {"source_manifest": Read("manifest", run.applied_to)} if run.translates else {}
    return samples_and_real(name, run) | named


def both_embedded(name: str, run: Run, network: str) -> dict[str, Read]:
    """Embeddings of the samples and of the images that they should look like."""
    return {
        "fake_embeddings": Read("embeddings", name, network),
        "real_embeddings": Read("embeddings", run.likeness, network),
    }
