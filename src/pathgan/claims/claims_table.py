"""The tables of claims: a row for each, with its verdict, and a row for each comparison behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd

from pathgan.claims.claim_inputs import ClaimInputs
from pathgan.claims.comparing import Comparison
from pathgan.claims.deciding import UNTESTABLE, Decision, Verdict
from pathgan.claims.rules import ALPHA, outcome
from pathgan.config.claim_types import Rule
from pathgan.files import atomic
from pathgan.render.published_cells import BETWEEN
from pathgan.render.table_files import write_pages

SHOWN = ("table", "row", "column", "against", "metric")
COLUMNS = (
    "id",
    "claim",
    "where",
    "kind",
    "rule",
    "verdict",
    "evidence",
    *SHOWN,
    "effect",
    "low",
    "high",
    "over",
    "p",
    "p_holm",
    "n",
    "seeds",
    "detectable",
    "detectable_holm",
    "needed",
    "printed_effect",
    "printed_supports",
    "unit",
    "note",
)
MEASURED = ("effect", "low", "high", "over", "p", "n", "seeds", "detectable")
NUMBERS = ("effect", "low", "high", "p", "p_holm", "n", "seeds", "detectable", "detectable_holm", "needed")
EFFECTS = ("id", "rule", *SHOWN, *MEASURED, "margin", "printed", "alone")
HEADER = ("claim", "verdict", "effect", "p", "n, seeds", "detectable", "printed", "note")
EFFECTS_LEGEND = (
    "`effect`: row less against, turned so that positive favours the claim. `alone`: what the comparison would say by "
    "itself, its p not corrected."
)
LEGEND = (
    "`effect`: metric and difference of the comparison that decides, or is least in favour, with its 95 % interval; "
    "positive favours the claim. `p`: after Holm over the tested claims of the paper, or `alone`. `n`: units; images "
    "where their spread is unknown. `detectable`: the smallest true effect that is found with a power of 80 %. "
    "`printed`: the paper's own effects, and whether they bear the claim out. All comparisons: `claim_effects.csv`."
)


def claims_frame(decisions: Sequence[Decision], inputs: ClaimInputs) -> pd.DataFrame:
    """A row for each claim (COLUMNS); of its comparisons the one that decides, or is least in its favour."""
    return pd.DataFrame([_row(one, inputs.printed[one.id]) for one in decisions], columns=list(COLUMNS))


def effects_frame(decisions: Sequence[Decision]) -> pd.DataFrame:
    """A row for each comparison of each claim (EFFECTS).

    alone: what it would say by itself, p not corrected; '' where the claim is untestable.
    """
    rows = [
        {
            "id": one.id,
            "rule": one.claim.rule,
            **_measured(compared),
            "margin": compared.margin,
            "printed": compared.printed,
            "alone": "" if one.verdict == UNTESTABLE else _alone(one.claim.rule, compared),
        }
        for one in decisions
        for compared in one.comparisons
    ]
    return pd.DataFrame(rows, columns=list(EFFECTS))


def _alone(rule: Rule, one: Comparison) -> str:
    return outcome(rule, one.found, one.margin, one.p)


def _row(one: Decision, printed: Mapping[str, Any]) -> dict[str, Any]:
    measured = _measured(one.shown) if one.shown else {}
    notes, needed, corrected = list(one.notes), "", np.nan
    if one.shown:
        found = one.shown.found
        corrected = found.detectable(1 - ALPHA / one.n_tests)
        if one.verdict == "undecided" and found.spreads:
            target, told = _target(one.shown, one.claim.rule)
            needed = found.needed(target)
            if needed:
                notes.append(f"underpowered: the detectable difference exceeds {told} of {target:.3g}")
    return {
        "id": one.id,
        "claim": one.claim.says,
        "where": one.claim.where,
        "kind": one.claim.kind,
        "rule": one.claim.rule,
        "verdict": one.verdict,
        "evidence": one.evidence or "",
        **measured,
        "p": one.p if one.shown is None else one.shown.p,
        "p_holm": one.p_holm,
        "detectable_holm": corrected,
        "needed": needed,
        "printed_effect": printed["effect"],
        "printed_supports": printed["supports"],
        "unit": one.claim.unit,
        "note": BETWEEN.join([*notes, *([one.claim.note] if one.claim.note else [])]),
    }


def read_claims_table(file: Path) -> list[dict[str, Any]]:
    """The rows of `claims.csv` (COLUMNS); numbers are floats, NaN where there is none."""
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    numbers = [name for name in NUMBERS if name in table]
    return table.assign(**{name: pd.to_numeric(table[name]) for name in numbers}).to_dict("records")


def _measured(one: Comparison) -> dict[str, Any]:
    low, high = one.found.interval()
    return {
        **dict(zip(SHOWN, (*one.pair.a, one.pair.against, one.metric), strict=True)),
        "effect": one.found.effect,
        "low": low,
        "high": high,
        "over": one.found.over,
        "p": one.p,
        "n": one.found.n,
        "seeds": one.found.seeds,
        "detectable": one.found.detectable(),
    }


def _target(one: Comparison, rule: Rule) -> tuple[float, str]:
    """The difference that should be detectable, and whose it is: of what is better the printed one; else the margin;
    else ours."""
    if rule == "better" and abs(one.printed) > 0:
        return abs(one.printed), "the printed difference"
    return (one.margin, "the margin") if one.margin > 0 else (abs(one.found.effect), "ours")


def write_claims(decisions: Sequence[Decision], inputs: ClaimInputs, title: str, out: Mapping[str, Path]) -> None:
    """Writes `csv`, `md`, `tex` and `html` of claims, and `effects`, the CSV of all comparisons."""
    claims = claims_frame(decisions, inputs)
    for name, frame in (("csv", claims), ("effects", effects_frame(decisions))):
        with atomic(out[name]) as temporary:
            frame.to_csv(temporary, index=False, float_format="%.6g", lineterminator="\n")
    body = [shown_claim(one) for one in claims.to_dict("records")]
    verdicts = claims["verdict"].value_counts()
    counted = ", ".join(f"{verdicts.get(word, 0)} {word}" for word in get_args(Verdict))
    write_pages(list(HEADER), body, f"Claims of {title}: {counted}", LEGEND, out, is_text=True)


def _printed(effects: str, supports: str) -> str:
    return f"{effects.replace(';', ', ')} ({supports})" if effects else supports


def shown_claim(one: Mapping[str, Any]) -> list[str]:
    """A row of the table to read (HEADER)."""
    effect = "" if pd.isna(one["effect"]) else f"{one['metric']} {one['effect']:.3g}"
    if not pd.isna(one["low"]):
        effect += f" [{one['low']:.3g}, {one['high']:.3g}]"
    corrected = not pd.isna(one["p_holm"])
    p = one["p_holm"] if corrected else one["p"]
    return [
        one["claim"],
        one["verdict"] + (f" ({one['evidence']})" if one["evidence"] else ""),
        effect,
        "" if pd.isna(p) else f"{p:.2g}" + ("" if corrected else " (alone)"),
        "" if pd.isna(one["n"]) else f"{one['n']:.0f}, {one['seeds']:.0f}",
        "" if pd.isna(one["detectable"]) else f"{one['detectable']:.3g}",
        _printed(one["printed_effect"], one["printed_supports"]),
        one["note"],
    ]
