"""The table of respects: whether each printed cell may be compared with ours, and who decided its settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pathgan.config.verdicts import RESPECTS
from pathgan.render.table_files import write_text_table

ORIGINS = ("paper", "default", "ours", "changed", "user")
CELL = ["table", "row", "column"]
HIDDEN = ("published_sd", "user", "details")  # on the page, for width
SHOWN = "`, `".join(name for name in ORIGINS if name not in HIDDEN)
LEGEND = (
    "`comparable` is the worst of the four respects; a printed value that cannot be right is never comparable. "
    f"`{SHOWN}`: their share of the settings behind a cell. The CSV also names the settings behind a verdict."
)
COLUMNS = [*CELL, "value", "published", "published_sd", "comparable", *RESPECTS, *ORIGINS, "note", "details"]


def write_comparability(
    tables: Sequence[Path], comparisons: Sequence[Mapping[str, Any]], title: str, out: Mapping[str, Path]
) -> None:
    """Writes `csv` and `html`, a row for each printed cell that a table has; a header alone where nothing is printed.

    tables: their CSV files. comparisons: `table`, `row`, `column`, the `shares` of origins among the settings behind a
    cell, and the `details` of each respect.
    """
    told = {(one["table"], one["row"], one["column"]): one for one in comparisons}
    rows = []
    for file in tables:
        cells = pd.read_csv(file, dtype={"row": str, "column": str}, keep_default_na=False)
        for cell in cells[cells["published"] != ""].to_dict("records"):
            one = told[file.stem, cell["row"], cell["column"]]
            shares = {origin: f"{one['shares'].get(origin, 0.0):.2f}" for origin in ORIGINS}
            meant = [f"{respect}: {', '.join(names)}" for respect, names in one["details"].items() if names]
            rows.append({"table": file.stem, **cell, **shares, "details": "; ".join(meant)})
    write_text_table(pd.DataFrame(rows, columns=COLUMNS), f"Comparability of {title}", LEGEND, out, HIDDEN)
