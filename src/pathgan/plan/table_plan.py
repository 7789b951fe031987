"""What tables are built of: behind `rules/render.smk`."""

from __future__ import annotations

from typing import Any

from pathgan.config.metric_table import metric_of
from pathgan.config.runs.run import GeneratingRun
from pathgan.config.table_types import CountTable, ScoreTable, Table
from pathgan.plan import paths
from pathgan.plan.code_plan import kind_name, worker_of
from pathgan.plan.comparison_plan import ComparisonPlan
from pathgan.plan.library import Library
from pathgan.plan.paths import fill


class TablePlan:
    """Answers from the tables of a paper under a preset."""

    def __init__(self, library: Library, comparison: ComparisonPlan):
        self._library, self._comparison = library, comparison

    def inputs(self, w: Any) -> list[str]:
        """The score files of every cell, the manifests that say which items belong together, and what data hold."""
        scores = [path for files in self.scores(w).values() for path in files]
        counts = [sample["file"] for sample in self.samples(w).values()]
        return [*scores, *self.manifests(w).values(), *counts, *self.counts(w).values()]

    def given(self, w: Any) -> dict[str, Any]:
        """`table_inputs.TableInputs` by name."""
        return {
            "caveats": self.caveats(w),
            "made_with": self.made_with(w),
            "scores": self.scores(w),
            "manifests": self.manifests(w),
            "samples": self.samples(w),
            "metrics": self.metrics(w),
            "printed": self._comparison.published(w, w.table),
            "verdicts": self._comparison.verdicts(w, w.table),
            "counts": self.counts(w),
            "expected": self.expected(w),
        }

    def scores(self, w: Any) -> dict[str, list[str]]:
        """`run/score` -> one score file per seed, of every cell."""
        table = self._table(w)
        seeds = getattr(table, "seeds", None) or self._library.of(w).seeds
        return {
            f"{cell.run}/{cell.score}": [
                self._library.path(w, paths.SCORE, run=cell.run, score=cell.score, seed=seed) for seed in seeds
            ]
            for cell in (table.cells if isinstance(table, ScoreTable) else ())
        }

    def manifests(self, w: Any) -> dict[str, str]:
        """Dataset -> manifest, of every dataset that a table is about, or that items are named after."""
        table, paper = self._table(w), self._library.of(w)
        if isinstance(table, CountTable):
            names = [name for name in table.counted if name in paper.datasets]
        else:
            assert isinstance(table, ScoreTable)
            runs = dict.fromkeys(cell.run for cell in table.cells)
            behind = [paper.run_behind(run) for run in runs]
            named = [run.applied_to for run in behind if isinstance(run, GeneratingRun) and run.translates]
            names = [*(cell.dataset for cell in table.cells), *named]
        return {name: self._library.path(w, paths.MANIFEST, dataset=name) for name in names}

    def samples(self, w: Any) -> dict[str, dict[str, str]]:
        """Sample set -> its `file` of counts and `category`, of all that a table counts: of the first seed."""
        table, paper = self._table(w), self._library.of(w)
        names = [name for name in table.counted if name not in paper.datasets] if isinstance(table, CountTable) else []
        return {
            name: {
                "file": self._library.path(w, paths.COUNTS, samples=name, seed=paper.seeds[0]),
                "category": paper.category_of(name),
            }
            for name in names
        }

    def made_with(self, w: Any) -> dict[str, list[str]]:
        """Run or sample set -> the datasets that it is made with, of all of a table."""
        table, paper = self._table(w), self._library.of(w)
        names = [cell.run for cell in table.cells] if isinstance(table, ScoreTable) else self.samples(w)
        return {name: paper.datasets_of(name) for name in names}

    def metrics(self, w: Any) -> dict[str, Any]:
        """Key -> what is known of it, of every metric of a table."""
        table = self._table(w)
        if not isinstance(table, ScoreTable):
            return {}
        keys = [key for cell in table.cells for key in (cell.metric, cell.against) if key]
        return {key: metric_of(key).model_dump(mode="json") for key in keys}

    def caveats(self, w: Any) -> dict[str, str]:
        """Dataset -> why its numbers may not be compared with the paper's, '' where they may."""
        paper = self._library.of(w)
        return {
            name: "; ".join(text for text in (paper.caveat, dataset.caveat) if text)
            for name, dataset in paper.datasets.items()
        }

    def counts(self, w: Any) -> dict[str, str]:
        """Dataset -> what it holds, of every dataset behind a printed cell."""
        names = self._comparison.datasets(w, w.table)
        return {name: self._library.path(w, paths.DATASET_COUNTS, dataset=name) for name in names}

    def expected(self, w: Any) -> dict[str, dict[str, Any]]:
        """The same datasets -> their `label`, and what the paper `counted` in them."""
        expected, datasets = self._comparison.expected(w), self._library.of(w).datasets
        names = self._comparison.datasets(w, w.table)
        return {name: {"label": datasets[name].label or name, "counted": expected[name]} for name in names}

    def config(self, w: Any) -> Any:
        """A table with the datasets' labels in its headings."""
        table = self._table(w).model_dump(mode="json")
        for column in table["columns"].values():
            if column.get("dataset"):
                column["label"] = column["label"].replace("{label}", self._library.of(w).label_of(column["dataset"]))
        return table

    def kind(self, w: Any) -> str:
        """The class of a table."""
        return kind_name(self._table(w))

    def workers(self, w: Any) -> list[str]:
        """The modules that build it."""
        table = self._table(w)
        return worker_of(table, table.builder)

    def settings(self, w: Any) -> dict[str, Any]:
        """`title`, and every setting with its value, that of the paper that we reproduce, its source and origin."""
        rows = [
            {
                "section": one.key.section,
                "name": one.key.name,
                "parameter": one.key.leaf or one.key.section,
                "value": str(one.value),
                "paper": str(one.printed),
                "source": one.source,
                "origin": one.origin,
            }
            for one in self._comparison.settings(w)
        ]
        return {"title": self._title(w), "rows": rows}

    def compared(self, w: Any) -> list[str]:
        """The tables with printed cells."""
        tables = [name for name in self._library.of(w).tables if self._comparison.published(w, name)]
        return [self._library.path(w, paths.TABLE, table=name, suffix="csv") for name in tables]

    def comparisons(self, w: Any) -> dict[str, Any]:
        """`title`, and of every printed cell that we have the `shares` of origins and the `details` of each respect."""
        tables = self._library.of(w).tables
        rows = [{"table": name, **told} for name in tables for told in self._comparison.details(w, name)]
        return {"title": self._title(w), "rows": rows}

    def counted(self, w: Any) -> list[str]:
        """What each dataset holds."""
        names = self._comparison.datasets_used(w)
        return [self._library.path(w, paths.DATASET_COUNTS, dataset=name) for name in names]

    def identities(self, w: Any) -> dict[str, Any]:
        """`title`, and of every dataset in use its `label`, `file` of counts, and what the paper `counted` in it."""
        expected, datasets = self._comparison.expected(w), self._library.of(w).datasets
        rows = [
            {
                "dataset": name,
                "label": datasets[name].label or name,
                "file": self._library.path(w, paths.DATASET_COUNTS, dataset=name),
                "counted": expected[name],
            }
            for name in self._comparison.datasets_used(w)
        ]
        return {"title": self._title(w), "rows": rows}

    def paper_files(self, w: Any) -> list[str]:
        """The file of a paper, and the one that it extends."""
        return [fill(paths.PAPER, paper=name) for name in (w.paper, self._library.of(w).extends) if name]

    def _table(self, w: Any) -> Table:
        table = self._library.entry(w, "tables", w.table)
        assert isinstance(table, Table)
        return table

    def _title(self, w: Any) -> str:
        return f"{self._library.of(w).title} (preset {w.preset})"
