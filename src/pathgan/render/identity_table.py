"""The table of what data sets hold, beside what the paper counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pathgan.render.comparisons import in_words
from pathgan.render.table_files import write_text_table
from pathgan.stores.dataset_counts import read_counts

LEGEND = "`same`: whether the paper counted as many; blank where the paper gives none."
COLUMNS = ["dataset", "label", "counted", "ours", "paper", "same"]


def write_identities(datasets: Sequence[Mapping[str, Any]], title: str, out: Mapping[str, Path]) -> None:
    """Writes `csv` and `html`. Data sets that differ in their split alone share their rows.

    datasets: `dataset`, its `label`, its `file` of counts, and what the paper `counted` in it.
    """
    rows: dict[tuple[str, ...], list[str]] = {}
    for one in datasets:
        for counts in _rows(one):
            rows.setdefault((one["label"], *counts), []).append(one["dataset"])
    table = pd.DataFrame([[" ".join(names), *row] for row, names in rows.items()], columns=COLUMNS)
    write_text_table(table, f"Data sets of {title}", LEGEND, out)


def _rows(one: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    ours, theirs = read_counts(one["file"]), one["counted"]
    for what in dict.fromkeys([*theirs, *ours]):
        n, printed = ours.get(what), theirs.get(what)
        same = "" if printed is None else "yes" if n == printed else "no"
        yield in_words(what), "" if n is None else str(n), "" if printed is None else str(printed), same
