"""What a set of samples is made of: behind `rules/sample.smk`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from pathgan.config.papers import Paper, Samples
from pathgan.config.runs.run import GeneratingRun
from pathgan.errors import ConfigError
from pathgan.plan.kind_patterns import KindPatterns
from pathgan.plan.library import Files, Library, files_of
from pathgan.plan.weights_plan import WeightsPlan


@dataclass(frozen=True)
class SampleRule:
    """One rule: of the sample sets that runs of a recipe make, or make of what other runs draw. minutes: at the papers'
    sizes."""

    name: str
    preset: str  # pattern
    minutes: int
    on_gpu: bool


class SamplePlan:
    """Answers from the sample sets of a paper under a preset, and the runs behind them."""

    def __init__(self, library: Library, weights: WeightsPlan):
        self._library, self._weights = library, weights

    @property
    def rules(self) -> list[SampleRule]:
        """One rule per recipe, and one more where it is applied to what other runs draw; of all papers and presets."""
        patterns = KindPatterns(self._library)
        found: dict[str, GeneratingRun] = {}
        for paper in {id(paper): paper for paper, _ in patterns.entries("sample_sets")}.values():
            for name in paper.sample_sets:
                found.setdefault(rule_of(paper, name), _run(paper, name))
        return [
            SampleRule(
                name,
                patterns.preset_where("sample_sets", partial(_is_made_by, name)),
                run.sampling_minutes,
                run.samples_on_gpu,
            )
            for name, run in sorted(found.items())
        ]

    def inputs(self, w: Any) -> Files:
        """The weights that make a set, what it is made of, and the weights that others trained."""
        files: Files = {"weights": list(self.weights(w).values()), "images": files_of(self.sources(w))}
        network = self.network(w)
        return files | ({"pretrained": str(self._weights.file(network))} if network else {})

    def weights(self, w: Any) -> dict[str, str]:
        """Output -> weights of the run behind a set, and as `drawn` those of the run that it is applied to."""
        samples, run = self._samples(w), self._behind(w)
        own = {output: self._library.export(w, samples.run, output, w.seed) for output in run.used_weights}
        drawn = self._drawn_by(w)
        return own | ({"drawn": self._library.export(w, samples.dataset, "weights", w.seed)} if drawn else {})

    def sources(self, w: Any) -> dict[str, dict[str, str]]:
        """`Source`s by the names that the sampler knows."""
        samples, drawn = self._samples(w), self._drawn_by(w)
        uses = (drawn or self._behind(w)).sample_uses(samples.dataset, samples.split)
        return self._library.sources(w, uses)

    def options(self, w: Any) -> Any:
        """What making a set depends on: the options of its sampler."""
        run, drawn = self._behind(w), self._drawn_by(w)
        applied = run.sampling_options() | ({"dropout": True} if self._samples(w).dropout else {})
        return {"applied": applied, "drawn": drawn.sampling_options()} if drawn else applied

    def sampler(self, w: Any) -> str:
        """The module that makes a set."""
        run = self._behind(w)
        module = run.composer if self._drawn_by(w) else run.sampler
        assert module is not None
        return module

    def workers(self, w: Any) -> list[str]:
        """The modules that make it: its sampler imports the options that it knows."""
        return [self.sampler(w)]

    def network(self, w: Any) -> str | None:
        """The one that others trained; None for none."""
        wanted = self._behind(w).network_used
        return self._weights.network(w, wanted) if wanted else None

    def sha256(self, w: Any) -> str | None:
        """Of the weights that others trained; None for none."""
        network = self.network(w)
        return self._weights.used(w, network) if network else None

    def _samples(self, w: Any) -> Samples:
        samples = self._library.of(w).sample_sets.get(w.samples)
        if samples is None:
            raise ConfigError(self._library.unknown(w, "samples", w.samples))
        return samples

    def _drawn_by(self, w: Any) -> GeneratingRun | None:
        return self._library.of(w).drawn_by(w.samples)

    def _behind(self, w: Any) -> GeneratingRun:
        self._samples(w)
        return _run(self._library.of(w), w.samples)


def _run(paper: Paper, name: str) -> GeneratingRun:
    return paper.generating_runs[paper.sample_sets[name].run]


def rule_of(paper: Paper, name: str) -> str:
    """The rule that makes a sample set."""
    verb = "compose" if paper.drawn_by(name) else "sample"
    return f"{verb}_{_run(paper, name).recipe}"


def _is_made_by(rule: str, paper: Paper, name: str) -> bool:
    return rule_of(paper, name) == rule
