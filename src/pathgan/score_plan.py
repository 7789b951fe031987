"""Which file needs which, of scores: the part of the plan behind `rules/score.smk`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pathgan.config.models import (
    AccuracyScore,
    CoverageScore,
    DistributionScore,
    FocusScore,
    MemorisationScore,
    PerceptualHashScore,
    PreservationScore,
    SegmentationScore,
    UtilityScore,
)
from pathgan.config.plan import category_of, likeness_of, mask_maker_of, real_of
from pathgan.config.runs import MixtureRun, SegmentationRun, TranslatingRun, input_of
from pathgan.errors import ConfigError

if TYPE_CHECKING:
    from pathgan.workflow import Plan

Files = dict[str, str | list[str]]


class ScorePlan:
    """Answers from the scores of a paper under a preset."""

    def __init__(self, plan: Plan):
        self._plan = plan

    def files(self, w: Any) -> Files:
        """What a score reads: `scoring.Inputs` by name. Raises ConfigError for a score of another kind of run."""
        score, run = self._plan.entry(w, "scores", w.score), self._plan.scored(w)
        if isinstance(run, SegmentationRun | MixtureRun) != isinstance(score, SegmentationScore):
            raise ConfigError(f"{w.paper}: the score {w.score!r} ({score.kind}) is not for the run {w.run!r}")
        if isinstance(score, SegmentationScore):
            return {"predicted": self._segmentations(w, w.run, score.dataset), **self._plan.store(w, score.dataset)}
        if isinstance(score, AccuracyScore):
            predictions = f"{self._plan.base(w)}/models/{w.run}/seed{w.seed}/predictions.csv"
            return {"predicted": predictions, **self._plan.store(w, run.dataset)}
        store: Files = {**self._plan.store(w, likeness_of(run))}
        if isinstance(score, UtilityScore):
            return {"predicted": self._segmentations(w, score.segmenter, w.run), **store}
        samples: Files = {"predicted": f"{self._plan.base(w)}/samples/{w.run}/seed{w.seed}.h5"}
        match score:
            case DistributionScore():
                return samples | self._distribution(w, score, run)
            case PreservationScore():
                named = {"source_manifest": self._plan.store(w, input_of(run))["manifest"]}
                return samples | store | named | self._preservation(w, score)
            case MemorisationScore():
                return samples | store | self._both_embeddings(w, score.network, run)
            case CoverageScore():
                return samples | store | {"store": self._real_masks(w)}
        if isinstance(run, TranslatingRun):  # pairs are scored, so that both sides must name the same images
            samples["source_manifest"] = self._plan.store(w, run.source)["manifest"]
        if isinstance(score, PerceptualHashScore | FocusScore):
            samples |= self._both_embeddings(w, score.network, run)
        return samples | store

    def category(self, w: Any) -> str:
        """The class that samples are of, or should be of as that of their target; '' where no class is asked for."""
        score, run = self._plan.entry(w, "scores", w.score), self._plan.scored(w)
        if isinstance(score, MemorisationScore | CoverageScore):
            return category_of(self._plan.of(w), w.run)
        if not isinstance(score, PreservationScore):
            return ""
        classes = {dataset: category for category, dataset in score.classes.items()}
        target = likeness_of(run)
        if target not in classes:
            raise ConfigError(
                f"{w.paper}: scores.{w.score}.classes: expected one for {target!r}, which {w.run!r} should look like"
            )
        return classes[target]

    def embedding(self, w: Any) -> dict[str, str]:
        """The images of `data/{dataset}` or `samples/{run}/seed{seed}`, and the weights."""
        return {"images": f"{self._plan.base(w)}/{w.images}.h5", **self._plan.weights.inputs(w, w.network)}

    def embedding_weights(self, w: Any) -> str | None:
        return self._plan.weights.used(w, w.network)

    def _distribution(self, w: Any, score: DistributionScore, run: Any) -> Files:
        real = real_of(score, run)
        files: Files = {
            **self._plan.store(w, real),
            "real_embeddings": self._of_dataset(w, score.network, real),
            "fake_embeddings": self._of_samples(w, score.network),
        }
        if score.untranslated:
            source = self._plan.store(w, run.source)
            files |= {f"source_{name}": path for name, path in source.items()}
            files["source_embeddings"] = self._of_dataset(w, score.network, run.source)
        return files

    def _preservation(self, w: Any, score: PreservationScore) -> Files:
        stores = [self._plan.store(w, name) for name in score.classes.values()]
        return {
            "fake_embeddings": self._of_samples(w, score.network),
            "class_stores": [store["store"] for store in stores],
            "class_manifests": [store["manifest"] for store in stores],
            "class_embeddings": [self._of_dataset(w, score.network, name) for name in score.classes.values()],
        }

    def _real_masks(self, w: Any) -> str:
        """What the GAN behind the masks of a sample set learned from."""
        run = mask_maker_of(self._plan.of(w), w.run)
        if run is None:
            raise ConfigError(f"{w.paper}: the score {w.score!r} is not for {w.run!r}, whose masks no GAN made")
        return self._plan.source(w, run.dataset, "train", masks=run.masks)["instances"]

    def _both_embeddings(self, w: Any, network: str, run: Any) -> Files:
        real = self._of_dataset(w, network, likeness_of(run))
        return {"fake_embeddings": self._of_samples(w, network), "real_embeddings": real}

    def _of_samples(self, w: Any, network: str) -> str:
        return f"{self._plan.base(w)}/embeddings/{network}/samples/{w.run}/seed{w.seed}.h5"

    def _of_dataset(self, w: Any, network: str, dataset: str) -> str:
        return f"{self._plan.base(w)}/embeddings/{network}/data/{dataset}.h5"

    def _segmentations(self, w: Any, segmenter: str, images: str) -> str:
        return f"{self._plan.base(w)}/segmentations/{segmenter}/seed{w.seed}/{images}.h5"
