"""What the rules ask before any job starts: the parts of the plan, and what must be made for a paper.

A path says everything, so each function takes the wildcards of a path (`preset`, `paper`, `run`, ...)
and answers from the configuration of that paper under that preset.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pathgan.cluster.resources import Resources
from pathgan.config.workflow import Workflow
from pathgan.plan import paths
from pathgan.plan.claim_plan import ClaimPlan
from pathgan.plan.code_plan import CodePlan
from pathgan.plan.comparison_plan import ComparisonPlan
from pathgan.plan.dataset_plan import DatasetPlan
from pathgan.plan.figure_plan import FigurePlan
from pathgan.plan.library import Library
from pathgan.plan.paths import fill
from pathgan.plan.reading_plan import ReadingPlan
from pathgan.plan.sample_plan import SamplePlan
from pathgan.plan.score_plan import ScorePlan
from pathgan.plan.segmentation_plan import SegmentationPlan
from pathgan.plan.slide_plan import SlidePlan
from pathgan.plan.table_plan import (
    CLAIM_EFFECTS,
    CLAIMS,
    COMPARABILITY,
    DATASETS,
    HYPER_PARAMETERS,
    PRINTED,
    TablePlan,
)
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
        comparison = ComparisonPlan(library)
        self.tables = TablePlan(library, comparison)
        self.readings = ReadingPlan(library, comparison)
        self.claims = ClaimPlan(library, self.tables, comparison, self.readings)
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
        of_claims, drawn = ((CLAIMS, PRINTED), (CLAIMS,)) if self.claims.has_claims(preset, paper) else ((), ())
        names = (*config.tables, *self.slides.tables(config), HYPER_PARAMETERS, DATASETS, COMPARABILITY, *of_claims)
        tables = [fill(paths.TABLE, preset=preset, paper=paper, table=name, suffix="csv") for name in names]
        names = (*config.figures, *drawn)
        figures = [fill(paths.FIGURE, preset=preset, paper=paper, figure=name, suffix="png") for name in names]
        return [*tables, *figures]

    def scorecards(self, preset: str) -> list[str]:
        """The page over all papers of the workflow; none where no paper has claims."""
        return [fill(paths.SCORECARD, preset=preset, suffix="csv")] if self._claiming(preset) else []

    def scored(self, w: Any) -> dict[str, list[str]]:
        """Paper -> the tables that a scorecard is made from."""
        names = (CLAIMS, CLAIM_EFFECTS, PRINTED, COMPARABILITY, HYPER_PARAMETERS, DATASETS)
        found = {}
        for paper in self._claiming(w.preset):
            of = SimpleNamespace(preset=w.preset, paper=paper)
            own = [self.library.path(of, paths.TABLE, table=name, suffix="csv") for name in names]
            found[paper] = [*own, *self.tables.compared(of)]
        return found

    def _claiming(self, preset: str) -> list[str]:
        return [paper for paper in self.workflow.papers if self.claims.has_claims(preset, paper)]

    def results_of(self, w: Any) -> list[str]:
        """The same, of the wildcards of a path."""
        return self.results(w.preset, w.paper)
