"""What stands between our numbers and the printed ones: sources of settings, and verdicts on the cells of tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from pathgan.config.cell_entries import entries_behind, entries_of, sets_of
from pathgan.config.comparability import judge, respect_of
from pathgan.config.papers import Paper
from pathgan.config.runs.run import TrainedRun
from pathgan.config.sources import Key, Setting, leaves, metric_key, settings_of, shares
from pathgan.config.table_types import CountTable, ScoreTable, Table
from pathgan.config.verdicts import Standing
from pathgan.config.workflow import FULL_SIZE
from pathgan.plan import paths
from pathgan.plan.library import Library

Cells = dict[tuple[str, str], list[Setting]]
ELSEWHERE = "protocol: another run, score or data set stands in this cell"
# Of a split, what decides how many images lie on which side.
SIZES = tuple(f"split.{name}" for name in ("by", "n_test", "test_fraction", "folds", "per_class", "validation"))


class ComparisonPlan:
    """Answers from the settings of a paper under a preset, and of the paper that it reproduces."""

    def __init__(self, library: Library):
        self._library = library
        self._settings = lru_cache(maxsize=None)(self._settings_of)
        self._of_cells = lru_cache(maxsize=None)(self._entries_of_cells)

    def reproduced(self, w: Any) -> str:
        """The paper whose printed values ours stand beside: the one that it extends, or itself."""
        return self._library.of(w).extends or str(w.paper)

    def printed_paper(self, w: Any) -> Paper:
        """The preset `paper` of that one."""
        return self._library.paper(FULL_SIZE, self.reproduced(w))

    def settings(self, w: Any) -> list[Setting]:
        """Every setting, with its source."""
        return self._settings(w.preset, w.paper, self.reproduced(w))

    def published(self, w: Any, table: str) -> list[dict[str, str]]:
        """The printed cells of a table, as text."""
        paper = self.reproduced(w)
        return [
            {key: value for key, value in row.items() if key != "paper"}
            for row in self._library.published(paper)
            if row["table"] == table
        ]

    def verdicts(self, w: Any, table: str) -> list[dict[str, Any]]:
        """Of each printed cell that a table has: `row`, `column`, the `datasets` behind it, the `words` of the verdict
        in each respect, and the `reasons`."""
        return self._verdicts(w, table, self._entries(w, table))

    def verdicts_of_all(self, w: Any, table: str) -> list[dict[str, Any]]:
        """The same of each cell, printed or not; and whether anything behind it is `trained`."""
        paper, behind = self._library.of(w), self._of_cells(w.preset, w.paper, table)
        return [
            {**told, "trained": _is_trained(paper, behind[told["row"], told["column"]])}
            for told in self._verdicts(w, table, behind)
        ]

    def behind_entry(self, w: Any, name: str) -> dict[str, Any]:
        """The `datasets` behind a run, a sample set or a dataset, and the `words` of the verdict on its settings."""
        entries = entries_of(self._library.of(w), name)
        settings = [one for one in self.settings(w) if one.key.entry in entries]
        return {"datasets": _names(entries), "words": dict(judge(settings)[0].words)}

    def standing(self, w: Any) -> dict[str, Standing]:
        """Dataset -> whose images it holds; masks that are drawn after a dataset's are as good as these."""
        paper = self._library.of(w)
        other = {
            one.key.name
            for one in self.settings(w)
            if one.key.section == "datasets" and one.changed and respect_of(one.key) == "data"
        }
        found: dict[str, Standing] = {
            name: "phantom"
            if paper.is_phantom(name)
            else "among the paper's"
            if dataset.among_theirs
            else "another"
            if name in other
            else "the paper's"
            for name, dataset in paper.datasets.items()
        }
        examples = {name: getattr(dataset, "example", "") for name, dataset in paper.datasets.items()}
        return {name: found[examples[name] or name] for name in found}

    def details(self, w: Any, table: str) -> list[dict[str, Any]]:
        """Of the same cells: `row`, `column`, the `shares` of origins among the settings behind it, and in each respect
        the settings that keep it from `yes`."""
        return [
            {"row": row, "column": column, "shares": shares(settings), "details": judge(settings)[1]}
            for (row, column), settings in self._behind(w, table, self._entries(w, table)).items()
        ]

    def datasets(self, w: Any, table: str) -> list[str]:
        """Every dataset behind a printed cell of a table."""
        return _names(dict.fromkeys(name for entries in self._entries(w, table).values() for name in entries))

    def datasets_used(self, w: Any) -> list[str]:
        """Every dataset behind a table or a figure."""
        paper = self._library.of(w)
        behind = [entries for name in paper.tables for entries in self._of_cells(w.preset, w.paper, name).values()]
        drawn = [read for figure in paper.figures.values() for reads in figure.reads(paper) for read in reads.values()]
        behind += [entries_of(paper, name) for read in drawn for name in (read.of, read.by)]
        used = {name for entries in behind for name in _names(entries)}
        return [name for name in paper.datasets if name in used]

    def expected(self, w: Any) -> dict[str, dict[str, int]]:
        """Dataset -> what the paper counted in it, as the file of the paper that we reproduce says; of a dataset that
        this one lacks, as our own."""
        theirs = self.printed_paper(w).datasets
        datasets = self._library.of(w).datasets
        return {name: dict(theirs.get(name, dataset).expect) for name, dataset in datasets.items()}

    def described(self, w: Any, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Dataset -> its `label`, `caveat` and `standing`, its file of `counts`, and what the paper `counted`; of those
        names that are datasets."""
        datasets, standing, expected = self._library.of(w).datasets, self.standing(w), self.expected(w)
        return {
            name: {
                "label": datasets[name].label or name,
                "caveat": datasets[name].caveat,
                "standing": standing[name],
                "counts": self._library.path(w, paths.DATASET_COUNTS, dataset=name),
                "counted": expected[name],
            }
            for name in names
            if name in datasets
        }

    def _entries(self, w: Any, table: str) -> dict[tuple[str, str], list[str]]:
        """Row and column of each printed cell that a table has -> the entries behind it."""
        printed = {(row["row"], row["column"]) for row in self.published(w, table)}
        behind = self._of_cells(w.preset, w.paper, table)
        return {key: entries for key, entries in behind.items() if key in printed}

    def _entries_of_cells(self, preset: str, paper: str, table: str) -> dict[tuple[str, str], list[str]]:
        of = self._library.paper(preset, paper)
        return _entries(of, of.tables[table])

    def _elsewhere(self, w: Any, table: str) -> set[tuple[str, str]]:
        """Row and column of each cell that shows something else than where the paper is reproduced."""
        ours, printed = self._library.of(w).tables[table], self.printed_paper(w).tables.get(table)
        theirs = _shown(printed) if printed else {}
        return {key for key, shown in _shown(ours).items() if key in theirs and theirs[key] != shown}

    def _verdicts(self, w: Any, table: str, behind: Mapping[tuple[str, str], list[str]]) -> list[dict[str, Any]]:
        elsewhere, found = self._elsewhere(w, table), []
        for (row, column), settings in self._behind(w, table, behind).items():
            judgement = judge(settings)[0].but("protocol", "no", [ELSEWHERE] if (row, column) in elsewhere else [])
            told = {"words": dict(judgement.words), "reasons": list(judgement.reasons)}
            found.append({"row": row, "column": column, "datasets": _names(behind[row, column]), **told})
        return found

    def _behind(self, w: Any, name: str, entries_of_cells: Mapping[tuple[str, str], list[str]]) -> Cells:
        """Row and column of each cell -> the settings behind it."""
        table = self._library.of(w).tables[name]
        by_entry: dict[str, list[Setting]] = {}
        for one in self.settings(w):
            by_entry.setdefault(one.key.entry, []).append(one)
        cells = {(cell.row, cell.column): cell for cell in getattr(table, "cells", ())}

        def counts(key: tuple[str, str], one: Setting) -> bool:
            if isinstance(table, CountTable):
                return _decides_a_count(one.key)
            what, _, rest = one.key.leaf.partition(".")
            cell = cells[key]
            if (one.key.section, what) == ("scores", "metric"):
                return one.key == metric_key(cell)
            return (one.key.section, what) != ("runs", "train_on") or not rest or rest in sets_of(cell)

        return {
            key: [one for entry in entries for one in by_entry.get(entry, ()) if counts(key, one)]
            for key, entries in entries_of_cells.items()
        }

    def _settings_of(self, preset: str, paper: str, reproduced: str) -> list[Setting]:
        here, full = self._library.paper(preset, paper), leaves(self._library.paper(FULL_SIZE, paper))

        def where(key: Key, value: Any) -> str:
            own = preset == FULL_SIZE or (paper != reproduced and full.get(key) == value)
            return f"{paper}.yaml" if own else f"preset {preset}"

        return settings_of(here, self._library.paper(FULL_SIZE, reproduced), where)


def _names(entries: Iterable[str]) -> list[str]:
    """Those of datasets."""
    return [name.partition(".")[2] for name in entries if name.startswith("datasets.")]


def _is_trained(paper: Paper, entries: Iterable[str]) -> bool:
    runs = (name.partition(".")[2] for name in entries if name.startswith("runs."))
    return any(isinstance(paper.runs.get(name), TrainedRun) for name in runs)


def _entries(paper: Paper, table: Table) -> dict[tuple[str, str], list[str]]:
    """Row and column of each cell -> the entries behind it, of all its folds."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    if isinstance(table, ScoreTable):
        for cell in table.cells:
            found.setdefault((cell.row, cell.column), {}).update(dict.fromkeys(entries_behind(paper, cell)))
    elif isinstance(table, CountTable):
        for row, spec in table.rows.items():
            behind = dict.fromkeys(entry for name in spec.datasets for entry in entries_of(paper, name))
            found |= {(row, column): behind for column in table.columns}
    return {key: list(entries) for key, entries in found.items()}


def _shown(table: Table) -> dict[tuple[str, str], list[Any]]:
    """Row and column of each cell -> what it shows: runs, scores and metrics, or data sets and sides."""
    found: dict[tuple[str, str], list[Any]] = {}
    if isinstance(table, ScoreTable):
        for cell in table.cells:
            found.setdefault((cell.row, cell.column), []).append(cell)
    elif isinstance(table, CountTable):
        for row, of in table.rows.items():
            found |= {(row, name): [of.datasets, one.split, one.category] for name, one in table.columns.items()}
    return found


def _decides_a_count(key: Key) -> bool:
    """Training decides no count of images, nor does which of them are drawn: their data and sides do, and how many
    samples a run makes."""
    if key.section == "datasets":
        return respect_of(key) == "data" or key.leaf in SIZES
    return key.section == "slides" or key.leaf in ("ratio", "category", "run", "dataset", "split")
