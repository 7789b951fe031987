"""The table of every setting, with its source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from pathgan.config.verdicts import UNDECIDED
from pathgan.render.table_files import write_text_table

SAME = ("section", "parameter", "value", "paper", "origin", "source")
LEGEND = "`value`: here; `paper`: in the preset `paper` of the paper that is reproduced."
COLUMNS = [*SAME, "entries"]


def write_settings(settings: Sequence[Mapping[str, str]], title: str, out: Mapping[str, Path]) -> None:
    """Writes `csv` and `html`: equal settings of several entries in one row.

    settings: of every leaf its `section`, the `name` of its entry, `parameter`, `value`, that of the `paper` that is
    reproduced, its `source`, and in a word the `origin` of that.
    """
    rows: dict[tuple[str, ...], list[str]] = {}
    for one in settings:
        rows.setdefault(tuple(one[key] for key in SAME), []).append(one["name"])
    records = [[*row, " ".join(sorted(filter(None, names)))] for row, names in rows.items()]
    table = pd.DataFrame(records, columns=COLUMNS).sort_values(["section", "parameter", "entries"], ignore_index=True)
    write_text_table(table, f"Settings of {title}", f"{LEGEND} {_shares(settings)}", out)


def _shares(settings: Sequence[Mapping[str, str]]) -> str:
    """How many of all decisions are of each origin."""
    origins = pd.Series([one["origin"] for one in settings if one["origin"] not in UNDECIDED], dtype=str)
    shares = origins.value_counts(normalize=True)
    return f"Of {len(origins)} decisions: " + ", ".join(f"{name} {share:.0%}" for name, share in shares.items()) + "."
