"""What a score reads: behind `rules/score.smk`."""

from __future__ import annotations

from typing import Any

from pathgan.config.reads import Read
from pathgan.config.runs.run import Run
from pathgan.config.scores.score import Score
from pathgan.errors import ConfigError
from pathgan.plan import paths
from pathgan.plan.code_plan import kind_name, worker_of
from pathgan.plan.library import Files, Library
from pathgan.plan.weights_plan import WeightsPlan


class ScorePlan:
    """Answers from the scores of a paper under a preset."""

    def __init__(self, library: Library, weights: WeightsPlan):
        self._library, self._weights = library, weights

    def files(self, w: Any) -> Files:
        """What a score reads: `score_files.Inputs` by name. Raises ConfigError for a score of another kind of run.

        Inputs and a parameter: Snakemake compares inputs as a set, and would not see two of them change places.
        """
        score, run = self._score(w), self._scored(w)
        if not score.suits(run):
            raise ConfigError(f"{w.paper}: the score {w.score!r} ({score.kind}) is not for the run {w.run!r}")
        try:
            return self._library.files(w, score.reads(w.run, run, self._library.of(w)), w.seed)
        except ConfigError as error:
            raise ConfigError(f"{w.paper}: the score {w.score!r} is {error}") from None

    def category(self, w: Any) -> str:
        """The class that samples are of, or should be of as that of their target; '' where no class is asked for."""
        try:
            return self._score(w).category(w.run, self._scored(w), self._library.of(w))
        except ConfigError as error:
            raise ConfigError(f"{w.paper}: scores.{w.score}.{error}") from None

    def kind(self, w: Any) -> str:
        """The class of a score."""
        return kind_name(self._score(w))

    def workers(self, w: Any) -> list[str]:
        """The modules that compute it."""
        score = self._score(w)
        return worker_of(score, score.scorer)

    def config(self, w: Any) -> Any:
        """What a score depends on."""
        return self._score(w).model_dump(mode="json")

    def needs_torch(self, w: Any) -> bool:
        return self._score(w).needs_torch

    def weights(self, w: Any) -> dict[str, str]:
        """Role of a file of weights that others trained -> what its sha256 must be."""
        reads = self._score(w).reads(w.run, self._scored(w), self._library.of(w))
        networks = {name: read.of for name, read in reads.items() if isinstance(read, Read) and read.what == "weights"}
        return {name: self._weights.used(w, network) or "" for name, network in networks.items()}

    def embedded(self, w: Any) -> Files:
        """The images of `data/{dataset}` or `samples/{run}/seed{seed}`, and the weights."""
        images = self._library.path(w, paths.EMBEDDED, images=w.images)
        return {"images": images, **self._weights.inputs(w, w.network)}

    def embedding_weights(self, w: Any) -> str | None:
        return self._weights.used(w, w.network)

    def _score(self, w: Any) -> Score:
        score = self._library.entry(w, "scores", w.score)
        assert isinstance(score, Score)
        return score

    def _scored(self, w: Any) -> Run:
        """The run that a score is of, or the one behind the samples that it is of."""
        run = self._library.of(w).run_behind(w.run)
        return self._library.entry(w, "runs", w.run) if run is None else run
