"""What a run is trained on and what a training leaves: behind `rules/train.smk`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from pathgan.cluster.resources import Resources
from pathgan.config.papers import Paper
from pathgan.config.runs.run import TrainedRun
from pathgan.plan import paths
from pathgan.plan.code_plan import kind_name, worker_of
from pathgan.plan.kind_patterns import KindPatterns
from pathgan.plan.library import Files, Library, files_of
from pathgan.plan.paths import fill
from pathgan.plan.weights_plan import WeightsPlan


@dataclass(frozen=True)
class TrainingRule:
    """One rule: of the runs of a recipe that leave the same files. minutes, memory_mb: at the papers' sizes."""

    name: str
    outputs: dict[str, str]
    preset: str  # pattern
    minutes: int
    memory_mb: tuple[int, int]


class TrainingPlan:
    """Answers from the runs of a paper under a preset."""

    def __init__(self, library: Library, weights: WeightsPlan, resources: Resources):
        self._library, self._weights, self._resources = library, weights, resources

    @property
    def rules(self) -> list[TrainingRule]:
        """One rule per recipe and variant, of all papers under all presets."""
        patterns = KindPatterns(self._library)
        found: dict[str, TrainedRun] = {}
        for _, run in patterns.entries("runs"):
            if isinstance(run, TrainedRun):
                found.setdefault(rule_of(run), run)
        return [
            TrainingRule(
                name,
                {output: fill(paths.MODEL, file=file) for output, file in run.exports.items()},
                patterns.preset_where("runs", partial(_is_trained_by, name)),
                run.minutes,
                run.memory_mb,
            )
            for name, run in sorted(found.items())
        ]

    def inputs(self, w: Any) -> Files:
        """All images of a run, the weights of the run that it starts from, and those that others trained."""
        run = self._run(w)
        files: Files = {"images": files_of(self.sources(w)), "first": list(self.first(w).values())}
        return files | (self._weights.inputs(w, run.first_network) if run.first_network else {})

    def sources(self, w: Any) -> dict[str, dict[str, str]]:
        """`Source`s by the names that the run's trainer knows."""
        return self._library.sources(w, self._run(w).uses)

    def first(self, w: Any) -> dict[str, str]:
        """Output -> weights of the run that a run starts from, of the same seed; nothing where it starts afresh."""
        start = self._run(w).starts_from
        if start is None:
            return {}
        earlier, outputs = start
        return {output: self._library.export(w, earlier, output, w.seed) for output in outputs}

    def sha256(self, w: Any) -> str | None:
        """Of the weights that others trained; None where random ones are the first."""
        network = self._run(w).first_network
        return self._weights.used(w, network) if network else None

    def facts(self, w: Any) -> Any:
        """What a trainer must know of other entries."""
        return self._run(w).facts(self._library.of(w))

    def run(self, w: Any) -> Any:
        """What a training depends on."""
        return self._run(w).trained_options()

    def kind(self, w: Any) -> str:
        """The class of a run."""
        return kind_name(self._run(w))

    def workers(self, w: Any) -> list[str]:
        """The modules that train it."""
        run = self._run(w)
        return worker_of(run, run.trainer)

    def processes(self, w: Any) -> int:
        """That train together, and cores that they get; `threads` are of each."""
        return self._run(w).training.gpus

    def gpus(self, w: Any) -> int:
        return self.processes(w) * self._resources.gpus(w)

    def memory(self, mb: int, paper: int) -> Callable[..., int]:
        """Memory [MB]: each process holds the data."""
        ask = self._resources.memory(mb, paper)
        return lambda w, attempt: self.processes(w) * ask(w, attempt)

    def _run(self, w: Any) -> TrainedRun:
        run = self._library.entry(w, "runs", w.run)
        assert isinstance(run, TrainedRun)
        return run


def rule_of(run: TrainedRun) -> str:
    """The rule that trains a run."""
    return "_".join(filter(None, ["train", run.recipe, run.variant]))


def _is_trained_by(rule: str, paper: Paper, name: str) -> bool:
    run = paper.runs[name]
    return isinstance(run, TrainedRun) and rule_of(run) == rule
