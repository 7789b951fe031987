"""The table of every hyper-parameter, with its source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from pathgan.files import atomic
from pathgan.render.table_files import html_page

COLUMNS = ["parameter", "value", "paper", "source", "runs"]


def write_settings(settings: Sequence[Mapping[str, str]], title: str, out: Mapping[str, Path]) -> None:
    """Writes `csv` and `html`: equal settings of several runs in one row.

    settings: of every leaf under `runs` its `run`, `parameter`, `value`, the value of the preset `paper`, and `source`.
    """
    rows: dict[tuple[str, str, str, str], list[str]] = {}
    for one in settings:
        rows.setdefault((one["parameter"], one["value"], one["paper"], one["source"]), []).append(one["run"])
    records = [[*row, " ".join(sorted(runs))] for row, runs in rows.items()]
    table = pd.DataFrame(records, columns=COLUMNS).sort_values(["parameter", "runs"], ignore_index=True)
    with atomic(out["csv"]) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    with atomic(out["html"]) as temporary:
        legend = "`value`: this preset; `paper`: the preset `paper`."
        text = html_page(COLUMNS, table.astype(str).to_numpy().tolist(), f"Settings of {title}", legend)
        temporary.write_text(text, encoding="utf-8")
