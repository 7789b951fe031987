"""What the rules ask before any job starts: the parts of the plan, and what must be made for a paper.

A path says everything, so each function takes the wildcards of a path (`preset`, `paper`, `run`, ...)
and answers from the configuration of that paper under that preset.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from pathgan.cluster.resources import Resources
from pathgan.config.workflow import Workflow
from pathgan.plan import paths
from pathgan.plan.claim_plan import ClaimPlan
from pathgan.plan.code_plan import CodePlan
from pathgan.plan.comparison_plan import ComparisonPlan
from pathgan.plan.dataset_plan import DatasetPlan
from pathgan.plan.figure_plan import FigurePlan
from pathgan.plan.library import Library
from pathgan.plan.page_plan import PagePlan
from pathgan.plan.paths import fill
from pathgan.plan.reading_plan import ReadingPlan
from pathgan.plan.sample_plan import SamplePlan
from pathgan.plan.score_plan import ScorePlan
from pathgan.plan.segmentation_plan import SegmentationPlan
from pathgan.plan.slide_plan import SlidePlan
from pathgan.plan.table_plan import TablePlan
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
        self.page = PagePlan(library, comparison, self.tables, self.slides, self.claims, self.figures)

    @property
    def papers(self) -> list[str]:
        return self.library.papers

    @property
    def data_root(self) -> Path:
        return self.library.data_root

    def targets(self, preset: str, paper: str) -> list[str]:
        """Every table and figure of a paper, and the page that says where they come from."""
        w = SimpleNamespace(preset=preset, paper=paper)
        return [*self.page.results(w), self.library.path(w, paths.PROVENANCE)]

    def summaries(self, preset: str) -> list[str]:
        """What there is over all papers of the workflow: the front page, and the scorecard where a paper has claims."""
        return [*self.page.scorecard(SimpleNamespace(preset=preset)), fill(paths.PAGE, preset=preset)]
