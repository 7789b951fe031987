"""What the rules ask before any job starts: the parts of the plan, and what must be made for a paper.

A path says everything, so each function takes the wildcards of a path (`preset`, `paper`, `run`, ...)
and answers from the configuration of that paper under that preset.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pathgan.cluster.resources import Resources
from pathgan.config.workflow import Workflow
from pathgan.plan import paths
from pathgan.plan.code_plan import CodePlan
from pathgan.plan.comparison_plan import ComparisonPlan
from pathgan.plan.dataset_plan import DatasetPlan
from pathgan.plan.figure_plan import FigurePlan
from pathgan.plan.library import Library
from pathgan.plan.paths import fill
from pathgan.plan.sample_plan import SamplePlan
from pathgan.plan.score_plan import ScorePlan
from pathgan.plan.segmentation_plan import SegmentationPlan
from pathgan.plan.slide_plan import SlidePlan
from pathgan.plan.table_plan import COMPARABILITY, DATASETS, HYPER_PARAMETERS, TablePlan
from pathgan.plan.training_plan import TrainingPlan


class Plan:
    """The workflow's knowledge of papers. `root`: the folder of the Snakefile."""

    def __init__(self, workflow: Workflow, root: Path):
        self.workflow = workflow
        self.library = library = Library(workflow, root)
        self.resources = Resources(workflow)
        self.code = CodePlan(root)
        self.weights = library.weights
        self.datasets = DatasetPlan(library)
        self.slides = SlidePlan(library)
        self.training = TrainingPlan(library, self.weights, self.resources)
        self.samples = SamplePlan(library, self.weights)
        self.segmentations = SegmentationPlan(library)
        self.scores = ScorePlan(library, self.weights)
        self.tables = TablePlan(library, ComparisonPlan(library))
        self.figures = FigurePlan(library)

    @property
    def papers(self) -> list[str]:
        return self.library.papers

    @property
    def data_root(self) -> Path:
        return self.library.data_root

    def targets(self, preset: str, paper: str) -> list[str]:
        """Every table and figure of a paper, and the page that says where they come from."""
        return [*self.results(preset, paper), fill(paths.PROVENANCE, preset=preset, paper=paper)]

    def results(self, preset: str, paper: str) -> list[str]:
        """Every table and figure of a paper."""
        config = self.library.paper(preset, paper)
        names = (*config.tables, *self.slides.tables(config), HYPER_PARAMETERS, DATASETS, COMPARABILITY)
        tables = [fill(paths.TABLE, preset=preset, paper=paper, table=name, suffix="csv") for name in names]
        figures = [fill(paths.FIGURE, preset=preset, paper=paper, figure=name, suffix="png") for name in config.figures]
        return [*tables, *figures]

    def results_of(self, w: Any) -> list[str]:
        """The same, of the wildcards of a path."""
        return self.results(w.preset, w.paper)
