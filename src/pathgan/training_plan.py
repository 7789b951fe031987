"""What a run is trained on: the part of the plan behind `rules/train.smk`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pathgan.config.plan import conditions_of
from pathgan.config.runs import ClassificationRun, ClassRun, CycleRun, FocusRun, LatentRun, NoiseRun, PairedRun

if TYPE_CHECKING:
    from pathgan.workflow import Plan


class TrainingPlan:
    """Answers from the runs of a paper under a preset."""

    def __init__(self, plan: Plan):
        self._plan = plan

    def files(self, w: Any) -> list[str]:
        return _files(self.sources(w))

    def sources(self, w: Any) -> list[dict[str, str]]:
        """`Source`s of a training run: datasets' training splits, and sample sets with their conditions."""
        run = self._plan.entry(w, "runs", w.run)
        match run:
            case CycleRun():
                sides = ((run.source, "train"), (run.target, "train"), (run.source, "test"))
                return [self._plan.source(w, name, split) for name, split in sides]
            case NoiseRun(makes="images"):
                return [self._plan.shown(w, run.dataset, "train", run.category)]
            case NoiseRun():
                return [self._plan.source(w, run.dataset, "train", run.category, run.masks)]
            case PairedRun():
                sides_of = ("train", "validation") if run.keep == "best" else ("train",)
                return [self._plan.source(w, run.dataset, side, masks=run.masks) for side in sides_of]
            case LatentRun() | FocusRun():
                return [self._plan.shown(w, run.dataset, "train")]
            case ClassificationRun():
                training = self.sets(w)
                sets = [source for items in training["sets"].values() for source in items.values()]
                return [*sets, *training["held_out"].values()]
        return [self._plan.source(w, name, "train") for name in run.train_on]

    def sets(self, w: Any) -> dict[str, dict[str, Any]]:
        """Of a `classification` run: its `sets` (set -> name -> `Source`), the `held_out` images by their side, and
        the `ratios` of samples to training images."""
        run = ClassificationRun.model_validate(self._plan.entry(w, "runs", w.run))
        sets = {
            name: {item: self._plan.shown(w, item, "train") for item in items} for name, items in run.train_on.items()
        }
        held_out = {side: self._plan.shown(w, run.dataset, side) for side in ("validation", "test")}
        return {"sets": sets, "held_out": held_out, "ratios": self._ratios(w, run)}

    def _ratios(self, w: Any, run: ClassificationRun) -> dict[str, int]:
        """Sample set -> how many samples it must hold for each training image of its class."""
        paper, found = self._plan.of(w), {}
        for name in dict.fromkeys(item for items in run.train_on.values() for item in items):
            samples = conditions_of(paper, name)
            maker = samples and paper.runs.get(samples.dataset, paper.runs[samples.run])
            if isinstance(maker, ClassRun):
                found[name] = maker.ratio
        return found

    def classification(self, w: Any) -> dict[str, Any]:
        """All images of a `classification` run, and the first weights of its network."""
        images: dict[str, Any] = {"images": self.files(w)}
        network = self._plan.entry(w, "runs", w.run).network
        return images if self.first_weights(w) is None else images | self._plan.weights.inputs(w, network)

    def first_weights(self, w: Any) -> str | None:
        """The sha256 of ImageNet's weights; None for random ones."""
        run = self._plan.entry(w, "runs", w.run)
        return None if run.weights == "none" else self._plan.weights.used(w, run.network)

    def wasserstein(self, w: Any) -> dict[str, Any]:
        """The stacks of a `latent` or `focus` run, and the weights that it starts from."""
        return {"images": self.files(w), "first": list(self.first(w).values())}

    def first(self, w: Any) -> dict[str, str]:
        """Output -> weights of the run that a run starts from, of the same seed; nothing where it starts afresh."""
        earlier = self._plan.entry(w, "runs", w.run).start_from
        folder = f"{self._plan.base(w)}/models/{earlier}/seed{w.seed}"
        names = {"weights": "generator", "critic": "critic"} if earlier else {}
        return {output: f"{folder}/{name}.safetensors" for output, name in names.items()}

    def run(self, w: Any) -> Any:
        """What training a run depends on: all of it but the watershed, which reads what was trained."""
        return self._plan.entry(w, "runs", w.run).model_dump(mode="json", exclude={"watershed"})

    def processes(self, w: Any) -> int:
        """That train together, and cores that they get; `threads` are of each."""
        return int(self._plan.entry(w, "runs", w.run).training.gpus)

    def gpus(self, w: Any) -> int:
        return self.processes(w) * self._plan.resources.gpus(w)

    def memory(self, mb: int, paper: int | None = None) -> Callable[..., int]:
        """Memory [MB]: each process holds the data."""
        ask = self._plan.resources.memory(mb, paper)
        return lambda w, attempt: self.processes(w) * ask(w, attempt)


def _files(sources: list[dict[str, str]]) -> list[str]:
    """Each once: images, instances and manifest."""
    paths = [source[name] for source in sources for name in ("images", "instances", "manifest")]
    return list(dict.fromkeys(path for path in paths if path))
