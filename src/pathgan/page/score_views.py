"""A table of numbers as the front page shows it: grouped headings, best values, and the notes of each cell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, takewhile
from typing import Any

import numpy as np
import pandas as pd

from pathgan.config.table_types import ScoreTable
from pathgan.page.origins import Origin
from pathgan.render.letters import letters
from pathgan.render.published_cells import BETWEEN
from pathgan.render.remarks import in_legend
from pathgan.render.table_files import Layout, cell_text, digits_of, legend_lines

Records = dict[tuple[str, str], Mapping[str, Any]]
# `Metric.better` -> what a value is worth.
WORTH = {"higher": lambda value: value, "lower": lambda value: -value, "near zero": lambda value: -abs(value)}
NOT_PRINTED = "not in the paper"
BEST = {  # whether columns are tested against each other
    False: "Bold: the best value of its column, to the digits that are shown; not a significance test.",
    True: "Bold: the best value of its row, to the digits that are shown; not a significance test.",
}


@dataclass(frozen=True)
class ShownCell:
    """id: within the page. notes: letters of the table's notes, and in full (`told`), as a tooltip.
    number: to sort by, '' where there is none.
    """

    id: str
    value: str
    interval: str
    published: str
    notes: str
    told: str
    is_best: bool
    number: str


@dataclass(frozen=True)
class ShownRow:
    label: str
    cells: tuple[ShownCell | None, ...]


@dataclass(frozen=True)
class ScoreView:
    """groups: heading over several columns, '' for none, and how many. rows: by heading, '' for none."""

    id: str
    name: str
    caption: str
    groups: tuple[tuple[str, int], ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[ShownRow, ...]], ...]
    legend: tuple[str, ...]
    notes: tuple[tuple[str, str], ...]
    origin: Origin


def score_view(
    paper: str,
    name: str,
    table: Layout,
    cells: pd.DataFrame,
    better: Mapping[str, str],
    origin: Origin,
    counted: str = "images or tiles",
) -> ScoreView:
    """better: column -> `table_types.Metric.better`. counted: what n counts."""
    records: Records = {(cell["row"], cell["column"]): cell for cell in cells.to_dict("records")}
    notes, best = _Notes(records.values()), _best(table, records, better)
    here = f"{paper}/{name}"

    def cells_of(row: str) -> Iterator[ShownCell | None]:
        for column in table.columns:
            cell = records.get((row, column))
            digits, is_best = digits_of(table, column), (row, column) in best
            yield None if cell is None else _shown(f"{here}/{row}/{column}", cell, digits, notes, is_best)

    columns = _grouped({key: column.label for key, column in table.columns.items()})
    rows = _grouped({key: row.label for key, row in table.rows.items()})
    return ScoreView(
        id=here,
        name=name,
        caption=table.caption,
        groups=tuple((heading, len(of)) for heading, of in columns) if any(heading for heading, _ in columns) else (),
        columns=tuple(label for _, of in columns for _, label in of),
        rows=tuple(
            (heading, tuple(ShownRow(label, tuple(cells_of(row))) for row, label in of)) for heading, of in rows
        ),
        legend=(*legend_lines(cells, table, counted), *([BEST[_is_across(table)]] if best else [])),
        notes=tuple(notes.told()),
        origin=origin,
    )


def _shown(key: str, cell: Mapping[str, Any], digits: int, notes: _Notes, is_best: bool) -> ShownCell:
    text = cell_text(cell, digits)
    return ShownCell(
        id=key,
        value=text.value,
        interval=text.interval,
        published=text.published,
        notes=notes.letters_of(cell),
        told=BETWEEN.join(_notes_of(cell)),
        is_best=is_best,
        number=str(cell["value"]) if np.isfinite(cell["value"]) else "",
    )


# --- notes ---------------------------------------------------------------------------------------------------


class _Notes:
    """The notes of a table's cells: those that all have, and a letter for each other."""

    def __init__(self, cells: Iterable[Mapping[str, Any]]):
        of_cells = [_notes_of(cell) for cell in cells]
        first = of_cells[0] if of_cells else []
        self._everywhere = [note for note in dict.fromkeys(first) if all(note in one for one in of_cells)]
        others = dict.fromkeys(in_legend(note) for notes in of_cells for note in notes if note not in self._everywhere)
        self._letters = dict(zip(others, letters(), strict=False))

    def letters_of(self, cell: Mapping[str, Any]) -> str:
        """`a c`."""
        notes = [in_legend(note) for note in _notes_of(cell) if note not in self._everywhere]
        return " ".join(self._letters[note] for note in dict.fromkeys(notes))

    def told(self) -> Iterator[tuple[str, str]]:
        """Letter and note; `all cells` for what holds for all."""
        if self._everywhere:
            yield "all cells", BETWEEN.join(self._everywhere)
        yield from ((letter, note) for note, letter in self._letters.items())


def _notes_of(cell: Mapping[str, Any]) -> list[str]:
    return [note for note in str(cell["note"]).split(BETWEEN) if note and note != NOT_PRINTED]


# --- headings and best values --------------------------------------------------------------------------------


def _grouped(labels: Mapping[str, str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Neighbours whose keys begin alike (`cpm/ssim`, `cpm/fsim`) under the words that their labels begin with; key and
    the rest of the label of each."""
    found: list[tuple[str, list[tuple[str, str]]]] = []
    for _, members in groupby(labels.items(), lambda item: item[0].partition("/")[0] if "/" in item[0] else None):
        group = list(members)
        words = [label.split() for _, label in group]
        is_group = len(group) > 1 and all("/" in key for key, _ in group)
        alike = takewhile(lambda place: len(set(place)) == 1, zip(*words, strict=False)) if is_group else ()
        shared = [place[0] for place in alike]
        if shared and all(len(of) > len(shared) for of in words):
            rest = [(key, " ".join(of[len(shared) :])) for (key, _), of in zip(group, words, strict=True)]
            found.append((" ".join(shared).rstrip(","), rest))
        elif found and not found[-1][0]:
            found[-1][1].extend(group)
        else:
            found.append(("", group))
    return found


def _best(table: Layout, cells: Records, better: Mapping[str, str]) -> set[tuple[str, str]]:
    """The cells with the best value of their column among those of the same data set, where there are several; of
    their row where columns are tested against each other."""
    if not isinstance(table, ScoreTable):
        return set()
    across = _is_across(table)
    compared: dict[tuple[str, str], dict[tuple[str, str], None]] = {}
    for cell in table.cells:
        key = (cell.row, cell.column)
        if better.get(cell.column) in WORTH and key in cells and np.isfinite(cells[key]["value"]):
            held = cell.row if across else cell.column
            compared.setdefault((held, cell.dataset), {})[key] = None
    found: set[tuple[str, str]] = set()
    for keys in compared.values():
        values = {key: round(float(cells[key]["value"]), digits_of(table, key[1])) for key in keys}
        worth = {key: WORTH[better[key[1]]](value) for key, value in values.items()}
        if len(set(worth.values())) > 1:
            found |= {key for key, one in worth.items() if one == max(worth.values())}
    return found


def _is_across(table: Layout) -> bool:
    return isinstance(table, ScoreTable) and any(column.against for column in table.columns.values())
