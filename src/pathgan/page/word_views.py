"""A table of words as the front page shows it: claims, data sets, settings, what printed numbers say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pandas as pd

from pathgan.claims import claims_table, printed_table
from pathgan.page.origins import Origin
from pathgan.render import comparability_table, identity_table, settings_table


@dataclass(frozen=True)
class Told:
    """What stands around a table. hidden: columns of its CSV file that are not shown. empty: said where it has no row.
    keys: the columns that name a row; its number does where there are none."""

    caption: str
    legend: str
    hidden: tuple[str, ...] = ()
    empty: str = ""
    keys: tuple[str, ...] = ()


TOLD = {
    "claim_effects": Told("Every comparison behind the verdicts.", claims_table.EFFECTS_LEGEND, ("rule", "over")),
    "printed": Told(
        "Claims that the paper's own numbers contradict or bear out in part, and claims on numbers that do not fit.",
        printed_table.LEGEND,
        ("id",),
        "the paper's own numbers bear out all claims that they decide",
        ("id",),
    ),
    "hyperparameters": Told("Every setting, with its source.", settings_table.LEGEND),
    "datasets": Told("What each data set holds, beside what the paper counted.", identity_table.LEGEND),
    "comparability": Told(
        "Whether each printed number may be compared with ours.",
        comparability_table.LEGEND,
        comparability_table.HIDDEN,
        "the paper prints no number that a table of ours has",
        ("table", "row", "column"),
    ),
}


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
    empty: str
    origin: Origin


@dataclass(frozen=True)
class ClaimView:
    """A claim. parts: the cells of `claims_table.HEADER` behind the first two, each with a number to sort by, '' for
    none."""

    id: str
    says: str
    where: str
    verdict: str
    evidence: str
    parts: tuple[tuple[str, str], ...]


def word_view(paper: str, name: str, table: pd.DataFrame, origin: Origin) -> WordView:
    """table: of its CSV file, as text."""
    told, here, rows = TOLD[name], f"{paper}/{name}", table.to_dict("records")
    shown = [column for column in table.columns if column not in told.hidden]
    ids = ["/".join(row[key] for key in told.keys) or str(n) for n, row in enumerate(rows, 1)]
    return WordView(
        id=here,
        name=name,
        caption=told.caption,
        header=tuple(column.replace("_", " ") for column in shown),
        rows=tuple(
            ShownWords(f"{here}/{key}", tuple(row[column] for column in shown))
            for key, row in zip(ids, rows, strict=True)
        ),
        legend=told.legend,
        empty=told.empty,
        origin=origin,
    )


def claim_views(paper: str, file: str) -> list[ClaimView]:
    """The claims of a paper, as they were decided."""
    return [_claim(paper, one) for one in claims_table.read_claims_table(Path(file))]


def _claim(paper: str, one: Mapping[str, Any]) -> ClaimView:
    p = one["p"] if pd.isna(one["p_holm"]) else one["p_holm"]
    numbers = ["" if pd.isna(number) else str(number) for number in (one["effect"], p, one["n"], one["detectable"])]
    return ClaimView(
        id=f"{paper}/claims/{one['id']}",
        says=one["claim"],
        where=one["where"],
        verdict=one["verdict"],
        evidence=one["evidence"],
        parts=tuple(zip_longest(claims_table.shown_claim(one)[2:], numbers, fillvalue="")),
    )
