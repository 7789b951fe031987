"""What a preset's results are, and what its front page shows of them: behind `rules/page.smk`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from pathgan.config.table_names import CLAIM_EFFECTS, CLAIMS, COMPARABILITY, DATASETS, HYPER_PARAMETERS, PRINTED
from pathgan.config.table_types import ScoreTable
from pathgan.plan import paths
from pathgan.plan.claim_plan import ClaimPlan
from pathgan.plan.code_plan import kind_name
from pathgan.plan.comparison_plan import ComparisonPlan
from pathgan.plan.figure_plan import FigurePlan
from pathgan.plan.library import Library
from pathgan.plan.paths import fill
from pathgan.plan.slide_plan import SlidePlan
from pathgan.plan.table_plan import TablePlan

TEMPLATES = tuple(f"src/pathgan/page/{name}" for name in ("page.html.j2", "parts.html.j2", "page.css", "page.js"))


class PagePlan:
    """Answers from all papers of the workflow under a preset."""

    def __init__(
        self,
        library: Library,
        comparison: ComparisonPlan,
        tables: TablePlan,
        slides: SlidePlan,
        claims: ClaimPlan,
        figures: FigurePlan,
    ):
        self._library, self._comparison = library, comparison
        self._tables, self._slides, self._claims, self._figures = tables, slides, claims, figures

    def results(self, w: Any) -> list[str]:
        """Every table and figure of a paper."""
        return [*self._scored(w), *self._of_slides(w).values(), *self._of_words(w).values(), *self._drawn(w).values()]

    def scored(self, w: Any) -> dict[str, list[str]]:
        """Paper -> the tables that a scorecard is made from."""
        names = (CLAIMS, CLAIM_EFFECTS, PRINTED, COMPARABILITY, HYPER_PARAMETERS, DATASETS)
        return {
            of.paper: [*(self._table(of, name) for name in names), *self._tables.compared(of)]
            for of in self._papers(w)
            if self._has_claims(of)
        }

    def inputs(self, w: Any) -> list[str]:
        """Every table and figure of every paper, what their datasets hold, and the scorecard."""
        of_papers = [
            file
            for of in self._papers(w)
            for file in (*self.results(of), *(one["counts"] for one in self._datasets(of).values()))
        ]
        return [*of_papers, *self.scorecard(w)]

    def scorecard(self, w: Any) -> list[str]:
        """Its file; none where no paper has claims."""
        return [fill(paths.SCORECARD, preset=w.preset, suffix="csv")] if self.scored(w) else []

    def given(self, w: Any) -> dict[str, dict[str, Any]]:
        """Paper -> `page.contents.PaperInputs` by name."""
        return {of.paper: self._paper(of) for of in self._papers(w)}

    def templates(self, w: Any) -> list[str]:
        """What the page is made with, beside code."""
        return list(TEMPLATES)

    def _papers(self, w: Any) -> list[Any]:
        return [SimpleNamespace(preset=w.preset, paper=name) for name in self._library.workflow.papers]

    def _paper(self, w: Any) -> dict[str, Any]:
        paper = self._library.of(w)
        return {
            "title": paper.title,
            "cite": paper.cite,
            "caveat": paper.caveat,
            "seeds": list(paper.seeds),
            "datasets": self._datasets(w),
            "scores": {name: self._score_table(w, name) for name in paper.tables},
            "slides": self._of_slides(w),
            "words": self._of_words(w),
            "figures": {
                name: {"file": file, "caption": self._caption(w, name) if name in paper.figures else ""}
                for name, file in self._drawn(w).items()
            },
        }

    def _caption(self, w: Any, figure: str) -> str:
        of = SimpleNamespace(preset=w.preset, paper=w.paper, figure=figure)
        return str(self._figures.config(of)["caption"])

    def _datasets(self, w: Any) -> dict[str, dict[str, Any]]:
        return self._comparison.described(w, self._comparison.datasets_used(w))

    def _score_table(self, w: Any, name: str) -> dict[str, Any]:
        of, table = SimpleNamespace(preset=w.preset, paper=w.paper, table=name), self._library.of(w).tables[name]
        metrics = self._tables.metrics(of)
        columns = table.columns.items() if isinstance(table, ScoreTable) else ()
        return {
            "file": self._table(w, name),
            "kind": kind_name(table),
            "table": self._tables.config(of),
            "better": {key: metrics[column.metric]["better"] for key, column in columns if not column.against},
        }

    def _scored(self, w: Any) -> list[str]:
        return [self._table(w, name) for name in self._library.of(w).tables]

    def _of_slides(self, w: Any) -> dict[str, str]:
        return {name: self._table(w, name) for name in self._slides.tables(self._library.of(w))}

    def _of_words(self, w: Any) -> dict[str, str]:
        of_claims = (CLAIMS, CLAIM_EFFECTS, PRINTED) if self._has_claims(w) else ()
        return {name: self._table(w, name) for name in (*of_claims, HYPER_PARAMETERS, DATASETS, COMPARABILITY)}

    def _drawn(self, w: Any) -> dict[str, str]:
        names = (*self._library.of(w).figures, *((CLAIMS,) if self._has_claims(w) else ()))
        return {name: self._library.path(w, paths.FIGURE, figure=name, suffix="png") for name in names}

    def _table(self, w: Any, name: str) -> str:
        return self._library.path(w, paths.TABLE, table=name, suffix="csv")

    def _has_claims(self, w: Any) -> bool:
        return self._claims.has_claims(w.preset, w.paper)
