"""Which images runs find nuclei in: behind `rules/masks.smk` and the rule `segment`."""

from __future__ import annotations

from typing import Any

from pathgan.config.reads import Use
from pathgan.config.runs.run import TrainedRun
from pathgan.plan.code_plan import kind_name, worker_of
from pathgan.plan.kind_patterns import KindPatterns
from pathgan.plan.library import Library, files_of


class SegmentationPlan:
    """Answers from the runs of a paper under a preset that find nuclei."""

    def __init__(self, library: Library):
        self._library = library

    def preset(self, trained: bool) -> str:
        """Of the paths that runs with weights of their own make, or those without, as a pattern."""
        return KindPatterns(self._library).preset_where(
            "segmenters", lambda paper, name: isinstance(paper.runs[name], TrainedRun) == trained
        )

    def inputs(self, w: Any) -> dict[str, Any]:
        """The weights of a segmenter, and what it reads."""
        weights = self._library.export(w, w.segmenter, "weights", w.seed)
        return {"weights": weights, "images": files_of({"images": self.source(w)})}

    def source(self, w: Any) -> dict[str, str]:
        """A `Source`: a dataset's test split, or a sample set."""
        return self._library.source(w, Use(w.images, "test", wants="images"))

    def store(self, w: Any) -> str:
        """All images of a dataset, or a sample set."""
        return self._library.images(w, w.images, w.seed)

    def run(self, w: Any) -> Any:
        """What it depends on."""
        return self._run(w).model_dump(mode="json")

    def kind(self, w: Any) -> str:
        """The class of a run."""
        return kind_name(self._run(w))

    def workers(self, w: Any) -> list[str]:
        """The modules that find nuclei without training."""
        run = self._run(w)
        return worker_of(run, run.finder)

    def _run(self, w: Any) -> Any:
        return self._library.entry(w, "runs", w.segmenter)
