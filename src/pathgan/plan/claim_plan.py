"""What claims are decided on: behind `rules/claims.smk`."""

from __future__ import annotations

from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from pathgan.claims.printed import Cells, Printed, printed_of
from pathgan.config.claim_loading import cells_of
from pathgan.config.claim_pairs import deciding_pairs
from pathgan.config.claim_types import Claims
from pathgan.config.loading import PUBLISHED
from pathgan.config.table_types import ScoreTable
from pathgan.config.workflow import FULL_SIZE
from pathgan.plan import paths
from pathgan.plan.comparison_plan import ComparisonPlan
from pathgan.plan.library import Library
from pathgan.plan.paths import fill
from pathgan.plan.reading_plan import ReadingPlan
from pathgan.plan.table_plan import TablePlan
from pathgan.render.consistency import published_doubts


class ClaimPlan:
    """Answers from the claims of the paper that one reproduces, and the tables of that one under a preset."""

    def __init__(self, library: Library, tables: TablePlan, comparison: ComparisonPlan, readings: ReadingPlan):
        self._library, self._tables, self._comparison, self._readings = library, tables, comparison, readings
        self._printed = lru_cache(maxsize=None)(self._printed_of)

    def has_claims(self, preset: str, paper: str) -> bool:
        """Whether there are any."""
        return self._library.claims(self._comparison.reproduced(_wildcards(preset, paper))) is not None

    def inputs(self, w: Any) -> list[str]:
        """The scores of every cell that a claim needs, what data hold, and courses of trainings."""
        tables = [path for name in self._table_names(w) for path in self._tables.inputs(_of_table(w, name))]
        counts = [one["counts"] for one in self.datasets(w).values()]
        courses = [file for one in self.courses(w).values() for file in one["files"]]
        readings = [file for one in self._readings.given(w).values() for file in (one["key"], *one["answers"])]
        return list(dict.fromkeys([*tables, *counts, *courses, *readings, *self.files(w)]))

    def given(self, w: Any) -> dict[str, Any]:
        """`claim_inputs.ClaimInputs` by name."""
        return {
            "claims": self._claims(w).model_dump(mode="json"),
            "printed": self.printed(w),
            "tables": {name: self._table(w, name) for name in self._table_names(w)},
            "datasets": self.datasets(w),
            "courses": self.courses(w),
            "readings": self._readings.given(w),
            "preset": w.preset,
        }

    def files(self, w: Any) -> list[str]:
        """The files that printed numbers and claims are read from."""
        reproduced = self._comparison.reproduced(w)
        return [fill(paths.CLAIMS, paper=reproduced), PUBLISHED]

    def claims(self, w: Any) -> dict[str, Any]:
        """Id -> a claim."""
        claims: dict[str, Any] = self._claims(w).model_dump(mode="json")["claims"]
        return claims

    def title(self, w: Any) -> str:
        """Of the paper under a preset."""
        return f"{self._library.of(w).title} (preset {w.preset})"

    def printed(self, w: Any) -> dict[str, dict[str, Any]]:
        """Id -> what printed numbers say of a claim."""
        found = self._printed(self._comparison.reproduced(w))
        return {
            name: {
                "supports": one.supports,
                "effect": one.effect,
                "effects": [list(map(str, group)) for group in one.effects],
                "why": list(one.why),
            }
            for name, one in found.items()
        }

    def datasets(self, w: Any) -> dict[str, dict[str, Any]]:
        """`ComparisonPlan.described` of each dataset that stands behind a claim."""
        behind = [one for name in self._table_names(w) for one in self._comparison.verdicts_of_all(w, name)]
        behind += [one["behind"] for one in self.courses(w).values()]
        behind += [told for one in self._readings.given(w).values() for told in one["behind"]]
        names = dict.fromkeys(name for one in behind for name in one["datasets"])
        names |= dict.fromkeys(name for claim in self._claims(w).claims.values() for name in claim.counted)
        return self._comparison.described(w, names)

    def courses(self, w: Any) -> dict[str, dict[str, Any]]:
        """`RUN/EXPORT` -> its file per seed, and what stands behind it, of what claims ask for."""
        paper, found = self._library.of(w), {}
        for claim in self._claims(w).claims.values():
            for run in claim.course.runs if claim.course else ():
                if run in paper.runs:
                    assert claim.course
                    files = [self._library.export(w, run, claim.course.export, seed) for seed in paper.seeds]
                    found[f"{run}/{claim.course.export}"] = {
                        "files": files,
                        "behind": self._comparison.behind_entry(w, run),
                    }
        return found

    def _claims(self, w: Any) -> Claims:
        claims = self._library.claims(self._comparison.reproduced(w))
        assert claims is not None
        return claims

    def _table(self, w: Any, name: str) -> dict[str, Any]:
        of = _of_table(w, name)
        behind = self._comparison.verdicts_of_all(w, name)
        return {"table": self._tables.config(of), "given": self._tables.given(of), "behind": behind}

    def _table_names(self, w: Any) -> list[str]:
        """The tables that hold cells that claims are decided on."""
        cells = cells_of(self._library.of(w))
        pairs = [pair for claim in self._claims(w).claims.values() for pair in deciding_pairs(claim, cells)[0]]
        return list(dict.fromkeys(place[0] for pair in pairs for place in pair.places))

    def _printed_of(self, reproduced: str) -> dict[str, Printed]:
        paper, claims = self._library.paper(FULL_SIZE, reproduced), self._library.claims(reproduced)
        assert claims is not None
        rows = self._library.published(reproduced)
        at = {(row["table"], row["row"], row["column"]): row for row in rows}
        doubts: dict[tuple[str, str, str], str] = {}
        for name, table in paper.tables.items():
            of_table = {place[1:]: row["value"] for place, row in at.items() if place[0] == name}
            n = table.published_n if isinstance(table, ScoreTable) else None
            doubts |= {(name, *cell): why for cell, why in published_doubts(of_table, n).items()}
        values = {place: row["value"] for place, row in at.items()}
        cells = Cells(values, {place: row["sd"] for place, row in at.items()}, doubts)
        return {name: printed_of(claim, claims, cells, paper) for name, claim in claims.claims.items()}


def _wildcards(preset: str, paper: str, **more: str) -> Any:
    return SimpleNamespace(preset=preset, paper=paper, **more)


def _of_table(w: Any, table: str) -> Any:
    return _wildcards(w.preset, w.paper, table=table)
