"""What a set of samples is made of: the part of the plan behind `rules/synthesize.smk`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pathgan.config.models import STYLE_NETWORK, Samples
from pathgan.config.plan import conditions_of
from pathgan.config.runs import AugmentationRun, CycleRun, StackRun, StyleRun, TranslatingRun
from pathgan.errors import ConfigError

if TYPE_CHECKING:
    from pathgan.workflow import Plan


class SamplePlan:
    """Answers from the sample sets of a paper under a preset, and the runs behind them."""

    def __init__(self, plan: Plan):
        self._plan = plan

    def run(self, w: Any) -> Any:
        """The run behind a sample set."""
        return self._behind(w).model_dump(mode="json")

    def drawn_run(self, w: Any) -> Any:
        """The run that makes the masks, or the planes in focus, of a composition."""
        return self._plan.of(w).runs[self._samples(w).dataset].model_dump(mode="json")

    def source(self, w: Any) -> dict[str, str]:
        """The conditions of a sample set, or the images that it translates; its own do not exist yet."""
        source = self._plan.source(w, w.samples, "test")
        of_images = isinstance(self._behind(w), TranslatingRun | StackRun)
        return {**source, "images": source["instances"] if of_images else ""}

    def synthesis(self, w: Any) -> dict[str, str]:
        run = self._behind(w)
        model = f"{self._plan.base(w)}/models/{self._samples(w).run}/seed{w.seed}"
        weights = {"weights": f"{model}/generator.safetensors"}
        if isinstance(run, CycleRun):
            weights["inverse"] = f"{model}/inverse.safetensors"
        source = self.source(w)
        conditions = {"store": source["instances"], "manifest": source["manifest"]}
        return {**weights, **{name: path for name, path in conditions.items() if path}}

    def drawing(self, w: Any) -> dict[str, str]:
        """The generator of a class, and the manifest that says how many images it learned from."""
        run = self._behind(w)
        weights = f"{self._plan.base(w)}/models/{w.samples}/seed{w.seed}/generator.safetensors"
        return {"weights": weights, "manifest": self._plan.store(w, run.dataset)["manifest"]}

    def composition(self, w: Any) -> dict[str, str]:
        """The generators of masks and of images, or of planes in focus and of stacks, and the manifest that says how
        many the first learned from."""
        samples, models = self._samples(w), f"{self._plan.base(w)}/models"
        run: Any = self._plan.of(w).runs[samples.dataset]
        return {
            "drawn": f"{models}/{samples.dataset}/seed{w.seed}/generator.safetensors",
            "weights": f"{models}/{samples.run}/seed{w.seed}/generator.safetensors",
            "manifest": self._plan.store(w, run.dataset)["manifest"],
        }

    def augmentation(self, w: Any) -> dict[str, str]:
        return self._plan.store(w, AugmentationRun.model_validate(self.run(w)).dataset)

    def augmented_source(self, w: Any) -> dict[str, str]:
        """The training images that an augmentation starts from."""
        run = AugmentationRun.model_validate(self.run(w))
        return self._plan.shown(w, run.dataset, "train", run.category)

    def stylization(self, w: Any) -> dict[str, str]:
        """Source and style images of a sample set, and the weights of the network that compares them."""
        run = StyleRun.model_validate(self.run(w))
        inputs = self._plan.store(w, run.source)
        inputs |= {f"style_{name}": path for name, path in self._plan.store(w, run.target).items()}
        return inputs | self._plan.weights.inputs(w, STYLE_NETWORK)

    def style_sources(self, w: Any) -> dict[str, dict[str, str]]:
        """`Source`s of the images to translate and of those that lend their style."""
        run = StyleRun.model_validate(self.run(w))
        return {"source": self.source(w), "style": self._plan.source(w, run.target, "train")}

    def defocused(self, w: Any) -> dict[str, str]:
        return self._plan.store(w, self._behind(w).dataset)

    def defocused_sources(self, w: Any) -> dict[str, dict[str, str]]:
        """`Source`s of real stacks: those that a blur is fitted to, and those that are made again."""
        return {side: self._plan.shown(w, self._behind(w).dataset, side) for side in ("train", "test")}

    def style_weights(self, w: Any) -> str | None:
        return self._plan.weights.used(w, STYLE_NETWORK)

    def _samples(self, w: Any) -> Samples:
        samples = conditions_of(self._plan.of(w), w.samples)
        if samples is None:
            raise ConfigError(self._plan.unknown(w, "samples", w.samples))
        return samples

    def _behind(self, w: Any) -> Any:
        """The run behind a sample set."""
        return self._plan.of(w).runs[self._samples(w).run]
