"""A table of words as the front page shows it: claims, data sets, settings, what printed numbers say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pathgan.claims import claims_table, printed_table
from pathgan.page.origins import Origin
from pathgan.render import comparability_table, identity_table, settings_table

# Table -> caption, legend, columns of its CSV file that are not shown.
TOLD: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "claim_effects": ("Every comparison behind the claims.", claims_table.EFFECTS_LEGEND, ("rule", "over")),
    "printed": ("Claims that the paper's own numbers speak against.", printed_table.LEGEND, ("id",)),
    "hyperparameters": ("Every setting, with its source.", settings_table.LEGEND, ()),
    "datasets": ("What each data set holds, beside what the paper counted.", identity_table.LEGEND, ()),
    "comparability": (
        "Whether each printed number may be compared with ours.",
        comparability_table.LEGEND,
        comparability_table.HIDDEN,
    ),
}
KEYS = {"printed": ("id",), "comparability": ("table", "row", "column")}  # that name a row; else its number does


@dataclass(frozen=True)
class ShownWords:
    """id: of the row, within the page."""

    id: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class WordView:
    id: str
    name: str
    caption: str
    header: tuple[str, ...]
    rows: tuple[ShownWords, ...]
    legend: str
    origin: Origin


@dataclass(frozen=True)
class ClaimView:
    """A claim. parts: the cells of `claims_table.HEADER` behind the first two."""

    id: str
    name: str
    says: str
    where: str
    verdict: str
    evidence: str
    parts: tuple[str, ...]


def word_view(paper: str, name: str, table: pd.DataFrame, origin: Origin) -> WordView:
    """table: of its CSV file, as text."""
    caption, legend, hidden = TOLD[name]
    here = f"{paper}/{name}"
    rows = table.to_dict("records")
    shown = [column for column in table.columns if column not in hidden]
    ids = ["/".join(row[key] for key in KEYS[name]) if name in KEYS else str(n) for n, row in enumerate(rows, 1)]
    return WordView(
        id=here,
        name=name,
        caption=caption,
        header=tuple(column.replace("_", " ") for column in shown),
        rows=tuple(
            ShownWords(f"{here}/{key}", tuple(row[column] for column in shown))
            for key, row in zip(ids, rows, strict=True)
        ),
        legend=legend,
        origin=origin,
    )


def claim_views(paper: str, file: str) -> list[ClaimView]:
    """The claims of a paper, as they were decided."""
    return [_claim(paper, one) for one in claims_table.read_claims_table(Path(file))]


def _claim(paper: str, one: Mapping[str, Any]) -> ClaimView:
    return ClaimView(
        id=f"{paper}/claims/{one['id']}",
        name=one["id"],
        says=one["claim"],
        where=one["where"],
        verdict=one["verdict"],
        evidence=one["evidence"],
        parts=tuple(claims_table.shown_claim(one)[2:]),
    )
