"""The papers against themselves: claims that printed numbers do not bear out, or whose n cannot show."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from pathgan.render.published_cells import BETWEEN
from pathgan.render.table_files import write_text_table

COLUMNS = ["id", "claim", "where", "printed_effect", "supports", "why"]
LEGEND = (
    "Arithmetic of printed numbers alone. `supports`: whether they bear the claim out; `partly` where some do, or "
    "where a stronger word rests on no test. `why`: what fails, and which p the printed n allows at best."
)


def write_printed(
    claims: Mapping[str, Any], printed: Mapping[str, Mapping[str, Any]], title: str, out: Mapping[str, Path]
) -> None:
    """Writes `csv` and `html`: the claims that printed numbers say something against; a header alone where none does.

    claims: id -> `claim_types.Claim`. printed: id -> `supports`, `effect` and `why`.
    """
    rows = [
        [name, claim["says"], claim["where"], told["effect"], told["supports"], BETWEEN.join(told["why"])]
        for name, claim in claims.items()
        for told in [printed[name]]
        if told["why"] or told["supports"] in ("partly", "no")
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    write_text_table(table, f"{title}: claims against printed numbers", LEGEND, out)
