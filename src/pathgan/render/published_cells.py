"""A cell of ours beside the printed one, and whether the two may be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pathgan.config.verdicts import RESPECTS, Judgement
from pathgan.errors import TableError

COLUMNS = (
    "row",
    "column",
    "value",
    "low",
    "high",
    "over",
    "n",
    "seeds",
    "published",
    "published_sd",
    "comparable",
    *RESPECTS,
    "note",
)
BETWEEN = "; "  # reasons and notes of a cell
DOUBT = "published value"  # how notes on printed values begin that cannot be right


def printed_cells(
    name: str, published: pd.DataFrame, ours: set[tuple[str, str]], omitted: Mapping[str, str]
) -> pd.DataFrame:
    """The published cells of a table, by row and column. Raises TableError for one that we lack and do not explain."""
    printed = published[published["table"] == name].set_index(["row", "column"])
    lacking = sorted(key for key in set(printed.index) - ours if not omitted.keys() & set(key))
    if lacking:
        row, column = lacking[0]
        raise TableError(f"{name}: the published cell {row} / {column} has no counterpart ({len(lacking)} in all)")
    return printed


def beside_published(
    key: tuple[str, str],
    ours: Mapping[str, Any],
    printed: pd.DataFrame,
    judgement: Judgement,
    notes: Sequence[str] = (),
    doubt: str | None = None,
) -> dict[str, Any]:
    """A cell: ours, the published value, and whether the two may be compared: the worst of the verdicts on it.

    A number that the paper does not have, and a printed one that cannot be (`doubt`), are compared with nothing.
    """
    theirs = printed.loc[[key]].iloc[0] if key in printed.index else None
    against = _against(theirs, doubt)
    return {
        "row": key[0],
        "column": key[1],
        **ours,
        "published": np.nan if theirs is None else _number(theirs["value"]),
        "published_sd": np.nan if theirs is None else _number(theirs["sd"]),
        "comparable": "no" if against else judgement.word,
        **{respect: "" if theirs is None else judgement.words[respect] for respect in RESPECTS},
        "note": BETWEEN.join([*judgement.reasons, *filter(None, [against]), *notes]),
    }


def _against(theirs: pd.Series | None, doubt: str | None) -> str:
    """What keeps the published value itself from being compared with; '' for nothing."""
    if theirs is None:
        return "not in the paper"
    return doubt or (f"{DOUBT} cannot be: {theirs['note']}" if theirs["note"] else "")


def _number(text: str) -> float:
    return float(text) if text else np.nan
