"""Which files a claim's verdict rests on, by the record of the table of claims."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pathgan.config.claim_pairs import Cells, deciding_pairs
from pathgan.config.claim_types import Claim, Claims
from pathgan.config.table_types import Cell, ScoreTable
from pathgan.provenance.records import Record


def files_of_claim(entry: Record, name: str) -> Iterator[tuple[str, Cell | None]]:
    """Each score file behind a claim with the cell that it is of, and other files: counts of data, courses of
    trainings, printed numbers and the claims themselves. entry: the record of the table.

    Raises pydantic's ValidationError or KeyError for a record of another version.
    """
    given = entry["params"]["given"]
    claim = Claims.model_validate(given["claims"]).claims[name]
    tables = {of: ScoreTable.model_validate(told["table"]) for of, told in given["tables"].items()}
    for cell, table in _cells(claim, tables):
        for file in given["tables"][table]["given"]["scores"][f"{cell.run}/{cell.score}"]:
            yield file, cell
    yield from ((given["datasets"][dataset]["counts"], None) for dataset in claim.counted)
    for run in claim.course.runs if claim.course else ():
        known = given["courses"].get(f"{run}/{claim.course.export}" if claim.course else "", {"files": ()})
        yield from ((file, None) for file in known["files"])
    if reading := given["readings"].get(name):
        yield from ((file, None) for file in (reading["key"], *reading["answers"]))
    yield from ((file, None) for file in entry["inputs"] if file.startswith("config/"))


def _cells(claim: Claim, tables: Mapping[str, ScoreTable]) -> Iterator[tuple[Cell, str]]:
    """Every cell of its comparisons, fold by fold, and the table that it is in."""
    known: Cells = {
        name: {(cell.row, cell.column) for cell in table.cells if not cell.against} for name, table in tables.items()
    }
    pairs, _ = deciding_pairs(claim, known)
    for name, row, column in dict.fromkeys(place for pair in pairs for place in pair.places):
        yield from ((cell, name) for cell in tables[name].cells if (cell.row, cell.column) == (row, column))
